"""What indexing costs, in a process of its own."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench.service.corpus import make_documents
from bench.service.made_up import MadeUpEncoder
from bench.service.memory import peak_megabytes
from bench.service.processes import in_new_process
from bench.sets import ogp_knownitem
from indexer.pipeline import index_documents
from indexer.readers.sources import ReadResult
from indexer.shared.records import Document

__all__ = ["IndexCost", "index_fresh"]


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexCost:
    """Seconds of indexing without those spent on embeddings, and the most memory that its process had, in MB.

    `update` are the seconds of indexing again after one document has changed.
    """

    seconds: float
    update: float
    megabytes: float


def index_fresh(data: Path, chunks: int, index: Path) -> IndexCost:
    """Make an index of so many made-up chunks in a new process, then change its first document.

    `data` is the folder of test sets.
    """
    return in_new_process(_index, data, chunks, index)


def _index(data: Path, chunks: int, index: Path) -> IndexCost:
    documents = make_documents(ogp_knownitem(data), chunks)
    seconds, megabytes = _seconds(documents, index), peak_megabytes()
    first, *others = documents
    changed = replace(first, title=f"{first.title} (changed)")
    return IndexCost(seconds=seconds, update=_seconds([changed, *others], index), megabytes=megabytes)


def _seconds(documents: Sequence[Document], index: Path) -> float:
    encoder = MadeUpEncoder()
    start = time.perf_counter()
    index_documents(ReadResult(documents=tuple(documents), rejected=(), sources=()), index=index, encoder=encoder)
    return time.perf_counter() - start - encoder.seconds
