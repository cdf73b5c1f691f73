"""The web application on a database: it outlives lost servers and new generations, and reads nothing else."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from flask.testing import FlaskClient

from bench.service.made_up import MadeUpEncoder
from cluster.layout import READER
from cluster.server import Server
from indexer.postgresql import publish_to
from indexer.shared.storage import open_generation
from searchapp.engines.postgresql.store import DatabaseStore
from searchapp.search import searcher as searchers
from searchapp.web import create_app
from searchapp.web.holder import CurrentGeneration, SearcherHolder, holder_of
from tests.answers import made_up_documents, publish
from tests.fakes import FakeEncoder
from tests.indexer.crashes import corpus_answering, write_corpus

pytestmark = pytest.mark.postgres

ENCODER = MadeUpEncoder()
SEARCH = "/api/v1/search?q=open+data"


@pytest.fixture(autouse=True)
def _made_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The index's own encoder is at hand."""
    monkeypatch.setattr(searchers, "load_encoder", lambda *_, **__: ENCODER)


def test_a_server_that_is_lost_is_503_until_it_is_back_and_nothing_is_restarted(
    lost_server: Server, tmp_path: Path
) -> None:
    address = lost_server.url("postgres")
    publish(made_up_documents(6), tmp_path / "index", address, ENCODER)
    app = create_app({"ENGINE": address})
    client, holder = app.test_client(), holder_of(app)
    before = client.get(SEARCH).get_json()
    assert before["total"] > 0
    for _ in range(2):
        lost_server.kill()
        check_down(client)
        assert client.get("/?q=other+words").status_code == 503
        assert holder.refresh()  # an old searcher is kept
        lost_server.start()
        again = client.get(SEARCH)
        assert again.status_code == 200
        assert {**again.get_json(), "took_ms": 0} == {**before, "took_ms": 0}
        assert holder.refresh()


def check_down(client: FlaskClient) -> None:
    for path in (SEARCH, "/api/v1/search?q=courts&mode=keyword", "/api/v1/commitments/XX0005/similar"):
        response = client.get(path)
        assert response.status_code == 503
        assert response.content_type == "application/problem+json"
        assert 0 < int(response.headers["Retry-After"]) < 60
        assert "postgres" not in response.get_data(as_text=True)


def test_an_application_may_start_before_its_server(lost_server: Server, tmp_path: Path) -> None:
    publish(made_up_documents(5), tmp_path / "index", lost_server.url("postgres"), ENCODER)
    lost_server.stop()
    client = create_app({"ENGINE": lost_server.url("postgres")}).test_client()
    check_down(client)
    lost_server.start()
    assert client.get(SEARCH).status_code == 200


def test_the_reading_role_serves_every_page(
    new_prepared_url: Callable[[], str], postgres_server: Server, tmp_path: Path
) -> None:
    address = new_prepared_url()
    publish(made_up_documents(8), tmp_path / "index", address, ENCODER)
    name = address.rpartition("/")[2]
    reader = postgres_server.url(name, user=READER, password="of the reader")
    app = create_app({"ENGINE": reader})
    holder_of(app).get().warm_up()
    client = app.test_client()
    paths = (
        "/",
        "/?q=open+data",
        "/commitments/XX0001",
        "/commitments/XX0001/similar",
        "/about",
        "/readyz",
        "/healthz",
    )
    apis = (SEARCH, "/api/v1/facets", "/api/v1/compare?id=XX0001&id=XX0002", f"{SEARCH}&format=csv", "/metrics")
    assert {path: client.get(path).status_code for path in (*paths, *apis)} == dict.fromkeys((*paths, *apis), 200)


def test_a_new_generation_that_can_not_be_opened_leaves_the_old_one_answering(
    new_prepared_url: Callable[[], str], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    address = new_prepared_url()
    publish(made_up_documents(6), tmp_path / "index", address, ENCODER)
    app = create_app({"ENGINE": address})
    client, holder = app.test_client(), holder_of(app)
    before = client.get(SEARCH).get_json()["index"]
    publish(made_up_documents(7), tmp_path / "index", address, ENCODER)
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("update concord.parts set name = 'lost' where name = 'term_starts' and generation = 2")
        assert not holder.refresh()
        assert not holder.refresh()
        assert client.get(SEARCH).get_json()["index"] == before
        assert [record.levelname for record in caplog.records].count("ERROR") == 1
        assert "part 'term_starts' of the index is missing or damaged" in caplog.text
        connection.execute("update concord.parts set name = 'term_starts' where name = 'lost'")
    assert holder.refresh()
    assert client.get(SEARCH).get_json()["index"] != before


def test_what_answers_is_the_last_known_while_the_server_is_away(lost_server: Server, tmp_path: Path) -> None:
    address = lost_server.url("postgres")
    publish(made_up_documents(4), tmp_path / "index", address, ENCODER)
    store = DatabaseStore(address)
    known = store.state()
    assert known is not None
    lost_server.kill()
    assert store.state() == known
    lost_server.start()
    assert store.state() == known
    publish(made_up_documents(3), tmp_path / "index", address, ENCODER)
    assert store.state() != known
    store.close()


def test_while_generations_are_published_every_answer_is_wholly_of_one_and_none_fails(
    new_prepared_url: Callable[[], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searchers, "load_encoder", lambda *_, **__: FakeEncoder())
    address, store = new_prepared_url(), DatabaseStore(new_prepared_url())
    store = DatabaseStore(address)

    def show(number: int) -> None:
        write_corpus(tmp_path / "index", number)
        publish_to(address, open_generation(tmp_path / "index"))

    show(1)
    holder, stop = SearcherHolder(CurrentGeneration(store)), threading.Event()
    holder.get()
    answers: list[list[int]] = [[] for _ in range(8)]

    def ask(thread: int) -> None:
        while not stop.is_set():
            answers[thread].append(corpus_answering(holder.get()))

    with ThreadPoolExecutor(8) as threads:
        asking = [threads.submit(ask, thread) for thread in range(8)]
        try:
            for number in range(2, 6):
                show(number)
                assert holder.refresh()
                seen = [len(answered) for answered in answers]  # until all have finished what they began before
                while not stop.wait(0.01) and any(
                    len(answered) < before + 2 for answered, before in zip(answers, seen, strict=True)
                ):
                    assert not [one for one in asking if one.done()]
        finally:
            stop.set()
        for one in asking:
            one.result()
    store.close()
    for answered in answers:
        assert answered == sorted(answered)
        assert answered[-1] == 5
    assert {number for answered in answers for number in answered} == {1, 2, 3, 4, 5}
