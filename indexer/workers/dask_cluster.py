"""Workers of a Dask cluster (the extra `dask`): the one module that imports Dask.

Whatever passes between this process, the scheduler and the workers is pickled, and unpickled by the other side: use a
cluster that you trust, by `tls://` across a network that you don't.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from concurrent.futures import CancelledError, Future
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit
from uuid import uuid4

from distributed import Client, KilledWorker, Security, Worker, WorkerPlugin
from distributed.comm.core import connect

from indexer.shared.errors import WorkerError
from indexer.workers.batches import Batch, Vectors
from indexer.workers.crew import Crew
from indexer.workers.worker import EncoderSource, embed, provide

__all__ = ["dask_crew"]

_SCHEMES = ("tcp", "tls")
_CONNECT = 10  # seconds for the scheduler to answer
_WORKERS = 4  # seconds for a worker to be there
_AHEAD = 2  # batches for each thread of a worker


@contextmanager
def dask_crew(source: EncoderSource, address: str) -> Iterator[Crew]:
    """Give the workers of the scheduler with this address, `tcp://host:port` or `tls://host:port`; raise WorkerError.

    Dask's own settings (`~/.config/dask`, `DASK_...`) hold for the connection, such as the certificates of TLS.
    """
    _check(address)
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
    _try(address)
    with Client(address, timeout=_CONNECT, set_as_default=False) as client:
        crew = _DaskCrew(client, address, source)
        crew.check()
        with _told(client, source):
            yield crew


@contextmanager
def _told(client: Client, source: EncoderSource) -> Iterator[None]:
    """Tell all workers of the encoder, and those that come meanwhile; WorkerError if one doesn't understand it."""
    name = f"concord-{uuid4()}"
    try:
        client.register_plugin(_EncoderPlugin(source), name=name)
    except Exception as error:
        raise WorkerError(
            f"a Dask worker can't be used: {error}; install the same version of Concord on all machines"
        ) from error
    try:
        yield
    finally:
        with suppress(OSError):  # there is no connection any more
            client.unregister_worker_plugin(name)


class _EncoderPlugin(WorkerPlugin):
    """Tells each worker of the encoder, also those that come later; it may take as many cores as it has threads."""

    def __init__(self, source: EncoderSource) -> None:
        self._source = source

    def setup(self, worker: Worker) -> None:
        provide(self._source, worker.state.nthreads)


class _DaskCrew:
    """The `Crew` of a cluster. Dask itself has a batch done again whose worker has ended, a few times."""

    lost: tuple[type[BaseException], ...] = (KilledWorker, CancelledError)

    def __init__(self, client: Client, address: str, source: EncoderSource) -> None:
        self._client = client
        self._address = address
        self._key = source.key
        self._executor = client.get_executor(pure=False)

    @property
    def window(self) -> int:
        """A batch that each thread computes, and the next; workers come and go."""
        with self._in_touch():
            threads: dict[str, int] = self._client.nthreads()
        return _AHEAD * max(1, sum(threads.values()))

    def submit(self, batch: Batch) -> Future[Vectors]:
        """Have a batch computed."""
        future: Future[Vectors] = self._executor.submit(embed, self._key, batch)
        return future

    def check(self) -> None:
        """Raise WorkerError if there is no worker for a minute."""
        with self._in_touch():
            try:
                self._client.wait_for_workers(1, timeout=_WORKERS)
            except TimeoutError as error:
                raise WorkerError(f"the Dask scheduler {self._address} has no workers") from error

    @contextmanager
    def _in_touch(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise WorkerError(f"the connection to the Dask scheduler {self._address} was lost: {error}") from error


def _check(address: str) -> None:
    try:
        parts = urlsplit(address)
        usable = parts.scheme in _SCHEMES and parts.hostname and parts.port and not parts.path
    except ValueError:
        usable = False
    if not usable:
        raise WorkerError(
            f"{address!r} is no address of a Dask scheduler (expected tcp://host:port or tls://host:port)"
        )


def _try(address: str) -> None:
    """Raise WorkerError if no Dask scheduler answers: a client that finds none keeps its process from ending."""

    async def greet() -> None:
        comm = await connect(address, timeout=_CONNECT, **Security().get_connection_args("client"))
        comm.abort()

    try:
        asyncio.run(asyncio.wait_for(greet(), _CONNECT + 1))
    except (OSError, TypeError, ValueError) as error:
        reason = (str(error).strip() or f"no answer in {_CONNECT} s").splitlines()[0]
        raise WorkerError(f"the Dask scheduler {address} can't be reached: {reason}") from error
