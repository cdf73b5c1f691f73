"""What the same made-up commitments cost on each engine; PostgreSQL runs on this machine, in a folder of its own."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt
import psycopg
from tqdm import tqdm

from bench.service.indexing import index_fresh
from bench.service.made_up import Load, MadeUpEncoder
from bench.service.memory import disk_megabytes, resident_megabytes
from bench.service.processes import in_new_process
from bench.sets import ogp_knownitem
from cluster.server import Server, free_port
from cluster.temporary import temporary_folder
from indexer.postgresql import publish_to
from indexer.shared.encoder import Embeddings
from indexer.shared.storage import open_generation, openable_generations
from searchapp.engines.embedded import EmbeddedEngine
from searchapp.engines.opening import store_of
from searchapp.engines.postgresql.store import DatabaseStore
from searchapp.search.results import SearchRequest
from searchapp.search.searcher import Searcher
from searchapp.search.semantic import SemanticLeg

__all__ = ["ENGINES", "SIZES", "Cost", "EnginesSetup", "Found", "measure_engines"]

SIZES = (10_000, 100_000)

ENGINES = ("embedded", "PostgreSQL")

_NEAR = 50
_QUERIES = 60
_SETTINGS = {"shared_buffers": "1GB", "max_wal_size": "4GB", "max_parallel_maintenance_workers": "2"}

Milliseconds = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class EnginesSetup:
    """The folder of test sets, what loads the encoder whose time queries take, and how many chunks to measure with."""

    data: Path
    load: Load
    sizes: Sequence[int] = SIZES


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Seconds to index, without encoding, MB on disk, MB of the process that searches, and times of hybrid searches.

    `update` are the seconds of indexing again after one document has changed. PostgreSQL's seconds are those of
    publishing what the embedded engine's indexing made. `milliseconds` is float64 `(queries,)`, with encoding.
    """

    seconds: float
    update: float
    disk: float
    memory: float
    milliseconds: Milliseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One size: what it cost by engine, and how many of the nearest 50 passages PostgreSQL names, from 0 to 1.

    `same` is the share of queries with the same first ten hits on both.
    """

    chunks: int
    costs: dict[str, Cost]
    recall: float
    same: float


def measure_engines(setup: EnginesSetup) -> list[Found]:
    """Measure all sizes, one after the other: ten minutes for 100,000 chunks, two hours and 45 GB for a million."""
    with temporary_folder(in_memory=False) as folder:
        server = Server(folder=folder / "bench", port=free_port(), password="bench", settings=_SETTINGS)  # noqa: S106 (gone with it)
        server.make()
        server.start()
        sizes = tqdm(setup.sizes, desc="Measuring", unit=" sizes", disable=None)
        return [_found(size, setup, server) for size in sizes]


def _found(chunks: int, setup: EnginesSetup, server: Server) -> Found:
    with server.connect() as connection:
        connection.execute(f"create database bench_{chunks}")
    address = server.url(f"bench_{chunks}")
    queries = [topic.query.text for topic in ogp_knownitem(setup.data, _QUERIES).topics[:_QUERIES]]
    with TemporaryDirectory() as folder:
        index = Path(folder) / "index"
        cost = index_fresh(setup.data, chunks, index)
        newest, first = openable_generations(index)
        published = in_new_process(_published, index, first.digest, address)
        updated = in_new_process(_published, index, newest.digest, address)
        milliseconds, recall, same = in_new_process(_searched, index, address, setup.load, queries)
        embedded = Cost(
            seconds=cost.seconds,
            update=cost.update,
            disk=disk_megabytes(open_generation(index).folder),
            memory=in_new_process(_memory, index, "", queries),
            milliseconds=milliseconds["embedded"],
        )
        postgresql = Cost(
            seconds=cost.seconds + published,
            update=cost.update + updated,
            disk=_database_megabytes(address),
            memory=in_new_process(_memory, index, address, queries),
            milliseconds=milliseconds["PostgreSQL"],
        )
    costs = dict(zip(ENGINES, (embedded, postgresql), strict=True))
    return Found(chunks=chunks, costs=costs, recall=recall, same=same)


def _published(index: Path, digest: str, address: str) -> float:
    """Return the seconds of publishing a generation."""
    start = time.perf_counter()
    publish_to(address, open_generation(index, digest))
    return time.perf_counter() - start


def _searched(
    index: Path, address: str, load: Load, queries: Sequence[str]
) -> tuple[dict[str, Milliseconds], float, float]:
    """Return how long each query takes by engine, in turn, the recall of the nearest, and the share of equal hits.

    All queries are asked once before, so that what searches read is in memory as far as there is room.
    """
    encoder = MadeUpEncoder(load())
    searchers = {
        engine: Searcher.open(store_of(str(index), where), encoder=encoder)
        for engine, where in zip(ENGINES, ("", address), strict=True)
    }
    taken: dict[str, list[float]] = {engine: [] for engine in ENGINES}
    same = []
    for query in (*queries, *queries):
        hits = []
        for engine, searcher in searchers.items():
            start = time.perf_counter()
            result = searcher.search(SearchRequest(query=query))
            taken[engine].append(1000 * (time.perf_counter() - start))
            hits.append([hit.document.document_id for hit in result.hits])
        same.append(hits[0] == hits[1])
    vectors = MadeUpEncoder().encode_queries(queries)
    milliseconds = {engine: np.array(each[len(queries) :]) for engine, each in taken.items()}
    return milliseconds, _recall(index, address, vectors), float(np.mean(same))


def _recall(index: Path, address: str, vectors: Embeddings) -> float:
    """Return which share of the 50 nearest passages the database names, on average; 1 where it compares all."""
    leg = SemanticLeg(EmbeddedEngine(open_generation(index)))
    engine = DatabaseStore(address).open()
    shares = []
    for vector in vectors:
        named = engine.nearest(leg.similarity, vector, None)
        exact = np.argpartition(-leg.passage_scores(vector), _NEAR)[:_NEAR]
        shares.append(1.0 if named is None else np.isin(exact, named).mean())
    return float(np.mean(shares))


def _memory(index: Path, address: str, queries: Sequence[str]) -> float:
    """Return the MB of a process that has searched, without an encoder's network."""
    searcher = Searcher.open(store_of(str(index), address), encoder=MadeUpEncoder())
    for query in queries:
        searcher.search(SearchRequest(query=query))
    return resident_megabytes()


def _database_megabytes(address: str) -> float:
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("vacuum")
        row = connection.execute("select pg_database_size(current_database())").fetchone()
        return float(row[0]) / 2**20 if row else float("nan")
