"""The pages: search form and results in one, a commitment, those like it, and about."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from indexer.shared.errors import EncoderError, IndexStoreError, NotFoundError, QueryError
from indexer.shared.records import Document
from searchapp.export import FORMS
from searchapp.facts import fact_rows, facts_of
from searchapp.labels import field_label, mode_labels, strength_labels
from searchapp.pins import Pin, first_page
from searchapp.search.compare import COMPARABLE
from searchapp.search.query import MAX_QUERY
from searchapp.search.results import Filters, IndexInfo, SearchRequest, SearchResult, SimilarRequest
from searchapp.web.caching import revalidated
from searchapp.web.charts import heat_map, tile_map, timeline
from searchapp.web.downloads import reference_of
from searchapp.web.errors import Problem, log_failure, problem_of
from searchapp.web.holder import SearchService, get_searcher
from searchapp.web.meaning_chart import meaning_chart
from searchapp.web.params import (
    MAX_LIMIT,
    SEARCH_PARAMETERS,
    YEARS,
    parse_compare,
    parse_language,
    parse_pin,
    parse_search,
    parse_similar,
    salvage,
)
from searchapp.web.service import find, find_compared, find_overview, find_similar
from searchapp.web.text import clean_query
from searchapp.web.views import (
    compare_url,
    compared_columns,
    compared_langs,
    corrected_url,
    download_links,
    feed_url,
    filter_chips,
    filter_groups,
    kept_arguments,
    kinds_marked,
    mode_links,
    overview_url,
    page_links,
    permalink,
    placed_sections,
    search_url,
    similar_url,
    sort_links,
    unfiltered,
    version_in,
)

__all__ = ["pages"]

_FEW_SIMILAR = 3
"""Comparable commitments shown on the page of one."""

_TRIED = 20
"""IDs of a comparison that can't be made which are looked up, to offer another."""

pages = Blueprint("pages", __name__)


@pages.get("/")
@revalidated
def search() -> ResponseReturnValue:
    """Show the form, and the results below it once something is asked; what can't be asked is a 400 with the form."""
    try:
        asked, pin = parse_search(request.args), parse_pin(request.args)
        if asked.query or asked.filters != Filters():
            return _results_page(asked, result=find(asked), pin=pin)
    except QueryError as error:
        kept = replace(salvage(request.args), query=clean_query(request.args.get("q", "")))
        return _results_page(kept, problem=problem_of(error)), 400
    return render_template("home.html", asked=asked, blank="q" in request.args)


@pages.get("/overview")
@revalidated
def overview() -> ResponseReturnValue:
    """Show how what is comparable with a search is spread, or all that passes the filters; 400 as for a search."""
    try:
        asked = first_page(parse_search(request.args))
        found = find_overview(replace(asked, comparable=bool(asked.query)))
    except QueryError as error:
        return render_template("overview.html", problem=problem_of(error)), 400
    asked = found.request
    listed = asked.query or asked.filters != Filters()
    return render_template(
        "overview.html",
        problem=None,
        asked=asked,
        overview=found,
        map=tile_map(found),
        timeline=timeline(found),
        heat=heat_map(found),
        meaning=meaning_chart(found),
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
    document = version_in(lang, versions)
    return render_template(
        "commitment.html",
        document=document,
        versions=versions,
        facts=facts_of(document.facts),
        sections=placed_sections(document),
        reference=reference_of(document),
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


@pages.get("/compare")
def compare() -> ResponseReturnValue:
    """Show two to six commitments side by side; what can't be compared is a problem with those that can."""
    searcher = get_searcher()
    try:
        comparison = find_compared(parse_compare(request.args))
    except QueryError as error:
        problem = problem_of(error)
        usable = _known(searcher, request.args.getlist("id"))
        return render_template("compare_problem.html", problem=problem, usable=usable), problem.status
    return render_template(
        "compare.html",
        asked=comparison.request,
        columns=compared_columns(comparison),
        rows=fact_rows(one.document for one in comparison.commitments),
        aligned=comparison.aligned,
        langs=compared_langs(comparison),
    )


@pages.get("/about")
def about() -> ResponseReturnValue:
    """Explain the service; the index is described if it can be opened."""
    return render_template(
        "about.html",
        index=_index_info(),
        max_query=MAX_QUERY,
        parameters=SEARCH_PARAMETERS,
        formats=(*FORMS, "atom"),
        strengths=strength_labels(),
    )


def _results_page(
    asked: SearchRequest,
    *,
    result: SearchResult | None = None,
    problem: Problem | None = None,
    pin: Pin | None = None,
) -> str:
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
        pin=pin,
        downloads=download_links(asked),
        feed_url=feed_url(asked),
        permalink=permalink(result) if result else None,
    )


def _known(searcher: SearchService, commitment_ids: Sequence[str]) -> list[Document]:
    """Return those of the commitments that exist, each once, as many as can be compared."""
    found = []
    for commitment_id in dict.fromkeys(commitment_ids[:_TRIED]):
        with suppress(NotFoundError):
            found.append(searcher.commitment(commitment_id)[0])
    return found[: COMPARABLE[-1]]


def _index_info() -> IndexInfo | None:
    try:
        return get_searcher().info
    except (IndexStoreError, EncoderError) as error:
        log_failure(error)
        return None


@pages.app_context_processor
def _constants() -> dict[str, object]:
    return {"compare_url": compare_url, "modes": mode_labels(), "field_label": field_label, "years": YEARS}
