"""What the templates show beyond the records themselves: links, filter controls, chips and section anchors."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from flask import url_for

from indexer.shared.errors import NotFoundError
from indexer.shared.records import Document, Section
from searchapp.export import FORMS
from searchapp.labels import facet_label, field_label, language_label, mode_labels, sort_labels
from searchapp.language import translated
from searchapp.paging import Arguments, next_page, previous_page, similar_args, to_args
from searchapp.pins import first_page, pinned_args
from searchapp.search.compare import COMPARABLE
from searchapp.search.results import (
    Compared,
    Comparison,
    Facet,
    FacetValue,
    Filters,
    Hit,
    Quote,
    Scores,
    SearchRequest,
    SearchResult,
    SimilarRequest,
    Strength,
)

__all__ = [
    "Chip",
    "ComparedColumn",
    "FilterGroup",
    "FilterOption",
    "PlacedSection",
    "compare_url",
    "compared_columns",
    "compared_langs",
    "corrected_url",
    "country_url",
    "download_links",
    "feed_url",
    "filter_chips",
    "filter_groups",
    "kept_arguments",
    "kinds_marked",
    "mode_links",
    "overview_url",
    "page_links",
    "passage_anchor",
    "permalink",
    "placed_sections",
    "search_url",
    "similar_url",
    "sort_links",
    "unfiltered",
    "version_in",
    "why",
]

Asked = TypeVar("Asked", SearchRequest, SimilarRequest)

_CODE = re.compile(r"[A-Za-z0-9_-]+")
_SHOWN_AT_ONCE = 8
_MORE = 40
_FOLDED = frozenset({"institution", "ambition", "completion", "early_results", "status", "scope"})


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterOption:
    """One value to filter by; `count` is None when there is no result to count in, `id` fits an HTML attribute."""

    value: str
    id: str
    label: str
    count: int | None
    selected: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterGroup:
    """The options of one field: those shown at once, those behind "more", and how many are left out.

    `folded` groups are closed until they are opened.
    """

    field: str
    legend: str
    options: tuple[FilterOption, ...]
    more: tuple[FilterOption, ...]
    left_out: int
    folded: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    """A filter that is on, and the search without it."""

    field: str
    label: str
    remove_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedColumn:
    """One commitment of a comparison; None for an address that leads to no other comparison."""

    compared: Compared
    first_url: str | None
    without_url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedSection:
    """A section with its text and the anchor it can be linked by; `number` counts the sections of its kind."""

    section: Section
    number: int
    anchor: str
    text: str


def search_url(asked: SearchRequest, *, external: bool = False) -> str:
    """Return the address of the page that answers a search."""
    arguments: dict[str, Any] = to_args(asked)
    return url_for("pages.search", **arguments, _external=external)


def download_links(asked: SearchRequest) -> list[tuple[str, str]]:
    """Return name and address of the whole result of a search in each format."""
    return [(form.label, _export_url(asked, name)) for name, form in FORMS.items()]


def feed_url(asked: SearchRequest, *, external: bool = False) -> str:
    """Return the address of the Atom feed of a search."""
    return _export_url(asked, "atom", external=external)


def compare_url(commitment_ids: Iterable[str], lang: str | None = None, *, form: str | None = None) -> str:
    """Return the address of the page that compares commitments, or with a format of what the API answers."""
    arguments: dict[str, Any] = {"id": list(commitment_ids), "lang": lang, "format": form}
    return url_for("api.compare" if form else "pages.compare", **arguments)


def compared_columns(comparison: Comparison) -> list[ComparedColumn]:
    """Return the columns of a comparison, with the same comparison led by each, and without it while two are left."""
    ids, lang = comparison.request.commitment_ids, comparison.request.lang
    columns = []
    for number, one in enumerate(comparison.commitments):
        rest = ids[:number] + ids[number + 1 :]
        columns.append(
            ComparedColumn(
                compared=one,
                first_url=compare_url((ids[number], *rest), lang) if number else None,
                without_url=compare_url(rest, lang) if len(rest) in COMPARABLE else None,
            )
        )
    return columns


def compared_langs(comparison: Comparison) -> list[str]:
    """Return the languages that there is a choice of: all, if any of the commitments exists in several."""
    versions = [{one.document.lang, *one.also_in} for one in comparison.commitments]
    return sorted(set().union(*versions)) if any(len(langs) > 1 for langs in versions) else []


def permalink(result: SearchResult) -> str:
    """Return the whole address of a search that records the index and the encoder, too."""
    arguments: dict[str, Any] = pinned_args(result.request, result.index)
    return url_for("pages.search", **arguments, _external=True)


def version_in(lang: str | None, versions: Sequence[Document]) -> Document:
    """Return the version in a language, or the first of all; raises NotFoundError where there is none."""
    for document in versions:
        if lang in (None, document.lang):
            return document
    there = ", ".join(language_label(document.lang) for document in versions)
    raise NotFoundError(f"there is no version in {language_label(lang or '')}; expected: {there}", field="lang")


def overview_url(asked: SearchRequest) -> str:
    """Return the address of the overview of a search."""
    arguments: dict[str, Any] = _overview_args(asked)
    return url_for("pages.overview", **arguments)


def kept_arguments(asked: SearchRequest) -> dict[str, list[str]]:
    """Return the arguments of a search but for its query, for a form that asks for another one."""
    arguments = _overview_args(replace(asked, query=""))
    return {name: value if isinstance(value, list) else [value] for name, value in arguments.items()}


def corrected_url(result: SearchResult) -> str | None:
    """Return the address of the first page of the same search without its misspelt words; None if it has none."""
    query = result.corrected_query
    return None if query is None else search_url(replace(result.request, query=query, offset=0))


def similar_url(asked: SimilarRequest) -> str:
    """Return the address of the page of the commitments like one."""
    arguments: dict[str, Any] = similar_args(asked)
    return url_for("pages.similar", commitment_id=asked.commitment_id, **arguments)


def country_url(asked: SimilarRequest, country: str) -> str:
    """Return the address of all commitments of one country, ordered by how like they are to the one asked for."""
    return similar_url(replace(asked, per_country=False, filters=replace(asked.filters, country=(country,))))


def page_links(result: SearchResult) -> tuple[str | None, str | None]:
    """Return the addresses of the previous and the next page of a result, None where there is none."""
    before, after = previous_page(result), next_page(result)
    return search_url(before) if before else None, search_url(after) if after else None


def mode_links(asked: SearchRequest) -> list[tuple[str, str]]:
    """Return name and address of the same search in each other mode, from its first page."""
    return [
        (label, search_url(replace(asked, mode=mode, offset=0)))
        for mode, (label, _) in mode_labels().items()
        if mode != asked.mode
    ]


def sort_links(asked: SearchRequest) -> list[tuple[str, str | None]]:
    """Return name and address of the same search in each order, from its first page; None where it is in that order."""
    return [
        (label, None if sort == asked.sort else search_url(replace(asked, sort=sort, offset=0)))
        for sort, label in sort_labels().items()
    ]


def filter_groups(asked: SearchRequest, facets: Sequence[Facet] | None) -> list[FilterGroup]:
    """Return the filter controls of a search, with counts if there are facets; values that are on are always there."""
    counted = {facet.field: facet.values for facet in facets or ()}
    groups = [_filter_group(field, counted.get(field), values) for field, values in asked.filters.chosen().items()]
    return [group for group in groups if group.options]


def filter_chips(asked: Asked, to: Callable[[Asked], str]) -> list[Chip]:
    """Return one chip for each filter value that is on; `to` gives the address of what is asked without it."""
    filters = asked.filters
    chips = [
        Chip(
            field=field_label(field),
            label=facet_label(field, value),
            remove_url=to(_filtered(asked, field, tuple(other for other in values if other != value))),
        )
        for field, values in filters.chosen().items()
        for value in values
    ]
    for field in ("year_from", "year_to"):
        year: int | None = getattr(filters, field)
        if year is not None:
            url = to(_filtered(asked, field, None))
            chips.append(Chip(field=field_label(field), label=str(year), remove_url=url))
    return chips


def unfiltered(asked: Asked) -> Asked:
    """Return the same without any filter, from its first page."""
    return _first_page(replace(asked, filters=Filters()))


def kinds_marked(shown: Iterable[Hit | Quote]) -> set[str]:
    """Return the kinds of highlights that occur in the passages of hits or quotes, for the key above them."""
    return {highlight.kind for one in shown for highlight in one.passage.highlights}


def why(scores: Scores, strength: Strength) -> str:
    """Say in a few words what made a hit match."""
    if scores.semantic is None:
        return translated("Your words")
    if scores.keyword is None:
        return translated("A meaning not far off") if strength == "weak" else translated("The same meaning")
    if strength == "weak":
        return translated("A meaning not far off, and your words")
    return translated("The same meaning, and your words")


def placed_sections(document: Document) -> list[PlacedSection]:
    """Return the sections of a document in its order, each with an anchor of its own."""
    seen: Counter[str] = Counter()
    placed = []
    for section in document.sections:
        seen[section.kind] += 1
        number = seen[section.kind]
        anchor = f"section-{section.kind}-{number}" if number > 1 else f"section-{section.kind}"
        text = document.text[section.start : section.end]
        placed.append(PlacedSection(section=section, number=number, anchor=anchor, text=text))
    return placed


def passage_anchor(hit: Hit | Quote) -> str:
    """Return the anchor of the section that the passage of a hit or a quote stands in."""
    start = hit.document.text.find(hit.passage.text)
    return next(
        (one.anchor for one in placed_sections(hit.document) if one.section.start <= start < one.section.end),
        f"section-{hit.passage.section}",
    )


def _overview_args(asked: SearchRequest) -> Arguments:
    """Return the URL arguments of an overview, which has no order and no pages, and chooses its matches itself."""
    return to_args(replace(asked, comparable=False, sort="relevance", offset=0))


def _export_url(asked: SearchRequest, form: str, *, external: bool = False) -> str:
    arguments: dict[str, Any] = to_args(first_page(asked))
    return url_for("api.search", **arguments, format=form, _external=external)


def _filtered(asked: Asked, field: str, value: tuple[str, ...] | None) -> Asked:
    changed: dict[str, Any] = {field: value}
    return _first_page(replace(asked, filters=replace(asked.filters, **changed)))


def _first_page(asked: Asked) -> Asked:
    return replace(asked, offset=0) if isinstance(asked, SearchRequest) else asked


def _id(value: str) -> str:
    """Return a value as part of an HTML id: itself if it is a code, else a digest."""
    return value if _CODE.fullmatch(value) else hashlib.sha256(value.encode()).hexdigest()[:12]


def _filter_group(field: str, values: Sequence[FacetValue] | None, selected: tuple[str, ...]) -> FilterGroup:
    options = [
        FilterOption(
            value=one.value,
            id=_id(one.value),
            label=facet_label(field, one.value),
            count=one.count,
            selected=one.value in selected,
        )
        for one in values or ()
    ]
    known = {option.value for option in options}
    options += [
        FilterOption(
            value=value,
            id=_id(value),
            label=facet_label(field, value),
            count=None if values is None else 0,
            selected=True,
        )
        for value in selected
        if value not in known
    ]
    at_once = [number < _SHOWN_AT_ONCE or option.selected for number, option in enumerate(options)]
    more = [option for option, now in zip(options, at_once, strict=True) if not now]
    return FilterGroup(
        field=field,
        legend=field_label(field),
        options=tuple(option for option, now in zip(options, at_once, strict=True) if now),
        more=tuple(more[:_MORE]),
        left_out=len(more[_MORE:]),
        folded=field in _FOLDED and not selected,
    )
