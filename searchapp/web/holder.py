"""The one place where the web application gets its searcher from, and where a new generation replaces the old."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, cast

from flask import Flask, current_app, g

from indexer.shared.encoder import AUTO
from indexer.shared.records import Document
from searchapp.engines.opening import Store, store_of
from searchapp.search.results import (
    CompareRequest,
    Comparison,
    FacetCounts,
    Hit,
    IndexInfo,
    Overview,
    SearchRequest,
    SearchResult,
    SimilarRequest,
    SimilarResult,
)
from searchapp.search.watch import Watch

__all__ = [
    "CurrentGeneration",
    "SearchService",
    "SearcherHolder",
    "Source",
    "get_searcher",
    "holder_of",
    "install_holder",
]

_EXTENSION = "concord.searcher"
_LOGGER = logging.getLogger(__name__)

LOOK_EVERY = 1.0
"""Seconds between two looks at the pointer."""

RETRY_AFTER = 10.0
"""Seconds until a new generation that couldn't be opened is tried again."""


class SearchService(Protocol):
    """What the web application asks of a searcher; safe to use from several threads."""

    def search(self, request: SearchRequest, *, watch: Watch | None = None) -> SearchResult:
        """Answer a search; raises QueryError for a query that can't be used."""

    def facets(self, request: SearchRequest, *, watch: Watch | None = None) -> FacetCounts:
        """Count the facets of a search, or of all that passes the filters; raises QueryError."""

    def overview(self, request: SearchRequest, *, watch: Watch | None = None) -> Overview:
        """Count how a whole result is spread; raises QueryError for a query that can't be used."""

    def all_hits(self, request: SearchRequest, *, watch: Watch | None = None) -> Iterator[Hit]:
        """Return every hit of a search's result, in order; raises QueryError like `search`."""

    def commitment(self, commitment_id: str) -> tuple[Document, ...]:
        """Return all language versions of a commitment; raises NotFoundError."""

    def similar(self, request: SimilarRequest) -> SimilarResult:
        """Return the commitments of other countries most like one; raises NotFoundError."""

    def compare(self, request: CompareRequest) -> Comparison:
        """Return commitments side by side; raises QueryError, or NotFoundError for an unknown one."""

    @property
    def info(self) -> IndexInfo:
        """Which index answers."""

    def warm_up(self) -> None:
        """Do all that makes a first search slower than the next; raises EncoderError."""

    @property
    def is_warm(self) -> bool:
        """Whether `warm_up` is done."""


class Source(Protocol):
    """Where a holder gets its searchers from."""

    def state(self) -> object:
        """Return what differs when there is something new to open; cheap."""

    def open(self, previous: SearchService | None) -> SearchService:
        """Open what there is now, ready to take over from `previous` at once; raises a ConcordError."""


@dataclass(frozen=True, slots=True)
class CurrentGeneration:
    """The generation that answers of an index; `paranoid` compares the SHA-256 of every file that is opened.

    `runtime` is what computes the encoder.
    """

    store: Store
    paranoid: bool = False
    runtime: str = AUTO

    def state(self) -> object:
        """Return what differs when another generation is current."""
        return self.store.state()

    def open(self, previous: SearchService | None) -> SearchService:
        """Open it; with `previous`, its encoder is shared if it can be, and the new searcher is warmed up."""
        from searchapp.search.searcher import Searcher  # noqa: PLC0415 (pages without an index load no search libraries)

        if isinstance(previous, Searcher):
            return previous.renewed(self.store, paranoid=self.paranoid)
        return Searcher.open(self.store, paranoid=self.paranoid, runtime=self.runtime)


@dataclass(frozen=True, slots=True)
class _Fixed:
    """One searcher that never changes."""

    searcher: SearchService

    def state(self) -> object:
        return None

    def open(self, _previous: SearchService | None) -> SearchService:
        return self.searcher


class SearcherHolder:
    """Opens the searcher at its first use, and another when `refresh` finds a new generation.

    While the first opening fails, every use tries again. A new searcher is opened beside the old one, which goes on
    answering; whoever has the old one keeps it, and its maps are released with its last user.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._searcher: SearchService | None = None
        self._state: object = None
        self._failure = ""
        self._opening = threading.Lock()

    def get(self) -> SearchService:
        """Return the searcher; raises IndexStoreError when the index is missing or damaged."""
        searcher = self._searcher
        return self._opened() if searcher is None else searcher

    def refresh(self) -> bool:
        """Open what is new, if anything is; return False when it couldn't be opened, which is logged once a reason."""
        with self._opening:
            state = self._source.state()
            if self._searcher is None or state == self._state:
                return True
            before = self._searcher.info.digest
            try:
                self._searcher = self._source.open(self._searcher)
            except Exception as error:  # noqa: BLE001 (whatever is wrong with the new one, the old one answers)
                self._log_failure(f"{type(error).__name__}: {error}", before)
                return False
            self._state, self._failure = state, ""
            _LOGGER.info("index %s answers, after %s", self._searcher.info.digest, before)
            return True

    def watch(self, stop: threading.Event) -> threading.Thread:
        """Start a thread that refreshes as often as is cheap, until `stop` is set."""

        def look() -> None:
            wait = LOOK_EVERY
            while not stop.wait(wait):
                wait = LOOK_EVERY if self.refresh() else RETRY_AFTER

        thread = threading.Thread(target=look, name="index-watch", daemon=True)
        thread.start()
        return thread

    def _opened(self) -> SearchService:
        with self._opening:
            if self._searcher is None:
                state = self._source.state()
                self._searcher = self._source.open(None)
                self._state = state
            return self._searcher

    def _log_failure(self, reason: str, kept: str) -> None:
        if reason != self._failure:
            _LOGGER.error("the new index can't be used, %s goes on answering: %s", kept, reason)
        self._failure = reason


def install_holder(app: Flask) -> None:
    """Give an application its holder: of `SEARCHER` if that is set, else of the index in `ENGINE` or `INDEX`."""
    ready: SearchService | None = app.config["SEARCHER"]
    config = app.config
    if ready is not None:
        app.extensions[_EXTENSION] = SearcherHolder(_Fixed(ready))
        return
    store = store_of(str(config["INDEX"]), config["ENGINE"])
    current = CurrentGeneration(store, paranoid=config["PARANOID"], runtime=config["RUNTIME"])
    app.extensions[_EXTENSION] = SearcherHolder(current)


def holder_of(app: Flask) -> SearcherHolder:
    """Return an application's holder."""
    return cast("SearcherHolder", app.extensions[_EXTENSION])


def get_searcher() -> SearchService:
    """Return the searcher of the current request, the same from its start to its end.

    Raises IndexStoreError when the index is missing or damaged.
    """
    if "searcher" not in g:
        g.searcher = holder_of(current_app).get()
    return cast("SearchService", g.searcher)
