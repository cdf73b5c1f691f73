"""Request arguments to a checked `SearchRequest` or `SimilarRequest`, in one place for the pages and the API.

The tables of parameters stand here; the API's description is made of them, too. A parameter whose value is empty or
blank counts as absent, as an untouched form field is. A query that is present but blank is therefore the same as none:
the start page with a hint there (200), a problem with field `q` in the API (400).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import get_args

from indexer.shared.errors import QueryError
from indexer.shared.settings import number
from searchapp.export import FORMS, REFERENCE_FORMS
from searchapp.paging import MAX_OFFSET
from searchapp.pins import Pin
from searchapp.search.columns import FACET_FIELDS
from searchapp.search.compare import COMPARABLE
from searchapp.search.query import MAX_QUERY
from searchapp.search.results import CompareRequest, Filters, Grouping, Mode, SearchRequest, SimilarRequest, Sort
from searchapp.web.parameters import Args, Choice, Codes, Flag, Ids, Names, Number, Once, Parameter, Text, shortened

__all__ = [
    "COMPARE_FORMAT",
    "COMPARE_PARAMETERS",
    "FACET_PARAMETERS",
    "MAX_LIMIT",
    "PINNED_SEARCH_PARAMETERS",
    "REFERENCE_FORMAT",
    "REFERENCE_PARAMETERS",
    "SEARCH_FORMAT",
    "SEARCH_PARAMETERS",
    "SIMILAR_PARAMETERS",
    "YEARS",
    "parse_compare",
    "parse_facets",
    "parse_language",
    "parse_pin",
    "parse_search",
    "parse_similar",
    "refuse_unknown",
    "salvage",
]

MAX_LIMIT = number("max-limit")
YEARS = (1990, 2100)
"""First and last year that a filter may name."""

MAX_NAME = 200
"""Longest name of an institution that a filter may have, in characters."""

_DEFAULT = SearchRequest(query="")
_SLUG = "[A-Za-z0-9]+(?:[-_][A-Za-z0-9]+)*"

_QUERY = Text(
    name="q",
    help="What to search for, in any language: words, phrases in quotation marks, -exclusions, starts* of words.",
    longest=MAX_QUERY,
    example="innovation hub",
)
_MODE: Choice[Mode] = Choice(name="mode", help="Search by words, by meaning or by both.", options=get_args(Mode))
_SORT: Choice[Sort] = Choice(name="sort", help="The order of the hits.", options=get_args(Sort))
_GROUP_BY: Choice[Grouping] = Choice(
    name="group_by", help="Show every commitment, or the first one of each country.", options=get_args(Grouping)
)
_COMPARABLE = Flag(name="comparable", help="Show only strong and fair matches.", default=False)
_FOLD = Flag(name="fold", help="Show near-duplicates of one country as one hit.", default=True)
_EXPLAIN = Flag(name="explain", help="Have each hit say why it is one.", default=False)
_PER_COUNTRY = Flag(name="per_country", help="Show the best of each country, or every commitment.", default=True)
_LIMIT = Number(name="limit", help=f"Hits on a page, {_DEFAULT.limit} by default.", first=1, last=MAX_LIMIT)
_OFFSET = Number(name="offset", help="Hits before the page.", first=0, last=MAX_OFFSET)
_LANG = Codes(
    name="lang", help="Only passages in this language.", form="[A-Za-z]{2,3}", expected="an ISO 639 code such as fr"
)
_YEAR_FROM = Number(name="year_from", help="Only action plans of this year or later.", first=YEARS[0], last=YEARS[1])
_YEAR_TO = Number(name="year_to", help="Only action plans of this year or earlier.", first=YEARS[0], last=YEARS[1])
_FACET_FIELD = Codes(
    name="field",
    help="Only this facet: " + ", ".join(FACET_FIELDS) + ".",
    form="(?:" + "|".join(FACET_FIELDS) + ")",
    expected="one of " + ", ".join(FACET_FIELDS),
    fold=str,
)

_VALUES: tuple[Codes | Names, ...] = (
    Codes(name="region", help="Only this region.", form=_SLUG, expected="a code such as africa"),
    Codes(
        name="country",
        help="Only this country.",
        form="[A-Za-z]{2}",
        expected="an ISO 3166 code such as FR",
        fold=str.upper,
    ),
    _LANG,
    Codes(name="policy_area", help="Only this policy area.", form=_SLUG, expected="a code such as open-data"),
    Names(name="institution", help="Only this lead institution, named as in the source.", longest=MAX_NAME),
    Codes(name="ambition", help="Only this ambition.", form=_SLUG, expected="a code such as moderate"),
    Codes(
        name="completion",
        help="Only this completion at the latest review.",
        form=_SLUG,
        expected="a code such as substantial",
    ),
    Codes(
        name="early_results",
        help="Only this answer to whether it opened government.",
        form=_SLUG,
        expected="a code such as major",
    ),
    Codes(name="status", help="Only this status.", form=_SLUG, expected="a code such as active"),
    Codes(
        name="scope",
        help="Only commitments of a country, or of a local member.",
        form="national|local",
        expected="national or local",
    ),
)
"""One for each of VALUE_FILTERS, in their order."""

_FILTERS: tuple[Codes | Names | Number, ...] = (*_VALUES, _YEAR_FROM, _YEAR_TO)

SEARCH_PARAMETERS: tuple[Parameter, ...] = (
    *(_QUERY, _MODE, *_FILTERS),
    *(_SORT, _GROUP_BY, _COMPARABLE, _FOLD, _EXPLAIN, _LIMIT, _OFFSET),
)
"""Every parameter of a search."""

FACET_PARAMETERS: tuple[Parameter, ...] = (_QUERY, _MODE, *_FILTERS, _FOLD, _FACET_FIELD)
"""Every parameter of a question for facets."""

SIMILAR_PARAMETERS: tuple[Parameter, ...] = (_PER_COUNTRY, *_FILTERS, _LIMIT)
"""Every parameter of a question for the commitments like one."""


_INDEX = Once(
    values=Codes(
        name="index",
        help="The index that a permalink was made with.",
        form="[0-9a-f]{8,64}",
        expected="the digest of an index, such as 3f9a1c0de7b24586",
        fold=str,
    )
)
_ENCODER = Text(name="encoder", help="The encoder that a permalink was made with.", longest=MAX_NAME)
SEARCH_FORMAT = Choice(
    name="format", help="JSON, or the whole result as a file or feed.", options=("json", *FORMS, "atom")
)
REFERENCE_FORMAT = Choice(name="format", help="JSON, or a reference.", options=("json", *REFERENCE_FORMS))
COMPARE_FORMAT = Choice(name="format", help="JSON, or a table.", options=("json", "csv"))
_ID = Ids(name="id", help="The IDs of two to six commitments.", count=COMPARABLE, example=("UK0066", "JO0021"))

PINNED_SEARCH_PARAMETERS: tuple[Parameter, ...] = (*SEARCH_PARAMETERS, _INDEX, _ENCODER, SEARCH_FORMAT)
"""Every parameter of a search by a program, and of a permalink."""

REFERENCE_PARAMETERS: tuple[Parameter, ...] = (REFERENCE_FORMAT, Once(values=_LANG))
"""Every parameter of a question for one commitment; its language only for a reference."""

COMPARE_PARAMETERS: tuple[Parameter, ...] = (_ID, Once(values=_LANG), COMPARE_FORMAT)
"""Every parameter of a comparison."""


def parse_search(args: Args) -> SearchRequest:
    """Return the search that a request asks for; its query is "" when there is none.

    Raises QueryError, with the parameter's name as its field, for a value that can't be used or a repeated scalar.
    """
    return SearchRequest(
        query=_QUERY.read(args),
        mode=_MODE.read(args),
        filters=_filters(args),
        sort=_SORT.read(args),
        group_by=_GROUP_BY.read(args),
        comparable=_COMPARABLE.read(args),
        fold=_FOLD.read(args),
        explain=_EXPLAIN.read(args),
        limit=_LIMIT.read(args) or _DEFAULT.limit,
        offset=_OFFSET.read(args) or _DEFAULT.offset,
    )


def parse_facets(args: Args) -> tuple[SearchRequest, tuple[str, ...]]:
    """Return the search whose facets a request asks for, and of which fields; raises QueryError like `parse_search`."""
    asked = SearchRequest(query=_QUERY.read(args), mode=_MODE.read(args), filters=_filters(args), fold=_FOLD.read(args))
    return asked, _FACET_FIELD.read(args) or FACET_FIELDS


def parse_similar(commitment_id: str, args: Args) -> SimilarRequest:
    """Return what a request asks for of the commitments like one; raises QueryError like `parse_search`."""
    return SimilarRequest(
        commitment_id=commitment_id,
        per_country=_PER_COUNTRY.read(args),
        filters=_filters(args),
        limit=_LIMIT.read(args) or _DEFAULT.limit,
    )


def parse_language(args: Args) -> str | None:
    """Return the language that a commitment is asked for in, if any; raises QueryError like `parse_search`."""
    return _LANG.one(args)


def parse_compare(args: Args) -> CompareRequest:
    """Return the comparison that a request asks for, however many IDs it names; raises QueryError for their shape."""
    return CompareRequest(commitment_ids=_ID.read(args), lang=parse_language(args))


def parse_pin(args: Args) -> Pin | None:
    """Return what a permalink says of the index, None if the request is none; raises QueryError like `parse_search`."""
    digest, encoder = _INDEX.read(args), _ENCODER.read(args)
    return Pin(digest=digest, encoder=encoder or None) if digest else None


def refuse_unknown(args: Args, known: Iterable[Parameter]) -> None:
    """Raise QueryError for the first parameter that is not among the known ones."""
    names = tuple(parameter.name for parameter in known)
    for name in args:
        if name not in names:
            expected = ", ".join(names) or "none"
            raise QueryError(f"there is no such parameter; expected: {expected}", field=shortened(name) or "(blank)")


def salvage(args: Args) -> SearchRequest:
    """Return the search that remains when every value that can't be used is dropped, to fill in the form again."""
    kept = args.copy()
    while True:
        try:
            return parse_search(kept)
        except QueryError as error:
            kept.poplist(error.field)


def _filters(args: Args) -> Filters:
    year_from, year_to = _YEAR_FROM.read(args), _YEAR_TO.read(args)
    if year_from and year_to and year_to < year_from:
        raise QueryError(f"{year_to} is before the first year, {year_from}", field="year_to")
    values = {parameter.name: parameter.read(args) for parameter in _VALUES}
    return Filters(**values, year_from=year_from, year_to=year_to)
