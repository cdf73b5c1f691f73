"""What indexing costs, in a process of its own."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench.service.corpus import make_documents
from bench.service.made_up import MadeUpEncoder
from bench.service.processes import in_new_process
from bench.sets import ogp_knownitem
from indexer.pipeline import index_documents
from indexer.readers.sources import ReadResult
from indexer.shared.records import Document

__all__ = ["IndexCost", "index_fresh"]

_STATUS = Path("/proc/self/status")


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
    seconds, megabytes = _seconds(documents, index), _peak_megabytes()
    first, *others = documents
    changed = replace(first, title=f"{first.title} (changed)")
    return IndexCost(seconds=seconds, update=_seconds([changed, *others], index), megabytes=megabytes)


def _seconds(documents: Sequence[Document], index: Path) -> float:
    encoder = MadeUpEncoder()
    start = time.perf_counter()
    index_documents(ReadResult(documents=tuple(documents), rejected=(), sources=()), index=index, encoder=encoder)
    return time.perf_counter() - start - encoder.seconds


def _peak_megabytes() -> float:
    """Return the most memory that this process had.

    Linux lets `getrusage` start from what the parent had, so the process's own status is read where there is one.
    """
    if _STATUS.is_file():
        [line] = [line for line in _STATUS.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM:")]
        return int(line.split()[1]) / 1024
    import resource  # noqa: PLC0415 (not on every system)

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024**2 if sys.platform == "darwin" else 1024)
