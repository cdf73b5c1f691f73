"""JSON for programs: search, facets, one commitment and those like it; what the API is; and how the server does."""

from __future__ import annotations

import msgspec
from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue
from prometheus_client import CONTENT_TYPE_LATEST
from werkzeug.exceptions import ServiceUnavailable

from indexer.shared.errors import EncoderError, IndexStoreError, QueryError
from searchapp.search.results import Filters
from searchapp.serialize import commitment_dict, comparison_dict, facets_dict, result_dict, similar_dict
from searchapp.web.caching import revalidated
from searchapp.web.downloads import comparison_file, feed_file, reference_file, result_file
from searchapp.web.holder import get_searcher
from searchapp.web.metrics import get_metrics
from searchapp.web.openapi import openapi_document
from searchapp.web.params import (
    COMPARE_FORMAT,
    COMPARE_PARAMETERS,
    FACET_PARAMETERS,
    PINNED_SEARCH_PARAMETERS,
    REFERENCE_FORMAT,
    REFERENCE_PARAMETERS,
    SEARCH_FORMAT,
    SIMILAR_PARAMETERS,
    parse_compare,
    parse_facets,
    parse_language,
    parse_pin,
    parse_search,
    parse_similar,
    refuse_unknown,
)
from searchapp.web.service import find, find_compared, find_facets, find_similar
from searchapp.web.views import version_in

__all__ = ["api"]

api = Blueprint("api", __name__)


@api.get("/api/v1/search")
@revalidated
def search() -> ResponseReturnValue:
    """Answer a search; unlike on the page, a parameter nobody knows and a query of nothing at all are errors."""
    refuse_unknown(request.args, PINNED_SEARCH_PARAMETERS)
    form = SEARCH_FORMAT.read(request.args)
    asked, pin = parse_search(request.args), parse_pin(request.args)
    if not asked.query and asked.filters == Filters():
        raise QueryError("is missing or blank; expected what to search for, or a filter", field="q")
    if form == "atom":
        return feed_file(asked)
    if form != "json":
        return result_file(asked, form)
    return _json(result_dict(find(asked), root=request.root_path, pin=pin))


@api.get("/api/v1/facets")
@revalidated
def facets() -> ResponseReturnValue:
    """Return all values of the facets of a search, or of all that passes the filters."""
    refuse_unknown(request.args, FACET_PARAMETERS)
    asked, fields = parse_facets(request.args)
    return _json(facets_dict(find_facets(asked), fields))


@api.get("/api/v1/commitments/<commitment_id>")
@revalidated
def commitment(commitment_id: str) -> ResponseReturnValue:
    """Return a commitment in all its languages, or as a reference to one of them."""
    form = REFERENCE_FORMAT.read(request.args)
    refuse_unknown(request.args, REFERENCE_PARAMETERS)
    lang = parse_language(request.args)
    if lang and form == "json":
        raise QueryError("JSON has every language; expected with a reference alone, as in format=ris", field="lang")
    searcher = get_searcher()
    versions = searcher.commitment(commitment_id)
    if form == "json":
        return _json(commitment_dict(versions, searcher.info, root=request.root_path))
    return reference_file(version_in(lang, versions), form)


@api.get("/api/v1/commitments/<commitment_id>/similar")
@revalidated
def similar(commitment_id: str) -> ResponseReturnValue:
    """Return the commitments of other countries that are most like one."""
    refuse_unknown(request.args, SIMILAR_PARAMETERS)
    asked = parse_similar(commitment_id, request.args)
    return _json(similar_dict(find_similar(asked), root=request.root_path))


@api.get("/openapi.json")
def openapi() -> ResponseReturnValue:
    """Describe the API for programs."""
    return _json(openapi_document(request.root_path))


@api.get("/api/docs")
def docs() -> ResponseReturnValue:
    """Describe the API for people."""
    return render_template("api.html", api=openapi_document(request.root_path))


@api.get("/api/v1/compare")
@revalidated
def compare() -> ResponseReturnValue:
    """Return two to six commitments side by side."""
    refuse_unknown(request.args, COMPARE_PARAMETERS)
    form = COMPARE_FORMAT.read(request.args)
    comparison = find_compared(parse_compare(request.args))
    if form == "csv":
        return comparison_file(comparison)
    return _json(comparison_dict(comparison, root=request.root_path))


@api.get("/healthz")
def healthz() -> ResponseReturnValue:
    """Say that the server answers; it needs no index."""
    return _json({"status": "ok"})


@api.get("/readyz")
def readyz() -> ResponseReturnValue:
    """Say whether searches can be answered at full speed: index open, encoder loaded; else why not, with a 503."""
    searcher = get_searcher()
    if not searcher.is_warm:
        raise ServiceUnavailable("The encoder is being loaded.")
    return _json({"status": "ready", "index": searcher.info.digest})


@api.get("/metrics")
def metrics() -> ResponseReturnValue:
    """Return what was counted and timed, for Prometheus; it needs no index."""
    try:
        info = get_searcher().info
    except (IndexStoreError, EncoderError):
        info = None
    return Response(get_metrics().text(info), content_type=CONTENT_TYPE_LATEST)


def _json(body: object) -> Response:
    """Return an answer in JSON: text unescaped, keys in their order. What Flask has for it takes six times as long."""
    return Response(msgspec.json.encode(body) + b"\n", content_type="application/json")
