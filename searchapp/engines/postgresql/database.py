"""Connections to a database for searching: a pool that mends itself, read only, with an end to every statement."""

from __future__ import annotations

import atexit
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql
from psycopg_pool import ConnectionPool, PoolTimeout

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


class Database:
    """A database with a published index. Safe to use from several threads."""

    def __init__(self, address: str) -> None:
        """Take an address; nothing is connected yet."""
        self.place = place_of(address)
        self._pool = ConnectionPool(
            address,
            min_size=0,
            max_size=POOL,
            open=False,
            timeout=CONNECT_SECONDS,
            reconnect_timeout=CONNECT_SECONDS,
            configure=_configure,
            check=ConnectionPool.check_connection,
            kwargs={
                "autocommit": True,
                "application_name": "concord",
                "connect_timeout": CONNECT_SECONDS,
                "options": f"-c statement_timeout={STATEMENT_SECONDS}s -c jit=off",
            },
        )
        self._address = address
        self._opened = threading.Lock()

    @contextmanager
    def connection(self) -> Iterator[psycopg.Connection]:
        """Lend a connection; what goes wrong is EngineDownError, or IndexStoreError where waiting doesn't help."""
        with translated(self.place):
            self._open_pool()
            try:
                with self._pool.connection() as connection:
                    yield connection
            except PoolTimeout:
                with psycopg.connect(self._address, connect_timeout=CONNECT_SECONDS):  # which says what is wrong
                    pass
                raise EngineDownError(f"{self.place}: all connections are in use") from None

    def rows(self, statement: sql.Composed, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Return the rows of a statement; arrays and vectors are numpy's."""
        with self.connection() as connection, connection.cursor(binary=True) as cursor:
            return cursor.execute(statement, parameters).fetchall()

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()

    def _open_pool(self) -> None:
        with self._opened:
            if self._pool.closed:
                with psycopg.connect(self._address, connect_timeout=CONNECT_SECONDS):  # a pool would retry in silence
                    pass
                self._pool.open()
                atexit.register(self._pool.close)


def _configure(connection: psycopg.Connection) -> None:
    """Prepare a connection: how arrays are read, and how approximate indexes are walked."""
    register_adapters(connection)
    connection.execute("set default_transaction_read_only = on")  # from the start, it would be no read-write session
    connection.execute(
        "select set_config('hnsw.ef_search', %s, false), set_config('hnsw.iterative_scan', 'relaxed_order', false)",
        [str(_EF_SEARCH)],
    )


def of_partition(partitions: int) -> int:
    """Return how many of the nearest are taken from each of so many partitions."""
    return min(NEAREST, int(NEAREST / partitions * _OVER))
