from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future

import pytest

from indexer.shared.errors import WorkerError
from indexer.workers import Batch, Vectors, crew_of, embed_batch, in_parallel
from indexer.workers.crew import TRIES
from indexer.workers.worker import EncoderSource
from tests.fakes import FakeEncoder, load_fake
from tests.indexer.workers.fakes import batch


class LostError(Exception):
    pass


class FakeCrew:
    """Computes at once; loses those batches, each so many times."""

    lost = (LostError,)
    window = 3

    def __init__(self, losses: dict[int, int] | None = None) -> None:
        self.submitted: list[int] = []
        self._losses = dict(losses or {})

    def submit(self, one: Batch) -> Future[Vectors]:
        self.submitted.append(one.number)
        future: Future[Vectors] = Future()
        if self._losses.get(one.number, 0):
            self._losses[one.number] -= 1
            future.set_exception(LostError())
        else:
            future.set_result(embed_batch(one, FakeEncoder()))
        return future

    def check(self) -> None:
        raise AssertionError


def batches(count: int) -> Iterator[Batch]:
    return (batch(number, f"text {number}") for number in range(count))


def numbers(count: int, crew: FakeCrew) -> list[int]:
    return sorted(one.number for one, _ in in_parallel(batches(count), crew))


def test_every_batch_is_done_once() -> None:
    crew = FakeCrew()
    assert numbers(10, crew) == list(range(10))
    assert crew.submitted == list(range(10))


def test_no_more_batches_are_read_than_the_window_holds() -> None:
    read: list[int] = []

    def counted() -> Iterator[Batch]:
        for one in batches(10):
            read.append(one.number)
            yield one

    found = in_parallel(counted(), FakeCrew())
    next(found)
    assert read == [0, 1, 2]


def test_what_was_lost_is_done_again_and_nothing_else() -> None:
    crew = FakeCrew({2: 1, 7: TRIES - 1})
    assert numbers(10, crew) == list(range(10))
    assert sorted(crew.submitted) == sorted([*range(10), 2, *[7] * (TRIES - 1)])


def test_what_is_lost_again_and_again_is_an_error() -> None:
    crew = FakeCrew({4: TRIES})
    with pytest.raises(WorkerError, match=f"workers ended {TRIES} times"):
        numbers(10, crew)


def test_a_crew_that_gives_nothing_for_long_is_asked_whether_it_works(monkeypatch: pytest.MonkeyPatch) -> None:
    class Idle(FakeCrew):
        def submit(self, one: Batch) -> Future[Vectors]:  # noqa: ARG002 (the protocol's)
            return Future()

        def check(self) -> None:
            raise WorkerError("nobody works")

    monkeypatch.setattr("indexer.workers.crew._PATIENCE", 0.01)
    with pytest.raises(WorkerError, match="nobody works"):
        numbers(1, Idle())


def test_by_default_this_process_works_alone() -> None:
    with crew_of(EncoderSource.of(FakeEncoder(), load_fake)) as crew:
        assert crew is None
