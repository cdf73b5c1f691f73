"""Figures as if they had been measured."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bench.service.engines import READING
from bench.service.indexing import IndexCost
from bench.service.latency import MODES, OTHER, TOTAL
from bench.service.measured import Column, Measured
from bench.service.memory import Memory
from bench.service.scans import CONCORD, Scan
from bench.service.throughput import Answers
from searchapp.search.watch import STAGES

__all__ = ["made_up"]


def made_up(sizes: Sequence[int] = (1_000, 51_000), scans: Sequence[int] = (100_000, 300_000)) -> Measured:
    """Return figures by which 1,000 chunks take 1 ms of a search, 2 MB on disk and 3 MB of memory, on top of 900 MB.

    100,000 vectors are scanned in 10 ms, at the speed of memory.
    """
    return Measured(columns=[_column(size) for size in sizes], scans=[_scan(size) for size in scans])


def _column(size: int) -> Column:
    stages = dict.fromkeys((*STAGES, OTHER), size / 6_000) | {"encode": 20.0, TOTAL: 20 + size / 1_000}
    return Column(
        chunks=size,
        cost=IndexCost(seconds=size / 100, update=1.0, megabytes=200.0),
        memory=Memory(disk=size / 500, encoder=800.0, server=900 + 3 * size / 1_000),
        latencies={(mode, stage): np.full(4, taken) for mode in MODES for stage, taken in stages.items()},
        throughput={(1, "hybrid", 1): Answers(rate=20.0, milliseconds=np.full(4, 50.0))},
        legs={("vector", CONCORD): size / 1e7, ("vector", READING): size / 1e7},
        same=1.0,
    )


def _scan(size: int) -> Scan:
    return Scan(chunks=size, seconds={CONCORD: size / 1e7, READING: size / 1e7}, recall=1.0)
