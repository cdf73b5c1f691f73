from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest

from indexer.shared.errors import EncoderError, WorkerError
from indexer.workers import Batch, Crew, EncoderSource, Vectors, crew_of, in_parallel
from tests.fakes import FakeEncoder, load_fake
from tests.indexer.workers.fakes import FATAL, DeadlyEncoder, batch, files_of, load_deadly

distributed = pytest.importorskip("distributed")
Cluster = distributed.LocalCluster

WORKERS = 4


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A scheduler and four workers, a process each."""
    with Cluster(n_workers=WORKERS, threads_per_worker=1, host="127.0.0.1", dashboard_address=None) as started:
        yield started


class KillingCrew:
    """A crew, one of whose workers is killed when it is given a certain batch."""

    def __init__(self, crew: Crew, process: int, *, at: int) -> None:
        self.lost = crew.lost
        self.killed = False
        self._crew, self._process, self._at = crew, process, at

    @property
    def window(self) -> int:
        return self._crew.window

    def submit(self, one: Batch) -> Future[Vectors]:
        future = self._crew.submit(one)
        if one.number == self._at and any(one.sentences) and not self.killed:
            os.kill(self._process, signal.SIGKILL)
            self.killed = True
        return future

    def check(self) -> None:
        self._crew.check()


def test_the_index_is_the_same_when_one_of_four_workers_is_killed_half_way(cluster: Cluster, tmp_path: Path) -> None:
    alone = files_of(tmp_path / "alone", FakeEncoder())
    encoder = FakeEncoder()
    with crew_of(EncoderSource.of(encoder, load_fake), dask=cluster.scheduler_address) as crew:
        assert crew is not None
        assert crew.window == 2 * WORKERS
        killing = KillingCrew(crew, cluster.workers[0].pid, at=2)
        assert files_of(tmp_path / "cluster", encoder, killing) == alone
    assert killing.killed
    assert encoder.passages_seen == []


def test_a_worker_with_another_revision_is_refused(cluster: Cluster) -> None:
    encoder = FakeEncoder()
    encoder.revision = "another"
    source = EncoderSource.of(encoder, load_fake)
    with crew_of(source, dask=cluster.scheduler_address) as crew:
        assert crew is not None
        found = in_parallel([batch(0, "text")], crew)
        with pytest.raises(EncoderError, match=r"is fake0000fake0000 by python, this process has another by python"):
            next(found)


def test_texts_that_end_every_worker_are_one_error(cluster: Cluster) -> None:
    with crew_of(EncoderSource.of(DeadlyEncoder("deadly"), load_deadly), dask=cluster.scheduler_address) as crew:
        assert crew is not None
        found = in_parallel([batch(0, FATAL)], crew)
        with pytest.raises(WorkerError, match="workers ended 3 times"):
            next(found)


def test_a_scheduler_without_workers_is_one_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("indexer.workers.dask_cluster._WORKERS", 0.2)
    source = EncoderSource.of(FakeEncoder(), load_fake)
    with (
        Cluster(n_workers=0, host="127.0.0.1", dashboard_address=None) as empty,
        pytest.raises(WorkerError, match="has no workers"),
        crew_of(source, dask=empty.scheduler_address),
    ):
        pass


def test_a_scheduler_that_is_not_there_is_one_error_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("indexer.workers.dask_cluster._CONNECT", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        address = f"tcp://127.0.0.1:{deaf.getsockname()[1]}"
        for _ in range(2):  # it listens and says nothing; then nobody listens
            with (
                pytest.raises(WorkerError, match=f"^the Dask scheduler {address} can't be reached: "),
                crew_of(EncoderSource.of(FakeEncoder(), load_fake), dask=address),
            ):
                pass
            deaf.close()


@pytest.mark.parametrize(
    "address", ["scheduler:8786", "http://127.0.0.1:80", "tcp://127.0.0.1", "tcp://a:b", "inproc://"]
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with (
        pytest.raises(WorkerError, match="is no address of a Dask scheduler"),
        crew_of(EncoderSource.of(FakeEncoder(), load_fake), dask=address),
    ):
        pass


def test_without_dask_it_is_said_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("indexer.workers.crews.find_spec", lambda _: None)
    with pytest.raises(WorkerError, match=r"pip install 'concord\[dask\]'"):
        crew_of(EncoderSource.of(FakeEncoder(), load_fake), dask="tcp://127.0.0.1:8786")
