"""Request arguments to a checked `SearchRequest` or `SimilarRequest`, in one place for the pages and the API.

A parameter whose value is empty or blank counts as absent, as an untouched form field is. A query that is present but
blank is therefore the same as none: the start page with a hint there (200), a problem with field `q` in the API (400).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TypeVar, get_args

from werkzeug.datastructures import MultiDict

from indexer.shared.errors import QueryError
from searchapp.paging import MAX_OFFSET
from searchapp.pins import Pin
from searchapp.search.query import MAX_QUERY
from searchapp.search.results import VALUE_FILTERS, CompareRequest, Filters, Mode, SearchRequest, SimilarRequest, Sort
from searchapp.web.text import clean_query

__all__ = [
    "MAX_LIMIT",
    "PIN_PARAMETERS",
    "SEARCH_PARAMETERS",
    "SIMILAR_PARAMETERS",
    "YEARS",
    "parse_choice",
    "parse_compare",
    "parse_language",
    "parse_pin",
    "parse_search",
    "parse_similar",
    "refuse_unknown",
    "salvage",
]

Choice = TypeVar("Choice", bound=str)

Args = MultiDict[str, str]
"""The arguments of a request; a name may occur more than once."""

MAX_LIMIT = 100
YEARS = (1990, 2100)
"""First and last year that a filter may name."""

MAX_NAME = 200
"""Longest name of an institution that a filter may have, in characters."""

_FILTER_PARAMETERS = (*VALUE_FILTERS, "year_from", "year_to")

SEARCH_PARAMETERS = ("q", "mode", *_FILTER_PARAMETERS, "sort", "comparable", "fold", "limit", "offset")
"""Every parameter of a search."""

SIMILAR_PARAMETERS = ("per_country", *_FILTER_PARAMETERS, "limit")
"""Every parameter of a question for the commitments like one."""

PIN_PARAMETERS = ("index", "encoder")
"""What a permalink adds to a search: which index answered, and with which encoder."""

_DEFAULT = SearchRequest(query="")
_DIGEST = re.compile(r"[0-9a-f]{8,64}")
_ENCODER = 200
_ID = 200
_LANG = re.compile(r"[a-z]{2,3}")
_COUNTRY = re.compile(r"[A-Z]{2}")
_SLUG = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")
_SLUGS = {
    "region": "a code such as africa",
    "policy_area": "a code such as open-data",
    "ambition": "a code such as moderate",
    "completion": "a code such as substantial",
    "early_results": "a code such as major",
    "status": "a code such as active",
    "scope": "national or local",
}
"""The filters by codes of our own tables, with what is expected of them."""

_WHOLE_NUMBER = re.compile(r"[0-9]{1,9}")
_QUOTED = 40


def parse_search(args: Args) -> SearchRequest:
    """Return the search that a request asks for; its query is "" when there is none.

    Raises QueryError, with the parameter's name as its field, for a value that can't be used or a repeated scalar.
    """
    return SearchRequest(
        query=_query(args),
        mode=parse_choice(args, "mode", get_args(Mode), _DEFAULT.mode),
        filters=_filters(args),
        sort=parse_choice(args, "sort", get_args(Sort), _DEFAULT.sort),
        comparable=_flag(args, "comparable", default=False),
        fold=_flag(args, "fold", default=True),
        limit=_limit(args),
        offset=_number(args, "offset", (0, MAX_OFFSET)) or _DEFAULT.offset,
    )


def parse_similar(commitment_id: str, args: Args) -> SimilarRequest:
    """Return what a request asks for of the commitments like one; raises QueryError like `parse_search`."""
    return SimilarRequest(
        commitment_id=commitment_id,
        per_country=_flag(args, "per_country", default=True),
        filters=_filters(args),
        limit=_limit(args),
    )


def parse_compare(args: Args) -> CompareRequest:
    """Return the comparison that a request asks for, however many IDs it names; raises QueryError for their shape."""
    ids = [clean_query(value) for value in args.getlist("id")]
    for commitment_id in ids:
        if len(commitment_id) > _ID:
            raise QueryError(f"is {len(commitment_id):,} characters long; expected at most {_ID}", field="id")
    return CompareRequest(commitment_ids=tuple(filter(None, ids)), lang=parse_language(args))


def parse_language(args: Args) -> str | None:
    """Return the language that a commitment is asked for in, if any; raises QueryError like `parse_search`."""
    value = _scalar(args, "lang")
    return _code(value, "lang", str.lower, _LANG, "an ISO 639 code such as fr") if value else None


def parse_choice(args: Args, name: str, choices: tuple[Choice, ...], default: Choice) -> Choice:
    """Return the value of a parameter, one of several; raises QueryError like `parse_search`."""
    value = _scalar(args, name) or default
    for choice in choices:
        if choice == value:
            return choice
    raise QueryError(f"“{_shortened(value)}” is not one of {', '.join(choices)}", field=name)


def parse_pin(args: Args) -> Pin | None:
    """Return what a permalink says of the index, None if the request is none; raises QueryError like `parse_search`."""
    digest = _scalar(args, "index")
    encoder = clean_query(_scalar(args, "encoder"))
    if len(encoder) > _ENCODER:
        raise QueryError(f"is {len(encoder):,} characters long; expected at most {_ENCODER}", field="encoder")
    if not digest:
        return None
    if not _DIGEST.fullmatch(digest):
        raise QueryError(
            f"“{_shortened(digest)}” is not the digest of an index, such as 3f9a1c0de7b24586", field="index"
        )
    return Pin(digest=digest, encoder=encoder or None)


def refuse_unknown(args: Args, known: Iterable[str]) -> None:
    """Raise QueryError for the first parameter that is not among the known names."""
    names = tuple(known)
    for name in args:
        if name not in names:
            expected = ", ".join(names) or "none"
            raise QueryError(f"there is no such parameter; expected: {expected}", field=_shortened(name))


def salvage(args: Args) -> SearchRequest:
    """Return the search that remains when every value that can't be used is dropped, to fill in the form again."""
    kept = args.copy()
    while True:
        try:
            return parse_search(kept)
        except QueryError as error:
            kept.poplist(error.field)


