"""The vector leg over more chunks than are indexed to measure with: vectors in memory, outside an index.

The semantic leg of a search compares them as it does an index's: in eight bits, and the nearest exactly. Beside it
stand numpy reading as many bytes once, which is the limit of a scan on one core, and flat scans in 32 bits. Concord's
scan has all cores; numpy and FAISS compare one query on one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from types import SimpleNamespace
from typing import cast

import numpy as np
from threadpoolctl import threadpool_limits

from bench.service.engines import CUT, READING, Search, first_rows, missing_packages, nearest_rows, only_read
from bench.service.made_up import MadeUpEncoder, made_up_vectors
from bench.service.processes import in_new_process
from bench.speed import medians
from indexer.shared.encoder import Embeddings
from indexer.shared.storage import CHUNK_DTYPE, Centres, Generation
from searchapp.engines.embedded import EmbeddedEngine
from searchapp.search.semantic import SemanticLeg

__all__ = ["CONCORD", "Scan", "scan"]

CONCORD = "Concord"

_QUERIES = 21


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """Median seconds to find the first of so many vectors, by engine, and Concord's recall@100 of an exact scan's."""

    chunks: int
    seconds: Mapping[str, float]
    recall: float


def scan(chunks: int) -> Scan:
    """Time scans of so many made-up vectors, in a new process (8 KB a chunk)."""
    return in_new_process(_scan, chunks)


def _scan(chunks: int) -> Scan:
    vectors, queries = made_up_vectors(chunks, seed=1), made_up_vectors(_QUERIES, seed=2)
    leg = SemanticLeg(EmbeddedEngine(_generation(vectors)))
    with threadpool_limits(limits=1):
        engines = dict(_engines(leg, vectors, queries))
        found = medians(list(engines.values()), _QUERIES)
        recall = np.mean([_recall(leg, query) for query in queries])
    return Scan(chunks=chunks, seconds=dict(zip(engines, found, strict=True)), recall=float(recall))


def _generation(vectors: Embeddings) -> Generation:
    """Return what the semantic leg asks of a generation: passages in one language, which both models know."""
    encoder = SimpleNamespace(second=MadeUpEncoder.second)
    nothing = np.zeros((1, vectors.shape[1]), dtype=np.float32)
    made_up = SimpleNamespace(
        chunks=np.zeros(len(vectors), dtype=CHUNK_DTYPE),
        manifest=SimpleNamespace(encoder=encoder, langs=MadeUpEncoder.second.langs[:1]),
        embeddings=vectors,
        centres=Centres(passages=nothing, sentences=nothing),
    )
    return cast("Generation", made_up)


def _engines(leg: SemanticLeg, vectors: Embeddings, queries: Embeddings) -> Iterator[tuple[str, Search]]:
    scanned = only_read(vectors)
    yield CONCORD, lambda number: nearest_rows(leg.nearness(queries[number]))
    yield READING, lambda _: scanned.max(initial=0)
    yield f"numpy {np.__version__}, flat scan", lambda number: first_rows(vectors @ queries[number])
    if "faiss-cpu" not in missing_packages():
        yield f"faiss-cpu {metadata.version('faiss-cpu')}, flat scan", _faiss(vectors, queries)


def _faiss(vectors: Embeddings, queries: Embeddings) -> Search:
    import faiss  # noqa: PLC0415 (an extra)

    count, metric = min(CUT, len(vectors)), faiss.METRIC_INNER_PRODUCT
    return lambda number: faiss.knn(queries[number : number + 1], vectors, count, metric=metric)


def _recall(leg: SemanticLeg, query: Embeddings) -> float:
    exact = first_rows(leg.passage_scores(query))
    return len(np.intersect1d(exact, nearest_rows(leg.nearness(query)))) / len(exact)
