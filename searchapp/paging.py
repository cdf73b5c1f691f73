"""The searches for the pages around a result, and what was asked as the arguments of a URL."""

from __future__ import annotations

from dataclasses import replace

from indexer.shared.settings import number
from searchapp.search.results import Filters, SearchRequest, SearchResult, SimilarRequest

__all__ = ["MAX_OFFSET", "Arguments", "next_page", "previous_page", "similar_args", "to_args"]

MAX_OFFSET = number("max-offset")
"""How deep a result can be paged through."""

_DEFAULT = SearchRequest(query="")

Arguments = dict[str, str | list[str]]


def to_args(asked: SearchRequest) -> Arguments:
    """Return the URL arguments that ask for this search; defaults are left out."""
    return _given(
        {
            "q": asked.query,
            "mode": asked.mode if asked.mode != _DEFAULT.mode else "",
            **_filter_args(asked.filters),
            "sort": asked.sort if asked.sort != _DEFAULT.sort else "",
            "group_by": asked.group_by if asked.group_by != _DEFAULT.group_by else "",
            "comparable": "true" if asked.comparable else "",
            "fold": "" if asked.fold else "false",
            "explain": "true" if asked.explain else "",
            "limit": _limit(asked.limit),
            "offset": str(asked.offset or ""),
        }
    )


def similar_args(asked: SimilarRequest) -> Arguments:
    """Return the URL arguments that ask for these commitments like one, but for its ID; defaults are left out."""
    return _given(
        {
            "per_country": "" if asked.per_country else "false",
            **_filter_args(asked.filters),
            "limit": _limit(asked.limit),
        }
    )


def _filter_args(filters: Filters) -> Arguments:
    return {
        **{field: list(values) for field, values in filters.chosen().items()},
        "year_from": str(filters.year_from or ""),
        "year_to": str(filters.year_to or ""),
    }


def _limit(limit: int) -> str:
    return str(limit) if limit != _DEFAULT.limit else ""


def _given(arguments: Arguments) -> Arguments:
    return {name: value for name, value in arguments.items() if value}


def next_page(result: SearchResult) -> SearchRequest | None:
    """Return the search for the page after this one, if there is one that may be asked for."""
    asked = result.request
    offset = asked.offset + asked.limit
    return replace(asked, offset=offset) if offset < result.total and offset <= MAX_OFFSET else None


def previous_page(result: SearchResult) -> SearchRequest | None:
    """Return the search for the page before this one, if there is one; from beyond the end, for the last page."""
    asked = result.request
    if not asked.offset or not result.total:
        return None
    last = (result.total - 1) // asked.limit * asked.limit
    return replace(asked, offset=min(max(0, asked.offset - asked.limit), last))
