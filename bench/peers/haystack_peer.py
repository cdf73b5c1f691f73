"""Haystack: a pipeline of BM25 and embedding retrievers over the store in memory, joined by reciprocal rank fusion.

https://docs.haystack.deepset.ai/docs/documentjoiner and https://haystack.deepset.ai/tutorials/33_hybrid_retrieval
(without the ranker, which is another model).
"""

from __future__ import annotations

from collections.abc import Sequence

from haystack import Document, Pipeline
from haystack.components.joiners import DocumentJoiner
from haystack.components.retrievers.in_memory import InMemoryBM25Retriever, InMemoryEmbeddingRetriever
from haystack.document_stores.in_memory import InMemoryDocumentStore

from bench.peers.base import CUT, Embedder, Peer, Text

__all__ = ["open_peer"]


def open_peer(texts: Sequence[Text], embedder: Embedder) -> Peer:
    """Index texts."""
    return _Haystack(texts, embedder)


class _Haystack:
    def __init__(self, texts: Sequence[Text], embedder: Embedder) -> None:
        vectors = embedder.passages([one.text for one in texts])
        store = InMemoryDocumentStore()
        store.write_documents(
            [
                Document(id=str(one.row), content=one.text, meta={"lang": one.lang}, embedding=vector.tolist())
                for one, vector in zip(texts, vectors, strict=True)
            ]
        )
        self._embedder = embedder
        self._pipeline = Pipeline()
        self._pipeline.add_component("words", InMemoryBM25Retriever(store))
        self._pipeline.add_component("meaning", InMemoryEmbeddingRetriever(store))
        self._pipeline.add_component("joiner", DocumentJoiner(join_mode="reciprocal_rank_fusion"))
        self._pipeline.connect("words", "joiner")
        self._pipeline.connect("meaning", "joiner")

    def search(self, query: str, *, without: str | None) -> list[int]:
        """Run the pipeline; both retrievers give their default of ten documents."""
        filters = {} if without is None else {"field": "meta.lang", "operator": "!=", "value": without}
        vector = self._embedder.queries([query])[0].tolist()
        result = self._pipeline.run(
            {
                "words": {"query": query, "filters": filters},
                "meaning": {"query_embedding": vector, "filters": filters},
            }
        )
        return [int(document.id) for document in result["joiner"]["documents"][:CUT]]
