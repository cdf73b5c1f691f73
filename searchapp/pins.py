"""Permalinks: the address of a search that also says which index and which encoder gave its result."""

from __future__ import annotations

from dataclasses import dataclass, replace

from searchapp.paging import to_args
from searchapp.search.results import IndexInfo, SearchRequest

__all__ = ["Pin", "first_page", "pinned_args"]

_DEFAULT = SearchRequest(query="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """What a permalink records of the index that its result came from; its encoder may be left out."""

    digest: str
    encoder: str | None

    def changed(self, index: IndexInfo) -> bool:
        """Whether this index is another than the one recorded."""
        return self.digest != index.digest


def first_page(asked: SearchRequest) -> SearchRequest:
    """Return the search with the usual number of hits, from the first."""
    return replace(asked, limit=_DEFAULT.limit, offset=_DEFAULT.offset)


def pinned_args(asked: SearchRequest, index: IndexInfo) -> dict[str, str | list[str]]:
    """Return the URL arguments of the permalink to a whole result, from its first page."""
    return {**to_args(first_page(asked)), "index": index.digest, "encoder": index.encoder}
