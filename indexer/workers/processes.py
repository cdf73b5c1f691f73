"""Workers that are processes of this machine."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from contextlib import contextmanager

from indexer.shared.encoder import cores
from indexer.workers.batches import Batch, Vectors
from indexer.workers.crew import Crew
from indexer.workers.worker import EncoderSource, embed, provide

__all__ = ["process_crew"]

_AHEAD = 2  # batches for each worker


@contextmanager
def process_crew(source: EncoderSource, workers: int) -> Iterator[Crew]:
    """Give so many processes, which share the cores; they start with the first batch, and end here."""
    crew = _ProcessCrew(source, workers)
    try:
        yield crew
    finally:
        crew.close()


class _ProcessCrew:
    """The `Crew` of processes. When one ends, the others can't go on: all are replaced."""

    lost: tuple[type[BaseException], ...] = (BrokenExecutor,)

    def __init__(self, source: EncoderSource, workers: int) -> None:
        self._source = source
        self._key = source.key
        self._workers = workers
        self._pool = self._new_pool()

    @property
    def window(self) -> int:
        """A batch that each computes, and the next."""
        return _AHEAD * self._workers

    def submit(self, batch: Batch) -> Future[Vectors]:
        """Have a batch computed."""
        try:
            return self._pool.submit(embed, self._key, batch)
        except BrokenExecutor:
            self.close()
            self._pool = self._new_pool()
            return self._pool.submit(embed, self._key, batch)

    def check(self) -> None:
        """Do nothing: a process that ends is noticed at once."""

    def close(self) -> None:
        """End the processes when they have done what they are at."""
        self._pool.shutdown(cancel_futures=True)

    def _new_pool(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(
            self._workers,
            mp_context=multiprocessing.get_context("spawn"),  # threads, which encoders have, don't survive a fork
            initializer=_start,
            initargs=(self._source, max(1, cores() // self._workers)),
        )


def _start(source: EncoderSource, threads: int) -> None:
    """Prepare a new process: it leaves Ctrl-C to the one that started it, and ends with that one, however it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    provide(source, threads)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
