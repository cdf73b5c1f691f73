"""At how many chunks one machine is no longer enough, worked out from what was measured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from bench.service.latency import TOTAL
from bench.service.measured import Measured
from bench.service.scans import CONCORD

__all__ = ["limit_lines"]

_STEP = 100_000  # chunks
_MOST_MEGABYTES, _MOST_MILLISECONDS = 8 * 1024, 50


@dataclass(frozen=True, slots=True, kw_only=True)
class _Growth:
    """What grows with the number of chunks: by so much for each, from `base`, up to `most` (None: no limit)."""

    what: str
    unit: str
    each: float
    base: float
    most: float | None = None

    @property
    def reached(self) -> float:
        """The number of chunks at which it is as much as it may be; inf if it never is, or isn't known to grow."""
        if self.most is None or not self.each > 0:
            return float("inf")
        return max(0.0, (self.most - self.base) / self.each)


def limit_lines(measured: Measured) -> Iterator[str]:
    """Give the lines of a Markdown table, and of a sentence that says which limit is reached first."""
    growths = list(_growths(measured))
    yield f"| worked out from the tables above | for each {_STEP:,} chunks | and always | limit | reached at |"
    yield "|---|---:|---:|---:|---:|"
    for one in growths:
        limit = "" if one.most is None else f"{one.most:,} {one.unit}"
        reached = f"{_about(one.reached)} chunks" if one.reached < float("inf") else ""
        cells = [one.what, f"{one.each * _STEP:,.0f} {one.unit}", f"{one.base:,.0f} {one.unit}", limit, reached]
        yield f"| {' | '.join(cells)} |"
    first = min(growths, key=lambda one: one.reached)
    if first.reached < float("inf"):
        yield ""
        yield f"The first limit, that of the {first.what}, is reached at about {_about(first.reached)} chunks."


def _growths(measured: Measured) -> Iterator[_Growth]:
    columns, scans = measured.columns, measured.scans
    sizes = [column.chunks for column in columns]
    disk = [column.memory.disk for column in columns]
    server = [column.memory.server for column in columns]
    scanned = [1000 * one.seconds[CONCORD] for one in scans]
    hybrid = [np.median(column.latencies["hybrid", TOTAL] - column.latencies["hybrid", "encode"]) for column in columns]
    yield _growth("index on disk", "MB", sizes, disk)
    yield _growth("memory of a server", "MB", sizes, server, _MOST_MEGABYTES)
    yield _growth("scan of the vectors", "ms", [one.chunks for one in scans], scanned, _MOST_MILLISECONDS)
    yield _growth("hybrid search without encoding", "ms", sizes, hybrid, _MOST_MILLISECONDS)


def _growth(what: str, unit: str, sizes: Sequence[int], values: Sequence[float], most: float | None = None) -> _Growth:
    """Lay a straight line through the smallest and the largest size; through zero if there is one size only."""
    (least, low), (greatest, high) = min(zip(sizes, values, strict=True)), max(zip(sizes, values, strict=True))
    if least == greatest:
        least, low = 0, 0.0
    each = (high - low) / (greatest - least)
    return _Growth(what=what, unit=unit, each=float(each), base=float(low - each * least), most=most)


def _about(chunks: float) -> str:
    """Return a number of chunks with two digits that count."""
    digits = len(str(int(chunks)))
    return f"{round(int(chunks), min(0, 2 - digits)):,}"
