"""Several processes at one address: they answer, count, follow the index and end as one does."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from prometheus_client.parser import text_string_to_metric_families

from concord import main
from indexer.shared.storage import current_digest
from searchapp.sharing import Tallies
from searchapp.web.gate import Turns
from tests.indexer.crashes import write_corpus
from tests.searchapp.serving import command_of, serving

SEARCH = "/api/v1/search?q=courts+publish"
TWO = ("--workers", "2")

linux = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds processes as Linux lists them")


@pytest.fixture
def index(tmp_path: Path) -> Path:
    write_corpus(tmp_path / "index", 1)
    return tmp_path / "index"


class Client:
    """A connection that stays open. Of two that follow one another, each is taken by another worker."""

    def __init__(self, address: str) -> None:
        self._connection = http.client.HTTPConnection(address, timeout=60)
        assert self.get("/healthz") == (200, {"status": "ok"})

    def ask(self, path: str) -> None:
        self._connection.request("GET", path)

    def answer(self) -> tuple[int, Any]:
        response = self._connection.getresponse()
        text = response.read().decode()
        return response.status, text if response.headers["Content-Type"].startswith("text/plain") else json.loads(text)

    def get(self, path: str) -> tuple[int, Any]:
        self.ask(path)
        return self.answer()

    def status(self, path: str) -> int | None:
        """None where the connection was dropped."""
        try:
            return self.get(path)[0]
        except (ConnectionError, http.client.HTTPException):
            return None

    def close(self) -> None:
        self._connection.close()


Connect = Callable[[str], Client]


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Connects to an address; what was connected is closed at the end."""
    with ExitStack() as stack:
        yield lambda address: stack.enter_context(closing(Client(address)))


def workers_of(process: int) -> set[int]:
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return {int(one) for one in children if "spawn_main" in Path(f"/proc/{one}/cmdline").read_text()}


def soon(holds: Callable[[], bool]) -> bool:
    """Wait until something holds, for a minute at most, and return whether it does."""
    end = time.monotonic() + 60
    while not holds() and time.monotonic() < end:
        time.sleep(0.01)
    return holds()


@linux
def test_both_workers_answer_and_one_that_is_killed_is_replaced(index: Path, connect: Connect) -> None:
    with serving(index, *TWO) as (process, lines, address):
        clients = [connect(address), connect(address)]
        assert [one.status(SEARCH) for one in clients] == [200, 200]
        killed, kept = workers_of(process.pid)
        os.kill(killed, signal.SIGKILL)
        assert f"worker {killed} was ended by SIGKILL; another starts" in next(lines)
        assert sorted([one.status(SEARCH) for one in clients], key=bool) == [None, 200]
        assert connect(address).status(SEARCH) == 200
        assert "has started" in next(lines)
        [replacement] = workers_of(process.pid) - {kept}
        os.kill(kept, signal.SIGKILL)
        assert f"worker {kept} was ended by SIGKILL" in next(lines)
        assert connect(address).status(SEARCH) == 200
        assert replacement in workers_of(process.pid)


@linux
def test_a_worker_that_cannot_start_is_tried_again_later_and_later_while_the_other_answers(
    index: Path, connect: Connect
) -> None:
    with serving(index, *TWO) as (process, lines, address):
        (index / "current").write_text("damaged")
        os.kill(workers_of(process.pid).pop(), signal.SIGKILL)
        ended = [next(line for line in lines if "another starts in" in line) for _ in range(3)]
        assert [line.split()[-2] for line in ended] == ["0.5", "1.0", "2.0"]
        assert all("is no generation's digest" in line for line in ended[1:])
        assert connect(address).status(SEARCH) == 200


@linux
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_when_told_to_end_all_workers_finish_what_they_were_asked(
    index: Path, connect: Connect, number: signal.Signals
) -> None:
    with serving(index, *TWO) as (process, lines, address):
        clients = [connect(address), connect(address)]
        for client in clients:
            client.ask("/api/v1/search?q=slowly")
        assert {next(lines), next(lines)} == {"slowly\n"}
        workers = workers_of(process.pid)
        os.killpg(process.pid, number)  # as a terminal and a process manager do
        answers = [client.answer() for client in clients]
        assert [status for status, _ in answers] == [200, 200]
        assert all("hits" in body for _, body in answers)
        assert process.wait(60) == 0
        assert list(lines) == ["Stopping ...\n"]
        assert not [one for one in workers if Path(f"/proc/{one}").exists()]


