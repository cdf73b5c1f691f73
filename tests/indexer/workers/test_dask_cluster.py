from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from indexer.shared.errors import EncoderError, WorkerError
from indexer.workers import EncoderSource, crew_of, in_parallel
from tests.fakes import FakeEncoder, load_fake
from tests.indexer.workers.fakes import FATAL, DeadlyEncoder, batch, files_of, load_deadly

dask = pytest.importorskip("dask")
distributed = pytest.importorskip("distributed")
Cluster = distributed.LocalCluster

WORKERS = 4
PLACE = {"host": "127.0.0.1", "dashboard_address": "127.0.0.1:0"}


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A scheduler and four workers, a process each."""
    again = {"distributed.scheduler.allowed-failures": 1}  # times, by default 3
    with dask.config.set(again), Cluster(n_workers=WORKERS, threads_per_worker=1, **PLACE) as started:
        yield started


def test_the_index_is_the_same_when_one_of_four_workers_is_killed_half_way(cluster: Cluster, tmp_path: Path) -> None:
    encoder = DeadlyEncoder.which_dies_once(tmp_path / "died")
    with crew_of(EncoderSource.of(encoder, load_deadly), dask=cluster.scheduler_address) as crew:
        assert crew is not None
        assert crew.window == 2 * WORKERS
        found = files_of(tmp_path / "cluster", encoder, crew)
    assert encoder.passages_seen == []
    assert (tmp_path / "died").is_file()
    assert found == files_of(tmp_path / "alone", encoder)


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
        Cluster(n_workers=0, **PLACE) as empty,
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
