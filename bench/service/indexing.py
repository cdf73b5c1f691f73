"""What indexing costs, in a process of its own."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path

from bench.service.corpus import make_documents
from bench.service.made_up import MadeUpEncoder
from bench.service.processes import in_new_process
from bench.sets import ogp_knownitem
from indexer.pipeline import index_documents
from indexer.readers.sources import ReadResult

__all__ = ["IndexCost", "index_fresh"]

_STATUS = Path("/proc/self/status")


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexCost:
    """Seconds of indexing without those spent on embeddings, and the most memory that its process had, in MB."""

    seconds: float
    megabytes: float


def index_fresh(data: Path, chunks: int, index: Path) -> IndexCost:
    """Make an index of so many made-up chunks in a new process; `data` is the folder of test sets."""
    return in_new_process(_index, data, chunks, index)


def _index(data: Path, chunks: int, index: Path) -> IndexCost:
    read = ReadResult(documents=make_documents(ogp_knownitem(data), chunks), rejected=(), sources=())
    encoder = MadeUpEncoder()
    start = time.perf_counter()
    index_documents(read, index=index, encoder=encoder)
    return IndexCost(seconds=time.perf_counter() - start - encoder.seconds, megabytes=_peak_megabytes())


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
