"""Which workers there are, by what was asked for."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from importlib.util import find_spec

from indexer.shared.errors import WorkerError
from indexer.workers.crew import Crew
from indexer.workers.processes import process_crew
from indexer.workers.worker import EncoderSource

__all__ = ["crew_of"]


def crew_of(source: EncoderSource, *, workers: int = 1, dask: str = "") -> AbstractContextManager[Crew | None]:
    """Give the workers of the Dask scheduler with this address, or so many processes, or None for this process alone.

    Raises WorkerError if they can't be had.
    """
    if dask:
        if find_spec("distributed") is None:
            raise WorkerError("Dask is not installed (pip install 'concord[dask]')")
        from indexer.workers.dask_cluster import dask_crew  # noqa: PLC0415 (an extra, and slow to import)

        return dask_crew(source, dask)
    return process_crew(source, workers) if workers > 1 else nullcontext()
