"""Handing out batches to workers, taking what they made as it comes, and handing out again what was lost."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import Protocol

from indexer.shared.errors import WorkerError
from indexer.workers.batches import Batch, Vectors

__all__ = ["TRIES", "Crew", "in_parallel"]

TRIES = 3
"""How often a batch is computed whose workers end before it is done."""

_PATIENCE = 10.0  # seconds without a result until it is asked whether there are workers at all


class Crew(Protocol):
    """Workers with an encoder."""

    @property
    def lost(self) -> tuple[type[BaseException], ...]:
        """The exceptions of a batch whose worker has ended."""

    @property
    def window(self) -> int:
        """How many batches it is given at a time: those that it computes, and those that are to follow at once."""

    def submit(self, batch: Batch) -> Future[Vectors]:
        """Have a batch computed, by new workers if the old ones have ended."""

    def check(self) -> None:
        """Raise WorkerError if nobody works and nobody will."""


def in_parallel(batches: Iterable[Batch], crew: Crew) -> Iterator[tuple[Batch, Vectors]]:
    """Yield batches with their vectors as they are done. Only as many are read as the crew is given at a time.

    Raises WorkerError when workers end again and again or can't be reached, and whatever a worker raises.
    """
    left, again = iter(batches), deque[Batch]()
    losses: Counter[int] = Counter()
    running: dict[Future[Vectors], Batch] = {}
    while True:
        for batch in _next(again, left, crew.window - len(running)):
            running[crew.submit(batch)] = batch
        if not running:
            return
        done = wait(running, _PATIENCE, FIRST_COMPLETED).done
        if not done:
            crew.check()
        for future in done:
            batch = running.pop(future)
            try:
                vectors = future.result()
            except crew.lost as error:
                _count(losses, batch, error)
                again.append(batch)
            else:
                yield batch, vectors


def _count(losses: Counter[int], batch: Batch, error: BaseException) -> None:
    """Count the loss of a batch; WorkerError if it has been tried often enough."""
    losses[batch.number] += 1
    if losses[batch.number] == TRIES:
        raise WorkerError(
            f"workers ended {TRIES} times before some texts were embedded; they may want more memory"
        ) from error


def _next(again: deque[Batch], left: Iterator[Batch], count: int) -> Iterator[Batch]:
    """Yield up to so many batches, first those that are to be computed again."""
    for _ in range(count):
        batch = again.popleft() if again else next(left, None)
        if batch is not None:
            yield batch
