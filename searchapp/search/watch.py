"""How long the stages of a search take, and when its time is up."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import contextmanager
from typing import TypeVar

__all__ = ["STAGES", "Watch"]

Result = TypeVar("Result")

STAGES = ("keyword", "encode", "semantic", "rank", "present")
"""The stages of a search, in their order."""


class Watch:
    """Times one search: what its stages took, in seconds, and how much of its budget (None: no end) is left.

    Work that can't be stopped is waited for in a thread of `workers`, for as long as there is time.
    """

    def __init__(self, *, budget: float | None = None, workers: ThreadPoolExecutor | None = None) -> None:
        self.start = time.perf_counter()
        self.seconds: dict[str, float] = {}
        self._budget = budget
        self._workers = workers

    @property
    def elapsed_ms(self) -> float:
        """Milliseconds since the search began."""
        return (time.perf_counter() - self.start) * 1000

    @property
    def left(self) -> float | None:
        """Seconds that are left, 0 when the time is up; None if there is no end."""
        return None if self._budget is None else max(0.0, self._budget - (time.perf_counter() - self.start))

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count the time of what is done inside to one of STAGES."""
        begin = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - begin

    def in_time(self, work: Callable[[], Result]) -> Result | None:
        """Return what a piece of work gives, or None when the time is up before it is done."""
        left = self.left
        if left is None or self._workers is None:
            return work()
        if not left:
            return None
        future: Future[Result] = self._workers.submit(work)
        try:
            return future.result(timeout=left)
        except FutureTimeoutError:
            future.cancel()
            return None
