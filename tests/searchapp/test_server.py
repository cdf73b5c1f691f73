"""The running server: what is asked while the index is replaced, or the server is stopped, is answered."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask

from concord import main
from indexer.publishing import restore
from indexer.shared.errors import ConcordError, EncoderError
from indexer.shared.settings import SETTINGS
from indexer.shared.storage import current_digest
from searchapp.engines.opening import Folder
from searchapp.server import GracefulServer, listen
from searchapp.web import create_app
from searchapp.web.holder import SearcherHolder, holder_of
from tests.indexer.crashes import write_corpus
from tests.searchapp.serving import serving
from tests.searchapp.web.test_holder import FakeCurrent


@contextmanager
def served(app: Flask) -> Iterator[GracefulServer]:
    server = GracefulServer(app, listen("127.0.0.1", 0), threads=4)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join(timeout=60)
        assert not thread.is_alive()


@pytest.fixture
def index(tmp_path: Path) -> Path:
    write_corpus(tmp_path / "index", 1)
    return tmp_path / "index"


def app_of(index: Path) -> Flask:
    app = create_app({"INDEX": index})
    app.extensions["concord.searcher"] = SearcherHolder(FakeCurrent(Folder(index)))
    return app


PATHS = (
    "/api/v1/search?q=courts+publish+judgments&limit=10",
    "/api/v1/search?q=courts+publish&mode=keyword",
    "/api/v1/search?q=judgments&mode=semantic",
    "/api/v1/commitments/GB0001",
    "/commitments/GB0002",
    "/?q=courts",
)


def corpora_in(body: str) -> set[str]:
    return {part.split("x")[0] for part in body.split("corpus")[1:]}


def test_clients_see_one_index_or_the_other_and_no_error_while_it_is_replaced(index: Path) -> None:
    corpus_of = {current_digest(index): "1"}
    app, seen, stop = app_of(index), [], threading.Event()

    def ask(port: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        for path in cycle(PATHS):
            connection.request("GET", path)
            response = connection.getresponse()
            body = response.read().decode()
            digest = json.loads(body)["index"]["digest"] if path.startswith("/api") else None
            seen.append((response.status, digest, corpora_in(body)))
            if stop.is_set():
                connection.close()
                return

    with served(app) as server, ThreadPoolExecutor(4) as pool:
        clients = [pool.submit(ask, server.port) for _ in range(4)]
        try:
            for number in (2, 3):
                corpus_of[write_corpus(index, number)] = str(number)
                assert holder_of(app).refresh()
            restore(index)
            assert holder_of(app).refresh()
        finally:
            stop.set()
        for client in clients:
            client.result()
        ask(server.port)
    assert {status for status, _, _ in seen} == {200}
    assert all(len(corpora) == 1 for _, _, corpora in seen)
    assert all(corpora == {corpus_of[digest]} for _, digest, corpora in seen if digest)
    assert seen[-1][2] == {"2"}


def test_a_stopping_server_finishes_what_it_has_and_takes_nothing_new() -> None:
    app, entered, leave = Flask(__name__), threading.Event(), threading.Event()

    @app.get("/")
    def slow() -> str:
        entered.set()
        leave.wait(60)
        return "done" * 1_000_000

    with served(app) as server, ThreadPoolExecutor(1) as pool:
        idle = socket.create_connection(("127.0.0.1", server.port))
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)

        def ask() -> bytes:
            connection.request("GET", "/")
            return connection.getresponse().read()

        answer = pool.submit(ask)
        entered.wait(60)
        server.stop()
        assert idle.recv(1) == b""  # a connection on which nothing was asked is closed
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", server.port))
        leave.set()
        assert answer.result(60) == b"done" * 1_000_000
        idle.close()
        connection.close()


@pytest.mark.parametrize(
    ("sent", "status", "instance"),
    [
        (b"what?\r\n\r\n", 400, ""),
        (b"GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400, ""),
        (b"GET / HTTP/1.1\r\nx: ".ljust(262_144, b"y"), 431, "/"),
        (b"GET /caf%C3%A9 HTTP/1.1\r\nHost: x\r\nContent-Length: 2000\r\n\r\n", 413, "/caf%C3%A9"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 501, "/"),
    ],
    ids=["no request", "bad header", "long headers", "long body", "unknown encoding"],
)
def test_what_is_refused_before_the_application_sees_it_is_a_problem_document_too(
    sent: bytes, status: int, instance: str
) -> None:
    with served(Flask(__name__)) as server, socket.create_connection(("127.0.0.1", server.port), timeout=60) as client:
        client.sendall(sent)
        response = http.client.HTTPResponse(client)
        response.begin()
        problem = json.loads(response.read())
    assert (response.status, response.headers["Content-Type"]) == (status, "application/problem+json")
    assert set(problem) == {"type", "title", "status", "detail", "instance"}
    assert (problem["status"], problem["title"], problem["instance"]) == (status, response.reason, instance)
    assert problem["detail"].endswith((".", "!", "?"))


def test_an_address_in_use_is_one_clear_line() -> None:
    with served(Flask(__name__)) as server, pytest.raises(ConcordError, match=r"the port is in use.*--port"):
        listen("127.0.0.1", server.port)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_served_index_is_ready_follows_a_switch_and_when_told_to_end_finishes_what_is_asked(
    index: Path, number: signal.Signals
) -> None:
    with serving(index) as (process, lines, address):
        connection = http.client.HTTPConnection(address, timeout=60)
        connection.request("GET", "/readyz")
        assert json.loads(connection.getresponse().read()) == {"status": "ready", "index": current_digest(index)}
        digest = write_corpus(index, 2)
        assert digest in next(line for line in lines if "answers" in line)
        connection.request("GET", "/readyz")
        assert json.loads(connection.getresponse().read())["index"] == digest
        connection.request("GET", "/api/v1/search?q=slowly")
        next(line for line in lines if "slowly" in line)
        process.send_signal(number)
        assert "hits" in json.loads(connection.getresponse().read())
        assert process.wait(60) == 0
        rest = "".join(lines)
        assert "Traceback" not in rest
        assert '"route"' not in rest  # requests aren't logged unless asked for
        connection.close()


def run(*args: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, [str(arg) for arg in args])
    return result.exit_code, result.stdout, result.stderr


def test_a_damaged_index_is_not_served(index: Path) -> None:
    write_corpus(index, 2)
    path = index / "generations" / current_digest(index) / "embeddings.npy"
    path.write_bytes(path.read_bytes()[:-1])
    code, _, told = run("serve", "--index", index, "--port", 0)
    assert code == 2
    assert told.count("\n") == 1
    assert str(path) in told
    assert "concord restore" in told


def test_a_flipped_byte_is_not_served_to_the_paranoid(index: Path) -> None:
    path = index / "generations" / current_digest(index) / "embeddings.npy"
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    code, _, told = run("serve", "--index", index, "--port", 0, "--paranoid")
    assert code == 2
    assert str(path) in told


def test_an_encoder_that_cannot_be_had_ends_the_server_with_one_line(
    index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str, **_: object) -> None:
        raise EncoderError(f"encoder {name!r}: no such model")

    monkeypatch.setattr("searchapp.search.searcher.load_encoder", missing)
    code, _, told = run("serve", "--index", index, "--port", 0)
    assert code == 2
    assert told.splitlines()[1:] == ["concord: encoder 'fake': no such model"]


def test_all_settings_are_shown_with_where_they_come_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONCORD_THREADS", "7")
    code, out, _ = run("serve", "--show-settings", "--port", 81)
    assert code == 0
    rows = {line.split()[0]: line for line in out.splitlines()[1:]}
    assert list(rows) == [one.name for one in SETTINGS]
    assert rows["threads"].split()[1:3] == ["7", "CONCORD_THREADS"]
    assert rows["port"].split()[1:3] == ["81", "--port"]
    assert rows["host"].split()[1:3] == ["127.0.0.1", "default"]
    assert all(one.help in rows[one.name] for one in SETTINGS)
