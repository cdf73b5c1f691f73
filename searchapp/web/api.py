"""JSON for programs: search, one commitment and those like it, and whether the server is up and ready."""

from __future__ import annotations

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import ServiceUnavailable

from indexer.shared.errors import QueryError
from searchapp.export import FORMS
from searchapp.search.results import Filters
from searchapp.serialize import commitment_dict, comparison_dict, result_dict, similar_dict
from searchapp.web.downloads import REFERENCE_FORMS, comparison_file, feed_file, reference_file, result_file
from searchapp.web.holder import get_searcher
from searchapp.web.params import (
    PIN_PARAMETERS,
    SEARCH_PARAMETERS,
    SIMILAR_PARAMETERS,
    parse_choice,
    parse_compare,
    parse_language,
    parse_pin,
    parse_search,
    parse_similar,
    refuse_unknown,
)
from searchapp.web.views import version_in

__all__ = ["api"]

api = Blueprint("api", __name__)


@api.get("/api/v1/search")
def search() -> ResponseReturnValue:
    """Answer a search; unlike on the page, a parameter nobody knows and a query of nothing at all are errors."""
    refuse_unknown(request.args, (*SEARCH_PARAMETERS, *PIN_PARAMETERS, "format"))
    form = parse_choice(request.args, "format", ("json", *FORMS, "atom"), "json")
    asked, pin = parse_search(request.args), parse_pin(request.args)
    if not asked.query and asked.filters == Filters():
        raise QueryError("is missing or blank; expected what to search for, or a filter", field="q")
    if form == "atom":
        return feed_file(asked)
    if form != "json":
        return result_file(asked, form)
    return jsonify(result_dict(get_searcher().search(asked), root=request.root_path, pin=pin))


@api.get("/api/v1/commitments/<commitment_id>")
def commitment(commitment_id: str) -> ResponseReturnValue:
    """Return a commitment in all its languages, or as a reference to one of them."""
    form = parse_choice(request.args, "format", ("json", *REFERENCE_FORMS), "json")
    refuse_unknown(request.args, ("format",) if form == "json" else ("format", "lang"))
    searcher = get_searcher()
    if form != "json":
        lang = parse_language(request.args)
        return reference_file(version_in(lang, searcher.commitment(commitment_id)), form)
    return jsonify(commitment_dict(searcher.commitment(commitment_id), searcher.info, root=request.root_path))


@api.get("/api/v1/commitments/<commitment_id>/similar")
def similar(commitment_id: str) -> ResponseReturnValue:
    """Return the commitments of other countries that are most like one."""
    refuse_unknown(request.args, SIMILAR_PARAMETERS)
    asked = parse_similar(commitment_id, request.args)
    return jsonify(similar_dict(get_searcher().similar(asked), root=request.root_path))


@api.get("/api/v1/compare")
def compare() -> ResponseReturnValue:
    """Return two to six commitments side by side."""
    refuse_unknown(request.args, ("id", "lang", "format"))
    form = parse_choice(request.args, "format", ("json", "csv"), "json")
    comparison = get_searcher().compare(parse_compare(request.args))
    if form == "csv":
        return comparison_file(comparison)
    return jsonify(comparison_dict(comparison, root=request.root_path))


@api.get("/healthz")
def healthz() -> ResponseReturnValue:
    """Say that the server answers; it needs no index."""
    return jsonify({"status": "ok"})


@api.get("/readyz")
def readyz() -> ResponseReturnValue:
    """Say whether searches can be answered at full speed: index open, encoder loaded; else why not, with a 503."""
    searcher = get_searcher()
    if not searcher.is_warm:
        raise ServiceUnavailable("The encoder is being loaded.")
    return jsonify({"status": "ready", "index": searcher.info.digest})
