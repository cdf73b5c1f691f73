"""The pages: search form and results in one, a commitment, those like it, and about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from indexer.shared.errors import EncoderError, IndexStoreError, NotFoundError, QueryError
from indexer.shared.records import Document
from searchapp.labels import field_label, language_label, mode_labels, strength_labels
from searchapp.search.query import MAX_QUERY
from searchapp.search.results import Filters, IndexInfo, SearchRequest, SearchResult, SimilarRequest
from searchapp.web.caching import revalidated
from searchapp.web.charts import heat_map, tile_map, timeline
from searchapp.web.errors import Problem, log_failure, problem_of
from searchapp.web.facts import facts_of
from searchapp.web.holder import get_searcher
from searchapp.web.params import (
    MAX_LIMIT,
    SEARCH_PARAMETERS,
    YEARS,
    parse_language,
    parse_search,
    parse_similar,
    salvage,
)
from searchapp.web.service import find, find_overview, find_similar
from searchapp.web.text import clean_query
from searchapp.web.views import (
    corrected_url,
    filter_chips,
    filter_groups,
    kept_arguments,
    kinds_marked,
    mode_links,
    overview_url,
    page_links,
    placed_sections,
    search_url,
    similar_url,
    sort_links,
    unfiltered,
)

__all__ = ["pages"]

_FEW_SIMILAR = 3
"""Comparable commitments shown on the page of one."""

pages = Blueprint("pages", __name__)


@pages.get("/")
@revalidated
def search() -> ResponseReturnValue:
    """Show the form, and the results below it once something is asked; what can't be asked is a 400 with the form."""
    try:
        asked = parse_search(request.args)
        if asked.query or asked.filters != Filters():
            return _results_page(asked, result=find(asked))
    except QueryError as error:
        kept = replace(salvage(request.args), query=clean_query(request.args.get("q", "")))
        return _results_page(kept, problem=problem_of(error)), 400
    return render_template("home.html", asked=asked, blank="q" in request.args)


@pages.get("/overview")
@revalidated
def overview() -> ResponseReturnValue:
    """Show how what is comparable with a search is spread, or all that passes the filters; 400 as for a search."""
    try:
        asked = replace(parse_search(request.args), limit=SearchRequest(query="").limit, offset=0)
        found = find_overview(replace(asked, comparable=bool(asked.query)))
    except QueryError as error:
        return render_template("overview.html", problem=problem_of(error)), 400
    asked = found.request
    listed = asked.query or asked.filters != Filters()
    map_ = tile_map(found)
    return render_template(
        "overview.html",
        problem=None,
        asked=asked,
        overview=found,
        map=map_,
        countries=sorted(
            [*(mark for _, mark in map_.tiles), *map_.elsewhere], key=lambda mark: (-mark.count, mark.label)
        ),
        timeline=timeline(found),
        heat=heat_map(found),
        kept=kept_arguments(asked),
        chips=filter_chips(asked, to=overview_url),
        results_url=search_url(asked) if listed else None,
        unfiltered_url=overview_url(unfiltered(asked)),
    )


@pages.get("/commitments/<commitment_id>")
@revalidated
def commitment(commitment_id: str) -> ResponseReturnValue:
    """Show the whole of a commitment in the language asked for (`lang`), or in the first it exists in."""
    lang = parse_language(request.args)
    searcher = get_searcher()
    versions = searcher.commitment(commitment_id)
    document = _version_in(lang, versions)
    return render_template(
        "commitment.html",
        document=document,
        versions=versions,
        facts=facts_of(document.facts),
        sections=placed_sections(document),
        similar=find_similar(SimilarRequest(commitment_id=commitment_id, limit=_FEW_SIMILAR)),
    )


@pages.get("/commitments/<commitment_id>/similar")
@revalidated
def similar(commitment_id: str) -> ResponseReturnValue:
    """Show the commitments of other countries that are most like one, each with the passages that explain it."""
    asked = parse_similar(commitment_id, request.args)
    searcher = get_searcher()
    result = find_similar(asked)
    more = min(result.total, MAX_LIMIT)
    return render_template(
        "similar.html",
        asked=asked,
        document=searcher.commitment(commitment_id)[0],
        result=result,
        chips=filter_chips(asked, to=similar_url),
        marked=kinds_marked(quote for hit in result.hits for quote in (hit.pair.own, hit.pair.other)),
        other_url=similar_url(replace(asked, per_country=not asked.per_country)),
        more_url=similar_url(replace(asked, limit=more)) if more > len(result.hits) else None,
        unfiltered_url=similar_url(unfiltered(asked)),
    )


@pages.get("/about")
def about() -> ResponseReturnValue:
    """Explain the service; the index is described if it can be opened."""
    return render_template(
        "about.html",
        index=_index_info(),
        max_query=MAX_QUERY,
        parameters=SEARCH_PARAMETERS,
        strengths=strength_labels(),
    )


def _results_page(asked: SearchRequest, *, result: SearchResult | None = None, problem: Problem | None = None) -> str:
    return render_template(
        "results.html",
        asked=asked,
        result=result,
        problem=problem,
        groups=filter_groups(asked, result.facets if result else None),
        chips=filter_chips(asked, to=search_url),
        corrected_url=corrected_url(result) if result else None,
        links=page_links(result) if result else (None, None),
        marked=kinds_marked(result.shown) if result else set(),
        other_modes=mode_links(asked),
        sorts=sort_links(asked),
        overview_url=overview_url(asked),
        first_page_url=search_url(replace(asked, offset=0)),
        unfiltered_url=search_url(unfiltered(asked)),
    )


def _version_in(lang: str | None, versions: Sequence[Document]) -> Document:
    for document in versions:
        if lang in (None, document.lang):
            return document
    there = ", ".join(language_label(document.lang) for document in versions)
    raise NotFoundError(f"there is no version in {language_label(lang or '')}; expected: {there}", field="lang")


def _index_info() -> IndexInfo | None:
    try:
        return get_searcher().info
    except (IndexStoreError, EncoderError) as error:
        log_failure(error)
        return None


@pages.app_context_processor
def _constants() -> dict[str, object]:
    return {"modes": mode_labels(), "field_label": field_label, "years": YEARS}
