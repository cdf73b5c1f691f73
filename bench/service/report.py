"""The tables of `python -m bench service`: a column for each size of the index."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from bench.service.engines import LegTimes, leg_times, same_first_chunks
from bench.service.indexing import IndexCost, index_fresh
from bench.service.latency import Latencies, latencies
from bench.service.made_up import Load
from bench.service.throughput import CLIENTS, answers_per_second, serving
from bench.sets import ogp_knownitem
from evaluation.dataset import Topic
from indexer.shared.storage import open_generation
from searchapp.search.results import Mode

__all__ = ["SIZES", "ServiceSetup", "service_tables"]

SIZES = (1_000, 10_000, 50_000)

_SERVED: tuple[Mode, ...] = ("keyword", "hybrid")
_PERCENTILES = (50, 95, 99)

Throughput = dict[tuple[Mode, int], float]
"""Answers in a second by mode and number of clients."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSetup:
    """What is measured: the folder of test sets, sizes in chunks, and where the encoder comes from.

    `sample` is the number of queries in each of two languages, `seconds` how long a server is asked in each way.
    """

    data: Path
    load: Load
    sizes: Sequence[int] = SIZES
    sample: int = 100
    seconds: float = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Column:
    """What was measured of one size."""

    size: int
    cost: IndexCost
    latencies: Latencies
    throughput: Throughput
    legs: LegTimes
    same: float


def service_tables(setup: ServiceSetup) -> Iterator[str]:
    """Give the lines of four Markdown tables: latency, throughput, indexing, and the legs beside other engines."""
    topics = ogp_knownitem(setup.data, setup.sample).topics
    sizes = tqdm(setup.sizes, desc="Measuring", unit=" sizes", disable=None)
    columns = [_column(size, setup, topics) for size in sizes]
    yield from _table(f"Milliseconds of {len(topics)} searches: p50 / p95 / p99", columns, _latency_rows)
    yield ""
    yield from _table("Answers a second, over HTTP", columns, _throughput_rows)
    yield ""
    yield from _table("Indexing, without encoding", columns, _cost_rows)
    yield ""
    yield from _table("The first 100 by one leg: median time", columns, _leg_rows)


def _column(size: int, setup: ServiceSetup, topics: Sequence[Topic]) -> _Column:
    queries = [topic.query.text for topic in topics]
    with tempfile.TemporaryDirectory() as folder:
        index = Path(folder) / "index"
        return _Column(
            size=size,
            cost=index_fresh(setup.data, size, index),
            legs=leg_times(open_generation(index), topics),
            same=same_first_chunks(open_generation(index), ogp_knownitem(setup.data).topics),
            throughput=_throughput(index, setup, queries),
            latencies=latencies(index, setup.load, queries),
        )


def _throughput(index: Path, setup: ServiceSetup, queries: Sequence[str]) -> Throughput:
    with serving(index, setup.load) as port:
        return {
            (mode, clients): answers_per_second(port, mode, queries, clients=clients, seconds=setup.seconds)
            for mode in _SERVED
            for clients in CLIENTS
        }


Rows = Callable[[Sequence[_Column]], Iterator[list[str]]]
"""Gives the rows of a table: what is in it, then a cell for each column."""


def _table(title: str, columns: Sequence[_Column], rows: Rows) -> Iterator[str]:
    yield f"| {title} | {' | '.join(f'{column.size:,} chunks' for column in columns)} |"
    yield "|---|" + "---:|" * len(columns)
    for row in rows(columns):
        yield f"| {' | '.join(row)} |"


def _latency_rows(columns: Sequence[_Column]) -> Iterator[list[str]]:
    for mode, stage in columns[0].latencies:
        shown = [np.percentile(column.latencies[mode, stage], _PERCENTILES) for column in columns]
        yield [f"{mode}, {stage}", *(" / ".join(f"{value:.1f}" for value in values) for values in shown)]


def _throughput_rows(columns: Sequence[_Column]) -> Iterator[list[str]]:
    for mode, clients in columns[0].throughput:
        asked = f"{clients} client{'s' if clients > 1 else ''}"
        yield [f"{mode}, {asked}", *(f"{column.throughput[mode, clients]:.0f}" for column in columns)]


def _cost_rows(columns: Sequence[_Column]) -> Iterator[list[str]]:
    yield ["seconds", *(f"{column.cost.seconds:.1f}" for column in columns)]
    yield ["milliseconds a chunk", *(f"{1000 * column.cost.seconds / column.size:.2f}" for column in columns)]
    yield ["seconds, after one document has changed", *(f"{column.cost.update:.1f}" for column in columns)]
    yield ["peak memory, MB", *(f"{column.cost.megabytes:,.0f}" for column in columns)]


def _leg_rows(columns: Sequence[_Column]) -> Iterator[list[str]]:
    first: dict[str, str] = {}
    for leg, engine in columns[0].legs:
        base = first.setdefault(leg, engine)
        cells = [_beside(column.legs[leg, engine], column.legs[leg, base], first=engine == base) for column in columns]
        yield [f"{leg}: {engine}", *cells]
    yield ["keyword: queries with the first 10 of Whoosh's BM25F", *(f"{column.same:.1%}" for column in columns)]


def _beside(seconds: float, base: float, *, first: bool) -> str:
    """Return how long an engine takes, as a multiple of the first one's time, which is given in milliseconds."""
    return f"1 × ({1000 * base:.2f} ms)" if first else f"{seconds / base:.2f} ×"
