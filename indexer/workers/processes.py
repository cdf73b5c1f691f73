"""Workers that are processes of this machine."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing.connection import Connection

from tqdm import tqdm

from indexer.shared.cores import usable_cores
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
        self._open()

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
            self._open()
            return self._pool.submit(embed, self._key, batch)

    def check(self) -> None:
        """Do nothing: a process that ends is noticed at once."""

    def close(self) -> None:
        """End the processes, whatever they are at."""
        self._alive.close()
        self._pool.shutdown(cancel_futures=True)

    def _open(self) -> None:
        spawn = multiprocessing.get_context("spawn")  # threads, which encoders have, don't survive a fork
        watched, self._alive = spawn.Pipe(duplex=False)
        threads = max(1, usable_cores() // self._workers)
        self._pool = ProcessPoolExecutor(
            self._workers, mp_context=spawn, initializer=_start, initargs=(self._source, threads, watched)
        )


def _start(source: EncoderSource, threads: int, watched: Connection) -> None:
    """Prepare a new process: it leaves Ctrl-C to the one that started it, and ends with that one, however it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    tqdm.set_lock(threading.RLock())  # its own is known to all processes, and would be missed when this one ends
    threading.Thread(target=_end_with, args=(watched,), daemon=True).start()
    provide(source, threads)


def _end_with(watched: Connection) -> None:
    """End this process when the other end of a connection is closed, by its process or with it."""
    watched.poll(None)
    os._exit(1)