@linux
def test_workers_end_with_the_first_process(index: Path) -> None:
    with serving(index, *TWO) as (process, _, _):
        workers = workers_of(process.pid)
        process.kill()
        assert len(workers) == 2
        assert soon(lambda: not [one for one in workers if Path(f"/proc/{one}/cmdline").exists() and _runs(one)])


def _runs(process: int) -> bool:
    return "\nState:\tZ" not in Path(f"/proc/{process}/status").read_text()


def test_a_new_generation_reaches_all_workers(index: Path, connect: Connect) -> None:
    with serving(index, *TWO) as (_, lines, address):
        clients = [connect(address), connect(address)]
        digest = write_corpus(index, 2)
        assert [digest in next(lines) for _ in clients] == [True, True]
        ready = {"status": "ready", "index": digest}
        assert [one.get("/readyz") for one in clients] == [(200, ready), (200, ready)]
        assert current_digest(index) == digest


def test_any_worker_tells_what_all_have_counted(index: Path, connect: Connect) -> None:
    with serving(index, *TWO) as (_, _, address):
        clients = [connect(address), connect(address)]
        for client in (clients[0], *clients):
            assert client.status(SEARCH) == 200
        for client in clients:
            counted = {
                one.labels["route"]: one.value
                for family in text_string_to_metric_families(client.get("/metrics")[1])
                for one in family.samples
                if one.name == "concord_requests_total"
            }
            assert counted["/api/v1/search"] == 3
            assert counted["/healthz"] == 2


def test_what_a_client_may_ask_is_counted_over_all_workers(index: Path, connect: Connect) -> None:
    with serving(index, *TWO, "--rate-limit", "3/hour") as (_, _, address):
        clients = [connect(address), connect(address)]
        assert [one.status(SEARCH) for one in (*clients, *clients)] == [200, 200, 200, 429]
        assert clients[0].status(SEARCH) == 429


def test_searches_that_wait_are_counted_over_all_workers(tmp_path: Path) -> None:
    first, second = (Tallies(tmp_path / "tallies", 2) for _ in range(2))
    one = Turns(1, most=2, tally=first.searches(0))
    other = Turns(1, most=2, tally=second.searches(1))
    assert one.take(0)
    assert other.take(0)
    assert not one.take(60)  # two have a place, and nobody may wait
    second.clear(1)  # as when that worker is killed
    assert not one.take(0.001)  # waits in vain
    one.give_back()
    assert one.take(0)


def test_an_index_that_cannot_be_served_is_one_line(index: Path) -> None:
    path = index / "generations" / current_digest(index) / "embeddings.npy"
    path.write_bytes(path.read_bytes()[:-1])
    ended = subprocess.run(command_of(index, *TWO), capture_output=True, text=True, check=False)  # noqa: S603 (our own program)
    assert ended.returncode == 2
    assert len(ended.stderr.splitlines()) == 2, ended.stderr
    told, line = ended.stderr.splitlines()
    assert told.startswith("Loading")
    assert line.startswith(f"concord: {path}")


def test_no_workers_and_a_system_where_they_cannot_share_an_address_are_errors(
    index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def told(workers: int) -> str:
        options = ["serve", "--index", str(index), "--port", "0", "--workers", str(workers)]
        result = CliRunner().invoke(main, options)
        assert result.exit_code == 2
        return result.stderr

    assert told(0) == "concord: workers: 0; expected 1 or more\n"
    monkeypatch.delattr(signal, "pthread_sigmask")
    assert told(2) == "concord: workers: more than one needs Linux, macOS or another POSIX system; expected 1\n"


@pytest.mark.encoder
def test_a_share_of_the_cores_is_all_that_torch_uses() -> None:
    limited = "from indexer.shared.cores import limit_cores, usable_cores; limit_cores(1)"
    program = f"{limited}; import torch; print(usable_cores(), torch.get_num_threads())"
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout  # noqa: S603 (our own program)
    assert printed.split() == ["1", "1"]
