"""The tables of `python -m bench service`: a column for each size."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import numpy as np

from bench.service.measured import Column, Measured
from bench.service.scans import CONCORD, Scan
from bench.service.throughput import Answers

__all__ = ["service_tables"]

_PERCENTILES = (50, 95, 99)


def service_tables(measured: Measured) -> Iterator[str]:
    """Give the lines of six Markdown tables: latency, throughput, memory, indexing, the legs, and scans."""
    columns = measured.columns
    searches = len(next(iter(columns[0].latencies.values())))
    yield from _table(f"Milliseconds of {searches} searches: p50 / p95 / p99", columns, _latency_rows)
    yield ""
    yield from _table("Answers a second, over HTTP (p50 / p99)", columns, _throughput_rows)
    yield ""
    yield from _table("Memory, MB", columns, _memory_rows)
    yield ""
    yield from _table("Indexing, without encoding", columns, _cost_rows)
    yield ""
    yield from _table("The first 100 by one leg: median time", columns, _leg_rows)
    yield ""
    yield from _table("The first 100 of vectors outside an index: median time", measured.scans, _scan_rows)


Sized = TypeVar("Sized", Column, Scan)
Rows = Callable[[Sequence[Sized]], Iterator[list[str]]]
"""Gives the rows of a table: what is in it, then a cell for each column."""


def _table(title: str, columns: Sequence[Sized], rows: Rows[Sized]) -> Iterator[str]:
    yield f"| {title} | {' | '.join(f'{column.chunks:,} chunks' for column in columns)} |"
    yield "|---|" + "---:|" * len(columns)
    for row in rows(columns):
        yield f"| {' | '.join(row)} |"


def _latency_rows(columns: Sequence[Column]) -> Iterator[list[str]]:
    for mode, stage in columns[0].latencies:
        shown = [np.percentile(column.latencies[mode, stage], _PERCENTILES) for column in columns]
        yield [f"{mode}, {stage}", *(" / ".join(f"{value:.1f}" for value in values) for values in shown)]


def _throughput_rows(columns: Sequence[Column]) -> Iterator[list[str]]:
    for asked in columns[0].throughput:
        workers, mode, clients = asked
        yield [
            f"{mode}, {_many(workers, 'worker')}, {_many(clients, 'client')}",
            *(_answered(column.throughput[asked]) for column in columns),
        ]


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'s' if count > 1 else ''}"


def _answered(measured: Answers) -> str:
    middle, late = np.percentile(measured.milliseconds, (50, 99))
    return f"{measured.rate:.0f} ({middle:.1f} / {late:.1f} ms)"


def _memory_rows(columns: Sequence[Column]) -> Iterator[list[str]]:
    kept = [column.memory for column in columns]
    yield ["index on disk", *(_megabytes(one.disk) for one in kept)]
    yield ["a server's process, after these answers", *(_megabytes(one.server) for one in kept)]
    yield ["the same before it opened the index", *(_megabytes(one.encoder) for one in kept)]
    yield ["the latter and twice the index: the bar", *(_megabytes(one.encoder + 2 * one.disk) for one in kept)]


def _cost_rows(columns: Sequence[Column]) -> Iterator[list[str]]:
    yield ["seconds", *(f"{column.cost.seconds:.1f}" for column in columns)]
    yield ["milliseconds a chunk", *(f"{1000 * column.cost.seconds / column.chunks:.2f}" for column in columns)]
    yield ["seconds, after one document has changed", *(f"{column.cost.update:.1f}" for column in columns)]
    yield ["peak memory, MB", *(f"{column.cost.megabytes:,.0f}" for column in columns)]


def _leg_rows(columns: Sequence[Column]) -> Iterator[list[str]]:
    first: dict[str, str] = {}
    for leg, engine in columns[0].legs or {}:
        base = first.setdefault(leg, engine)
        times = [column.legs and (column.legs[leg, engine], column.legs[leg, base]) for column in columns]
        cells = ["–" if one is None else _beside(*one, first=engine == base) for one in times]
        yield [f"{leg}: {engine}", *cells]
    same = ["–" if column.same is None else f"{column.same:.1%}" for column in columns]
    yield ["keyword: queries with the first 10 of Whoosh's BM25F", *same]


def _scan_rows(columns: Sequence[Scan]) -> Iterator[list[str]]:
    for engine in columns[0].seconds:
        pairs = [(column.seconds[engine], column.seconds[CONCORD]) for column in columns]
        yield [engine, *(_beside(seconds, base, first=engine == CONCORD) for seconds, base in pairs)]
    yield ["recall@100 of Concord", *(f"{column.recall:.2%}" for column in columns)]


def _megabytes(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:,.0f}"


def _beside(seconds: float, base: float, *, first: bool) -> str:
    """Return how long an engine takes, as a multiple of the first one's time, which is given in milliseconds."""
    return f"1 × ({1000 * base:.2f} ms)" if first else f"{seconds / base:.2f} ×"
