"""Concord itself on a cluster: it has the answers of an index folder, and loses none of them with a server."""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import cycle
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask import Flask

from cluster import control
from cluster.layout import Layout
from cluster.temporary import temporary_folder
from indexer.pipeline import index_documents
from indexer.postgresql import publish_to, restore_in
from indexer.readers.sources import ReadResult
from indexer.shared.errors import EngineDownError, IndexStoreError
from indexer.shared.records import Document
from indexer.shared.storage import Generation, open_generation
from searchapp.engines.embedded import EmbeddedEngine
from searchapp.engines.postgresql.store import DatabaseStore
from searchapp.limits import Limits
from searchapp.search import searcher as searching
from searchapp.search.results import SearchRequest
from searchapp.search.searcher import Searcher
from searchapp.web import create_app
from searchapp.web.errors import PROBLEM_JSON
from searchapp.web.holder import holder_of
from tests.fakes import FakeEncoder, document
from tests.searchapp.test_server import served

pytestmark = pytest.mark.postgres

BACK = 10
"""Seconds after a promotion in which all answers are back."""

WORDS = [first + second for first in ("open", "data", "court", "road", "water") for second in ("al", "ing", "ora")]
QUERIES = ("openal dataing", "courtora", "waterora roadal openora", '"roading courtal"', "waterz", "dataal country:FR")
PATHS = (
    "/api/v1/search?q=openal+dataing&limit=10",
    "/api/v1/search?q=courtora+waterora&mode=semantic&limit=10",
    "/api/v1/search?q=roadal&mode=keyword&limit=10",
    "/api/v1/search?q=waterora+roading&country=FR&limit=10",
    "/api/v1/search?q=courting&country=FR&format=jsonl",
    "/api/v1/facets?q=openora",
    "/api/v1/commitments/FR0001",
    "/api/v1/commitments/KR0002/similar",
)


def corpus() -> list[Document]:
    chosen = random.Random(1)
    return [
        document(
            f"{country}{number:04}",
            " ".join(chosen.choices(WORDS, k=40)) + ".",
            title=" ".join(chosen.choices(WORDS, k=3)),
            country=country,
            year=2012 + number % 8,
        )
        for number in range(40)
        for country in ("FR", "GB", "KR")
    ]


def indexed(documents: Sequence[Document], folder: Path) -> Generation:
    ordered = tuple(sorted(documents, key=lambda one: one.document_id))
    index_documents(ReadResult(documents=ordered, rejected=(), sources=()), index=folder, encoder=FakeEncoder())
    return open_generation(folder)


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with temporary_folder() as path:
        yield path / "cluster"


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Generation:
    return indexed(corpus(), tmp_path_factory.mktemp("first"))


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory) -> Generation:
    """The first with a document changed, one removed, and some added."""
    changed, _removed, *others = corpus()
    added = [replace(one, document_id=f"Z{one.document_id}", commitment_id=f"Z{one.commitment_id}") for one in others]
    return indexed([replace(changed, title="waterora"), *others, *added[:9]], tmp_path_factory.mktemp("second"))


@pytest.fixture
def layout(folder: Path) -> Layout:
    """A cluster of two shards as it is now, all of it running."""
    return control.start(folder, shards=2)[0]


@contextmanager
def searcher_in(address: str, *, exact_up_to: int = 10_000) -> Iterator[Searcher]:
    store = DatabaseStore(address, exact_up_to=exact_up_to)
    try:
        yield Searcher.open(store, encoder=FakeEncoder())
    finally:
        store.close()


def answers(searcher: Searcher) -> list[tuple[object, ...]]:
    """The index that answers, and what it answers to each query in each mode."""
    found: list[tuple[object, ...]] = [(searcher.info.digest,)]
    for query in QUERIES:
        for mode in ("hybrid", "keyword", "semantic"):
            result = searcher.search(SearchRequest(query=query, mode=mode, limit=30))
            hits = [(hit.document, hit.passage, round(hit.score, 4)) for hit in result.hits]
            found.append((query, mode, result.total, result.facets, hits))
    return found


def answers_of(generation: Generation) -> list[tuple[object, ...]]:
    return answers(Searcher(EmbeddedEngine(generation), encoder=FakeEncoder()))


