"""Batches computed by this very process: while one is in the networks, another is made ready for them, or put away."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

from indexer.shared.encoder import Encoder
from indexer.workers.batches import Batch, Vectors, embed_batch
from indexer.workers.crew import Crew

__all__ = ["thread_crew"]

_THREADS = 2


class _ThreadCrew:
    """Threads with one encoder; none is ever lost."""

    lost: tuple[type[BaseException], ...] = ()
    window = _THREADS + 1

    def __init__(self, encoder: Encoder, threads: ThreadPoolExecutor) -> None:
        self._encoder = encoder
        self._threads = threads

    def submit(self, batch: Batch) -> Future[Vectors]:
        """Have a batch computed."""
        return self._threads.submit(embed_batch, batch, self._encoder)

    def check(self) -> None:
        """Do nothing: a thread that says nothing computes."""


@contextmanager
def thread_crew(encoder: Encoder) -> Iterator[Crew]:
    """Give threads that embed by an encoder of this process; what they haven't begun when that fails is left."""
    threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="embedding")
    try:
        yield _ThreadCrew(encoder, threads)
    finally:
        threads.shutdown(cancel_futures=True)
