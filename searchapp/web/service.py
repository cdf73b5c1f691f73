"""Searches as requests make them: within the limits, counted and logged."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from searchapp.search.results import (
    CompareRequest,
    Comparison,
    FacetCounts,
    Hit,
    Overview,
    SearchRequest,
    SearchResult,
    SimilarRequest,
    SimilarResult,
)
from searchapp.search.watch import Watch
from searchapp.web.access import note
from searchapp.web.caching import forget
from searchapp.web.gate import get_gate
from searchapp.web.holder import get_searcher
from searchapp.web.metrics import get_metrics

__all__ = ["find", "find_all", "find_compared", "find_facets", "find_overview", "find_similar"]

Found = TypeVar("Found", SearchResult, FacetCounts, Overview)


def find(asked: SearchRequest) -> SearchResult:
    """Answer a search; raises what `Searcher.search` does, and OverloadError when there is no room for it."""
    return _counted(asked, lambda watch: get_searcher().search(asked, watch=watch))


def find_all(asked: SearchRequest) -> Iterator[Hit]:
    """Return every hit of a search; raises like `find`."""
    note(mode=asked.mode)
    with get_gate().search() as watch:
        hits = get_searcher().all_hits(asked, watch=watch)
    get_metrics().search(asked.mode, watch, partial=False)
    return hits


def find_compared(asked: CompareRequest) -> Comparison:
    """Set commitments side by side; raises what `Searcher.compare` does, and OverloadError like `find`."""
    with get_gate().search():
        return get_searcher().compare(asked)


def find_facets(asked: SearchRequest) -> FacetCounts:
    """Count the facets of a search; raises like `find`."""
    return _counted(asked, lambda watch: get_searcher().facets(asked, watch=watch))


def find_overview(asked: SearchRequest) -> Overview:
    """Count how a search's result is spread; raises like `find`."""
    return _counted(asked, lambda watch: get_searcher().overview(asked, watch=watch))


def find_similar(asked: SimilarRequest) -> SimilarResult:
    """Return the commitments like one; raises what `Searcher.similar` does, and OverloadError like `find`."""
    with get_gate().search():
        result = get_searcher().similar(asked)
    note(total=result.total)
    return result


def _counted(asked: SearchRequest, search: Callable[[Watch], Found]) -> Found:
    note(mode=asked.mode)
    with get_gate().search() as watch:
        result = search(watch)
    get_metrics().search(asked.mode, watch, partial=result.partial)
    note(total=result.total)
    if result.partial:
        note(partial=True)
        forget()
    return result
