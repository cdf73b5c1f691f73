"""The tables of `python -m bench engines`: costs by engine and size, and what follows for larger corpora."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from bench.engines.measured import ENGINES, Cost, Found

__all__ = ["capacity_lines", "engine_tables"]

_SIZES = (10_000_000, 100_000_000)
_ENCODED = 60.0  # passages a second on two cores, see docs/performance.md, "Runtimes"
_DAY = 24 * 3600
_SHARD_MEMORY = 64 * 1024  # MB of a server, of which an index that is searched must fit half
_READER_MEMORY = 16 * 1024  # MB of a server that answers requests


def engine_tables(found: Sequence[Found]) -> Iterator[str]:
    """Give the lines of a Markdown table, a column for each size and engine."""
    heads = [f"{one.chunks:,} chunks, {engine}" for one in found for engine in ENGINES]
    yield f"| | {' | '.join(heads)} |"
    yield "|---|" + "---:|" * len(heads)
    rows: dict[str, Callable[[Cost], str]] = {
        "hybrid search, ms: p50 / p95": _latency,
        "indexing without encoding, s": lambda cost: f"{cost.seconds:,.0f}",
        "the same after one document has changed, s": lambda cost: f"{cost.update:,.1f}",
        "on disk, MB": lambda cost: f"{cost.disk:,.0f}",
        "a searching process without its encoder, MB": lambda cost: f"{cost.memory:,.0f}",
    }
    for name, cell in rows.items():
        yield f"| {name} | {' | '.join(cell(one.costs[engine]) for one in found for engine in ENGINES)} |"
    yield _beside("of the 50 nearest passages, named", [f"{one.recall:.1%}" for one in found])
    yield _beside("queries with the same first ten hits", [f"{one.same:.0%}" for one in found])


def capacity_lines(found: Sequence[Found]) -> Iterator[str]:
    """Give the lines of a Markdown table that says what larger corpora would take, in proportion to the largest size.

    Each cell shows its arithmetic: so much a chunk, times chunks.
    """
    largest = found[-1]
    database, embedded = largest.costs["PostgreSQL"], largest.costs["embedded"]
    yield f"| in proportion to {largest.chunks:,} chunks | {' | '.join(f'{size:,} chunks' for size in _SIZES)} |"
    yield "|---|" + "---:|" * len(_SIZES)
    each_disk = 1024 * database.disk / largest.chunks
    each_process = 1024 * database.memory / largest.chunks
    each_indexing = 1000 * embedded.seconds / largest.chunks
    each_publishing = 1000 * (database.seconds - embedded.seconds) / largest.chunks
    yield _row(f"database: {each_disk:.1f} KB a chunk", lambda size: _gigabytes(each_disk * size))
    yield _row(
        f"shards: half of {_SHARD_MEMORY // 1024} GB each for the database",
        lambda size: f"{math.ceil(each_disk * size / 1024 / (_SHARD_MEMORY / 2)):,}",
    )
    yield _row(f"a searching process: {each_process:.2f} KB a chunk", lambda size: _gigabytes(each_process * size))
    yield _row(
        f"indexes to split a corpus into, {_READER_MEMORY // 1024} GB a searching process",
        lambda size: f"{math.ceil(each_process * size / 1024 / _READER_MEMORY):,}",
    )
    yield _row(
        f"encoding: {_ENCODED:.0f} passages a second and machine of two cores; machines for one day",
        lambda size: f"{math.ceil(size / _ENCODED / _DAY):,}",
    )
    yield _row(f"indexing: {each_indexing:.1f} ms a chunk", lambda size: _hours(each_indexing * size / 1000))
    yield _row(f"publishing: {each_publishing:.1f} ms a chunk", lambda size: _hours(each_publishing * size / 1000))


def _beside(name: str, cells: Sequence[str]) -> str:
    """Return a row of what PostgreSQL gives beside the embedded engine."""
    return f"| {name} | {' | '.join(f' | {cell}' for cell in cells)} |"


def _latency(cost: Cost) -> str:
    return " / ".join(f"{value:.0f}" for value in np.percentile(cost.milliseconds, (50, 95)))


def _row(name: str, cell: Callable[[int], str]) -> str:
    return f"| {name} | {' | '.join(cell(size) for size in _SIZES)} |"


def _gigabytes(kilobytes: float) -> str:
    return f"{kilobytes / 1024**2:,.0f} GB"


def _hours(seconds: float) -> str:
    return f"{seconds / 3600:,.1f} h"
