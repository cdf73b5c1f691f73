"""Connections to a database for searching: a pool that mends itself, read only, with an end to every statement."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import psycopg
from psycopg import sql
from psycopg.abc import PQGen
from psycopg.pq import TransactionStatus

from indexer.shared.errors import EngineDownError
from indexer.shared.postgresql.connections import CONNECT_SECONDS, place_of, translated
from searchapp.engines.postgresql.adapters import register_adapters

__all__ = ["NEAREST", "POOL", "STATEMENT_SECONDS", "Database", "of_partition"]

POOL = 8
"""Connections of one process at most; twice as many as it searches at a time."""

STATEMENT_SECONDS = 10
"""How long a statement may run: longer than any search waits."""

NEAREST = 1000
"""Chunks that approximate indexes name."""

_EF_SEARCH = 400  # how many candidates a walk keeps: recall@50 .99 of 100,000 chunks, see docs/capacity.md
_OVER = 1.4  # how many more than its share are taken from a partition, as they are spread unevenly
_SETTINGS = {
    "statement_timeout": f"{STATEMENT_SECONDS}s",
    "jit": "off",
    "hnsw.ef_search": _EF_SEARCH,
    "hnsw.iterative_scan": "relaxed_order",
}
_SILENCE = STATEMENT_SECONDS + 2  # seconds
_LIVELINESS: dict[str, Any] = {  # a machine that is lost says no farewell: it is noticed after some ten seconds
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}

Found = TypeVar("Found")


class Database:
    """A database with a published index. Safe to use from several threads.

    Connections are made when they are needed and kept for the next time. That a server is away is told at once, and as
    soon as it is back it is used again.
    """

    def __init__(self, address: str) -> None:
        """Take an address; nothing is connected yet."""
        self.place = place_of(address)
        self._address = address
        self._free = threading.BoundedSemaphore(POOL)
        self._idle: list[psycopg.Connection] = []
        weakref.finalize(self, _close_all, self._idle)

    def run(self, work: Callable[[psycopg.Connection], Found]) -> Found:
        """Return what some work gives on a connection; it may be done twice, so it must change nothing.

        What goes wrong is EngineDownError, or IndexStoreError where waiting doesn't help.
        """
        with translated(self.place):
            if not self._free.acquire(timeout=CONNECT_SECONDS):
                raise EngineDownError(f"{self.place}: all connections are in use")
            try:
                return self._run(work)
            finally:
                self._free.release()

    def rows(self, statement: sql.Composed, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Return the rows of a statement; arrays and vectors are numpy's. Raises as `run`."""

        def fetch(connection: psycopg.Connection) -> list[tuple[Any, ...]]:
            with connection.cursor(binary=True) as cursor:
                return cursor.execute(statement, parameters).fetchall()

        return self.run(fetch)

    def close(self) -> None:
        """Close all connections that nobody uses; so does the end of the process."""
        _close_all(self._idle)

    def _run(self, work: Callable[[psycopg.Connection], Found]) -> Found:
        """Do some work on a connection that waits, if one does and wasn't lost meanwhile, else on a new one."""
        waiting = _taken(self._idle)
        if waiting is not None:
            try:
                return self._lend(waiting, work)
            except psycopg.OperationalError:
                if not waiting.closed:
                    raise
                _close_all(self._idle)  # what ended this one has ended them all, most likely
        return self._lend(self._connect(), work)

    def _lend(self, connection: psycopg.Connection, work: Callable[[psycopg.Connection], Found]) -> Found:
        try:
            return work(connection)
        finally:
            if connection.info.transaction_status == TransactionStatus.IDLE:
                self._idle.append(connection)
            else:
                connection.close()

    def _connect(self) -> psycopg.Connection:
        connection = _Connection.connect(
            self._address,
            autocommit=True,
            application_name="concord",
            connect_timeout=CONNECT_SECONDS,
            options=" ".join(f"-c {name}={value}" for name, value in _SETTINGS.items()),
            **_LIVELINESS,
        )
        try:
            register_adapters(connection)
            connection.execute("set default_transaction_read_only = on")  # at once, it would be no read-write session
        except BaseException:
            connection.close()
            raise
        return connection


class _Connection(psycopg.Connection[tuple[Any, ...]]):
    """A connection that gives up a server which is silent for longer than any statement may run.

    A process that is stopped, or waits for its disk, keeps its connections open without a word.
    """

    def wait(self, gen: PQGen[Found], *args: Any, **options: Any) -> Found:
        """Wait for what a generator of psycopg gives."""
        return super().wait(_while_heard(gen), *args, **options)


def _while_heard(gen: PQGen[Found]) -> PQGen[Found]:
    """Do as a generator of psycopg does, but raise OperationalError after a long silence."""
    try:
        wanted, end = next(gen), time.monotonic() + _SILENCE
        while True:
            ready = yield wanted
            if ready:
                end = time.monotonic() + _SILENCE
            elif time.monotonic() > end:
                raise psycopg.OperationalError(f"no word from the server for {_SILENCE} seconds")
            wanted = gen.send(ready)
    except StopIteration as stop:
        found: Found = stop.value
        return found


def of_partition(partitions: int) -> int:
    """Return how many of the nearest are taken from each of so many partitions."""
    return min(NEAREST, int(NEAREST / partitions * _OVER))


def _taken(connections: list[psycopg.Connection]) -> psycopg.Connection | None:
    try:
        return connections.pop()
    except IndexError:
        return None


def _close_all(connections: list[psycopg.Connection]) -> None:
    while (connection := _taken(connections)) is not None:
        connection.close()
