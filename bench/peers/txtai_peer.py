"""txtai: one embeddings database with `hybrid`, and an external function for its vectors.

https://neuml.github.io/txtai/embeddings/configuration/ (hybrid, content, instructions; external vectors).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import txtai

from bench.peers.base import CUT, Embedder, Peer, Text
from indexer.shared.encoder import Embeddings

__all__ = ["open_peer"]

_QUERY, _PASSAGE = "query: ", "passage: "


def open_peer(texts: Sequence[Text], embedder: Embedder) -> Peer:
    """Index texts."""
    return _Txtai(texts, embedder)


class _Txtai:
    def __init__(self, texts: Sequence[Text], embedder: Embedder) -> None:
        def transform(prompted: list[str]) -> Embeddings:
            """Encode texts as what txtai's instructions say they are; the encoder sets these prompts itself."""
            if prompted[0].startswith(_QUERY):
                return embedder.queries([text.removeprefix(_QUERY) for text in prompted])
            return embedder.passages([text.removeprefix(_PASSAGE) for text in prompted])

        self._count = len(texts)
        self._embeddings = txtai.Embeddings(
            hybrid=True,
            content=True,
            method="external",
            transform=transform,
            instructions={"query": _QUERY, "data": _PASSAGE},
        )
        self._embeddings.index([(one.row, {"text": one.text, "lang": one.lang}, None) for one in texts])

    def search(self, query: str, *, without: str | None) -> list[int]:
        """Search by text, or with SQL where there is a filter; it filters candidates, so all are made candidates."""
        if without is None:
            found: list[dict[str, Any]] = self._embeddings.search(query, CUT)
        else:
            sql = f"SELECT id, score FROM txtai WHERE similar(:query, {self._count}) AND lang != :lang"  # noqa: S608 (a number)
            found = self._embeddings.search(sql, CUT, parameters={"query": query, "lang": without})
        return [int(one["id"]) for one in found]
