"""LanceDB: a table with vectors and a full-text index, searched with `query_type="hybrid"`, which fuses by rank.

https://docs.lancedb.com/search/hybrid-search (vector and text given, RRFReranker by default).
"""

from __future__ import annotations

from collections.abc import Sequence

import lancedb
from lancedb.index import FTS

from bench.peers.base import CUT, Embedder, Peer, Text

__all__ = ["open_peer"]


def open_peer(texts: Sequence[Text], embedder: Embedder) -> Peer:
    """Index texts."""
    return _Lancedb(texts, embedder)


class _Lancedb:
    def __init__(self, texts: Sequence[Text], embedder: Embedder) -> None:
        vectors = embedder.passages([one.text for one in texts])
        rows = [
            {"row": one.row, "lang": one.lang, "text": one.text, "vector": vector}
            for one, vector in zip(texts, vectors, strict=True)
        ]
        self._embedder = embedder
        self._table = lancedb.connect("memory://").create_table("texts", data=rows)
        self._table.create_index("text", config=FTS())

    def search(self, query: str, *, without: str | None) -> list[int]:
        """Search with the query's vector and its words; the filter is applied before."""
        search = self._table.search(query_type="hybrid").vector(self._embedder.queries([query])[0]).text(query)
        if without is not None:
            search = search.where(f"lang != '{without}'")
        return [int(found["row"]) for found in search.limit(CUT).to_list()]
