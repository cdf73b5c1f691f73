"""Queries asked again, on another page or with another filter, are not encoded again."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Protocol

from indexer.shared.encoder import Embeddings

__all__ = ["REMEMBERED", "QueryEncoder", "RecentQueries"]

REMEMBERED = 1_000
"""How many queries: some 4 MB."""


class QueryEncoder(Protocol):
    """What a search asks of an encoder (see `indexer.shared.encoder.Encoder`)."""

    @property
    def name(self) -> str:
        """The name that selects it."""

    @property
    def revision(self) -> str:
        """A digest of everything that decides its output."""

    def encode_queries(self, queries: Sequence[str]) -> Embeddings:
        """Return the `(n, dim)` embeddings of queries."""


class RecentQueries:
    """The encoder given, which remembers the queries asked last. Safe to use from threads."""

    def __init__(self, encoder: QueryEncoder) -> None:
        self._encoder = encoder
        self._remembered = lru_cache(REMEMBERED)(self._encode_one)

    @property
    def name(self) -> str:
        """The encoder's name."""
        return self._encoder.name

    @property
    def revision(self) -> str:
        """The encoder's revision."""
        return self._encoder.revision

    def encode_queries(self, queries: Sequence[str]) -> Embeddings:
        """Return the `(n, dim)` embeddings of queries."""
        if len(queries) == 1:
            return self._remembered(queries[0]).copy()
        return self._encoder.encode_queries(queries)

    def _encode_one(self, query: str) -> Embeddings:
        return self._encoder.encode_queries([query])
