"""The searches for the pages around a result, and a search as the arguments of a URL."""

from __future__ import annotations

from dataclasses import replace

from searchapp.search.results import SearchRequest, SearchResult

__all__ = ["MAX_OFFSET", "next_page", "previous_page", "to_args"]

MAX_OFFSET = 10_000
"""How deep a result can be paged through."""

_DEFAULT = SearchRequest(query="")


def to_args(asked: SearchRequest) -> dict[str, str | list[str]]:
    """Return the URL arguments that ask for this search; defaults are left out."""
    filters = asked.filters
    every: dict[str, str | list[str]] = {
        "q": asked.query,
        "mode": asked.mode if asked.mode != _DEFAULT.mode else "",
        "lang": list(filters.lang),
        "country": list(filters.country),
        "region": list(filters.region),
        "policy_area": list(filters.policy_area),
        "year_from": str(filters.year_from or ""),
        "year_to": str(filters.year_to or ""),
        "fold": "" if asked.fold else "false",
        "limit": str(asked.limit) if asked.limit != _DEFAULT.limit else "",
        "offset": str(asked.offset or ""),
    }
    return {name: value for name, value in every.items() if value}


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