def _filters(args: Args) -> Filters:
    year_from, year_to = (_number(args, name, YEARS) for name in ("year_from", "year_to"))
    if year_from and year_to and year_to < year_from:
        raise QueryError(f"{year_to} is before the first year, {year_from}", field="year_to")
    return Filters(
        lang=_codes(args, "lang", str.lower, _LANG, "an ISO 639 code such as fr"),
        country=_codes(args, "country", str.upper, _COUNTRY, "an ISO 3166 code such as FR"),
        institution=_names(args, "institution"),
        **{field: _codes(args, field, str.lower, _SLUG, expected) for field, expected in _SLUGS.items()},
        year_from=year_from,
        year_to=year_to,
    )


def _limit(args: Args) -> int:
    return _number(args, "limit", (1, MAX_LIMIT)) or _DEFAULT.limit


def _query(args: Args) -> str:
    query = clean_query(_scalar(args, "q"))
    if len(query) > MAX_QUERY:
        raise QueryError(f"is {len(query):,} characters long; expected at most {MAX_QUERY:,}", field="q")
    return query


def _flag(args: Args, name: str, *, default: bool) -> bool:
    value = _scalar(args, name).lower()
    if value not in ("", "true", "false"):
        raise QueryError(f"“{_shortened(value)}” is not one of true, false", field=name)
    return value == "true" if value else default


def _number(args: Args, name: str, bounds: tuple[int, int]) -> int | None:
    value = _scalar(args, name)
    if not value:
        return None
    first, last = bounds
    if not _WHOLE_NUMBER.fullmatch(value) or not first <= int(value) <= last:
        raise QueryError(f"“{_shortened(value)}” is not a whole number from {first} to {last}", field=name)
    return int(value)


def _codes(args: Args, name: str, fold: Callable[[str], str], shape: re.Pattern[str], expected: str) -> tuple[str, ...]:
    values = (value.strip() for value in args.getlist(name))
    return tuple(dict.fromkeys(_code(value, name, fold, shape, expected) for value in values if value))


def _names(args: Args, name: str) -> tuple[str, ...]:
    values = tuple(dict.fromkeys(clean_query(value) for value in args.getlist(name)))
    for value in values:
        if len(value) > MAX_NAME:
            raise QueryError(f"“{_shortened(value)}” is longer than {MAX_NAME} characters", field=name)
    return tuple(value for value in values if value)


def _code(value: str, name: str, fold: Callable[[str], str], shape: re.Pattern[str], expected: str) -> str:
    code = fold(value) if value.isascii() else value
    if not shape.fullmatch(code):
        raise QueryError(f"“{_shortened(value)}” is not {expected}", field=name)
    return code


def _scalar(args: Args, name: str) -> str:
    values = [value.strip() for value in args.getlist(name) if value.strip()]
    if len(values) > 1:
        raise QueryError(f"is given {len(values)} times; expected once", field=name)
    return values[0] if values else ""


def _shortened(value: str) -> str:
    cleaned = clean_query(value)
    return cleaned if len(cleaned) <= _QUOTED else cleaned[: _QUOTED - 1] + "…"
