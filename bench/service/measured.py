"""What `python -m bench service` measures: indexes of several sizes, and scans of more vectors."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from bench.service.engines import LegTimes, leg_times, same_first_chunks
from bench.service.indexing import IndexCost, index_fresh
from bench.service.latency import Latencies, latencies
from bench.service.made_up import Load
from bench.service.memory import Memory, disk_megabytes, resident_megabytes
from bench.service.scans import Scan, scan
from bench.service.throughput import CLIENTS, Answers, answers, serving
from bench.sets import ogp_knownitem
from evaluation.dataset import Topic
from indexer.shared.cores import usable_cores
from indexer.shared.storage import open_generation
from searchapp.search.results import Mode

__all__ = ["SCANS", "SIZES", "Column", "Measured", "ServiceSetup", "Throughput", "measure"]

SIZES = (1_000, 10_000, 50_000, 200_000)
"""Chunks of the indexes."""

SCANS = (50_000, 200_000, 1_000_000)
"""Vectors that are scanned outside an index."""

_COMPARED = 100_000
"""Chunks up to which other engines are asked, too: Whoosh's own ranking takes seconds a query beyond."""

_SERVED: tuple[Mode, ...] = ("keyword", "hybrid")

Throughput = dict[tuple[int, Mode, int], Answers]
"""What was answered over HTTP, by the numbers of workers, the mode and the number of clients."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSetup:
    """What is measured: the folder of test sets, sizes in chunks, and where the encoder comes from.

    `sample` is the number of queries in each of two languages, `seconds` how long a server is asked in each way, all in
    all.
    """

    data: Path
    load: Load
    sizes: Sequence[int] = SIZES
    scans: Sequence[int] = SCANS
    sample: int = 100
    seconds: float = 6.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """What was measured of one size; beyond _COMPARED chunks the legs stand beside no other engine."""

    chunks: int
    cost: IndexCost
    memory: Memory
    latencies: Latencies
    throughput: Throughput
    legs: LegTimes | None
    same: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What was measured of all sizes, in their order."""

    columns: Sequence[Column]
    scans: Sequence[Scan]


def measure(setup: ServiceSetup) -> Measured:
    """Measure everything, one after the other: minutes for 10,000 chunks."""
    topics = ogp_knownitem(setup.data, setup.sample).topics
    sizes = tqdm(setup.sizes, desc="Measuring", unit=" sizes", disable=None)
    columns = [_column(size, setup, topics) for size in sizes]
    scans = [scan(size) for size in tqdm(setup.scans, desc="Scanning", unit=" sizes", disable=None)]
    return Measured(columns=columns, scans=scans)


def _column(chunks: int, setup: ServiceSetup, topics: Sequence[Topic]) -> Column:
    with tempfile.TemporaryDirectory() as folder:
        index = Path(folder) / "index"
        cost = index_fresh(setup.data, chunks, index)
        return _measured(index, cost, setup, topics)


def _measured(index: Path, cost: IndexCost, setup: ServiceSetup, topics: Sequence[Topic]) -> Column:
    queries = [topic.query.text for topic in topics]
    throughput, memory = _served(index, setup, queries)
    generation = open_generation(index)
    chunks = generation.manifest.counts.chunks
    compared = chunks <= _COMPARED
    return Column(
        chunks=chunks,
        cost=cost,
        memory=memory,
        legs=leg_times(generation, topics) if compared else None,
        same=same_first_chunks(generation, ogp_knownitem(setup.data).topics) if compared else None,
        throughput=throughput,
        latencies=latencies(index, setup.load, queries),
    )


def _served(index: Path, setup: ServiceSetup, queries: Sequence[str]) -> tuple[Throughput, Memory]:
    """Measure one worker, and one for each core; memory is that of one."""
    throughput: Throughput = {}
    with serving(index, setup.load) as server:
        throughput |= _throughput(server.port, 1, setup, queries)
        memory = Memory(
            disk=disk_megabytes(open_generation(index).folder),
            encoder=server.encoder_megabytes,
            server=resident_megabytes(server.process),
        )
    if usable_cores() > 1:
        with serving(index, setup.load, workers=usable_cores()) as server:
            throughput |= _throughput(server.port, usable_cores(), setup, queries)
    return throughput, memory


def _throughput(port: int, workers: int, setup: ServiceSetup, queries: Sequence[str]) -> Throughput:
    answers(port, "hybrid", queries, clients=[max(CLIENTS)], seconds=setup.seconds / 2)  # each worker's first ones
    found: Throughput = {}
    for mode in _SERVED:
        of_clients = answers(port, mode, queries, clients=CLIENTS, seconds=setup.seconds)
        found |= {(workers, mode, clients): measured for clients, measured in of_clients.items()}
    return found
