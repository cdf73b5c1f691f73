"""The one place where the web application gets its searcher from."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, cast

from flask import Flask, current_app

from indexer.shared.records import Document
from searchapp.search.results import FacetCounts, IndexInfo, SearchRequest, SearchResult, SimilarRequest, SimilarResult
from searchapp.search.watch import Watch

__all__ = ["SearchService", "SearcherHolder", "get_searcher", "install_holder"]

_EXTENSION = "concord.searcher"


class SearchService(Protocol):
    """What the web application asks of a searcher; safe to use from several threads."""

    def search(self, request: SearchRequest, *, watch: Watch | None = None) -> SearchResult:
        """Answer a search; raises QueryError for a query that can't be used."""

    def facets(self, request: SearchRequest, *, watch: Watch | None = None) -> FacetCounts:
        """Count the facets of a search, or of the whole corpus if its query is empty; raises QueryError."""

    def commitment(self, commitment_id: str) -> tuple[Document, ...]:
        """Return all language versions of a commitment; raises NotFoundError."""

    def similar(self, request: SimilarRequest) -> SimilarResult:
        """Return the commitments of other countries most like one; raises NotFoundError."""

    @property
    def info(self) -> IndexInfo:
        """Which index answers."""


class SearcherHolder:
    """Opens the searcher at its first use and keeps it; while opening fails, every use tries again."""

    def __init__(self, opener: Callable[[], SearchService]) -> None:
        self._opener = opener
        self._searcher: SearchService | None = None
        self._lock = threading.Lock()

    def get(self) -> SearchService:
        """Return the searcher; raises IndexStoreError when the index is missing or damaged."""
        with self._lock:
            if self._searcher is None:
                self._searcher = self._opener()
            return self._searcher


def install_holder(app: Flask) -> None:
    """Give an application its holder: of `SEARCHER` if that is set, else of the index in the folder `INDEX`."""
    ready: SearchService | None = app.config["SEARCHER"]
    app.extensions[_EXTENSION] = SearcherHolder(lambda: ready if ready is not None else _open(app.config["INDEX"]))


def get_searcher() -> SearchService:
    """Return the current application's searcher; raises IndexStoreError when the index is missing or damaged."""
    return cast("SearcherHolder", current_app.extensions[_EXTENSION]).get()


def _open(index: str | Path) -> SearchService:
    from searchapp.search.searcher import Searcher  # noqa: PLC0415 (pages that need no index load no search libraries)

    return Searcher.open(Path(index))