def wait_until(done: Callable[[], bool], *, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "it takes too long"
        time.sleep(0.02)


def wait_for_replica(layout: Layout, generation: Generation) -> None:
    """Wait until readers, who ask the coordinator's replica, find a generation."""
    with psycopg.connect(control.urls(layout)[1], autocommit=True) as connection:
        assert connection.execute("select pg_is_in_recovery()").fetchone() == (True,)
        query = "select digest from concord.answering join concord.generations using (generation)"
        wait_until(lambda: connection.execute(query).fetchone() == (generation.manifest.digest,))


def test_a_cluster_answers_as_a_folder_does_whatever_is_added_changed_removed_and_restored(
    layout: Layout, first: Generation, second: Generation
) -> None:
    writer, reader = control.urls(layout)
    steps: list[tuple[Generation, Callable[[], object]]] = [
        (first, lambda: publish_to(writer, first)),
        (second, lambda: publish_to(writer, second)),
        (first, lambda: restore_in(writer)),
        (second, lambda: publish_to(writer, second)),
    ]
    for generation, step in steps:
        step()
        wait_for_replica(layout, generation)
        for address in (writer, reader):
            with searcher_in(address) as searcher:
                assert answers(searcher) == answers_of(generation)
    with searcher_in(reader, exact_up_to=0) as searcher:  # the nearest thousand, which are all
        assert answers(searcher) == answers_of(second)


def test_rows_are_spread_over_shards_and_changed_without_being_fetched(
    layout: Layout, folder: Path, second: Generation
) -> None:
    publish_to(control.urls(layout)[0], second)
    counts = []
    for shard in layout.shards:
        with layout.server(folder, shard.primary).connect("concord") as connection:
            counts += connection.execute("select count(*) from concord.chunks where until is null").fetchall()
    assert sum(count for (count,) in counts) == second.manifest.counts.chunks
    assert all(count for (count,) in counts)
    with psycopg.connect(control.urls(layout)[0]) as connection:
        for change in (
            "update concord.chunks set until = 9 where chunk = any('{1,2}')",
            "delete from concord.postings",
        ):
            plan = str(connection.execute(f"explain {change}").fetchall())
            assert "Foreign Scan" not in plan
            assert plan.count("->  Foreign Update") + plan.count("->  Foreign Delete") == 4


def test_a_commit_that_fails_on_one_shard_leaves_the_old_answers_and_the_next_one_cleans_up(
    layout: Layout, folder: Path, first: Generation, second: Generation
) -> None:
    writer, _ = control.urls(layout)
    publish_to(writer, second)
    with layout.server(folder, layout.shards[1].primary).connect("concord") as shard:
        shard.execute("create function refuse() returns trigger language plpgsql as 'begin raise disk_full; end'")
        shard.execute(
            "create constraint trigger refused after insert on concord.postings_1 deferrable initially deferred"
            " for each row execute function refuse()"
        )
        with pytest.raises(EngineDownError, match="the index is as it was"):
            publish_to(writer, first)
        shard.execute("drop function refuse cascade")
    left = "select count(*) from concord.chunks where since > (select generation from concord.answering)"
    with searcher_in(writer) as searcher, psycopg.connect(writer, autocommit=True) as connection:
        assert answers(searcher) == answers_of(second)
        assert connection.execute(left).fetchone() != (0,)
        publish_to(writer, first)
        assert connection.execute(left).fetchone() == (0,)
    with searcher_in(writer) as searcher:
        assert answers(searcher) == answers_of(first)


@dataclass(frozen=True, slots=True)
class Answer:
    at: float
    path: str
    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Load:
    """Readers that ask all paths in turn until they are told to stop."""

    port: int
    answers: list[Answer] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def ask_all(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        for path in cycle(PATHS):
            if self.stop.is_set():
                break
            connection.request("GET", path)
            response = connection.getresponse()
            body = response.read()
            self.answers.append(Answer(time.monotonic(), path, response.status, dict(response.headers), body))
        connection.close()

    def is_answered(self, wanted: Mapping[str, object], *, after: float) -> bool:
        """Whether each path was answered so after a time, and by its last answer."""
        last = {one.path: one for one in list(self.answers) if one.at > after}
        return all(path in last and told(last[path]) == wanted[path] for path in PATHS)


def told(answer: Answer) -> object:
    """What an answer tells: its status, and its lines of JSON without times, and scores, whose last digit is chance."""
    return answer.status, [without(json.loads(line)) for line in answer.body.splitlines()]


def without(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without(one) for name, one in value.items() if name not in {"took_ms", "score", "scores"}}
    return [without(one) for one in value] if isinstance(value, list) else value


def is_clear(answer: Answer) -> bool:
    return (
        answer.status == 503
        and answer.headers["Content-Type"] == PROBLEM_JSON
        and answer.headers["Retry-After"].isdigit()
        and json.loads(answer.body)["title"] == "Search index unavailable"
    )


@pytest.fixture
def _fake_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "load_encoder", lambda _name, **_: FakeEncoder())


def app_for(**config: object) -> Flask:
    return create_app({"LIMITS": Limits(time_budget=60_000), **config})


def expected_of(generation: Generation) -> dict[str, object]:
    client = app_for(INDEX=generation.folder.parents[1]).test_client()
    return {path: told(asked(client, path)) for path in PATHS}


def asked(client: Any, path: str) -> Answer:
    response = client.get(path)
    return Answer(0, path, response.status_code, dict(response.headers), response.data)


@contextmanager
def load_on(app: Flask) -> Iterator[Load]:
    with served(app) as server, ThreadPoolExecutor(4) as pool:
        load = Load(server.port)
        readers = [pool.submit(load.ask_all) for _ in range(4)]
        try:
            yield load
        finally:
            load.stop.set()
        for reader in readers:
            reader.result(timeout=60)


@pytest.mark.usefixtures("_fake_encoder")
def test_a_shards_primary_is_killed_under_load_and_no_answer_is_wrong_nor_anything_lost(
    layout: Layout, folder: Path, first: Generation, second: Generation
) -> None:
    writer, reader = control.urls(layout)
    before, after = expected_of(first), expected_of(second)
    publish_to(writer, first)
    wait_for_replica(layout, first)
    app = app_for(ENGINE=reader)
    with load_on(app) as load:
        wait_until(lambda: load.is_answered(before, after=0))
        publish_to(writer, second)
        layout.servers(folder, layout.shards[0])[0].kill()
        wait_until(lambda: any(one.status == 503 for one in list(load.answers)))
        with pytest.raises(EngineDownError, match="can't be reached"):
            publish_to(writer, first)
        control.promote(folder, "shard-0")
        promoted = time.monotonic()
        wait_until(lambda: holder_of(app).refresh() and holder_of(app).get().info.digest == second.manifest.digest)
        wait_until(lambda: load.is_answered(after, after=promoted), seconds=BACK - (time.monotonic() - promoted))
        publish_to(writer, first)  # which the shard's new primary takes
        wait_until(lambda: holder_of(app).refresh() and holder_of(app).get().info.digest == first.manifest.digest)
        changed = time.monotonic()
        wait_until(lambda: load.is_answered(before, after=changed))
    refused = [one for one in load.answers if told(one) not in (before[one.path], after[one.path])]
    assert [one for one in refused if not is_clear(one)] == []
    assert [one for one in refused if one.at > promoted + BACK] == []


@pytest.mark.usefixtures("_fake_encoder")
def test_servers_that_come_back_are_used_again_by_the_same_process(
    layout: Layout, folder: Path, first: Generation
) -> None:
    writer, reader = control.urls(layout)
    publish_to(writer, first)
    wait_for_replica(layout, first)
    expected = expected_of(first)
    old, new = app_for(ENGINE=reader).test_client(), app_for(ENGINE=reader).test_client()
    assert {path: told(asked(old, path)) for path in PATHS} == expected
    primary, replica = layout.servers(folder, layout.coordinator)
    primary.kill()
    assert {path: told(asked(old, path)) for path in PATHS} == expected
    replica.stop()
    assert {path: told(asked(old, path)) for path in PATHS} == expected  # shards are asked directly
    assert all(is_clear(asked(new, path)) for path in PATHS)
    for shard in layout.shards:
        layout.server(folder, shard.primary).stop()
    assert is_clear(asked(old, PATHS[0]))
    with pytest.raises(IndexStoreError, match="can't be reached"):
        publish_to(writer, first)
    control.start(folder)
    for client in (old, new):
        assert {path: told(asked(client, path)) for path in PATHS} == expected
