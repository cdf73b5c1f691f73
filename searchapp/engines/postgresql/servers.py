"""The servers that hold the rows of an index: its database, or the shards of a cluster.

Shards are asked directly, all at once: through the coordinator (`postgres_fdw`), rows travel twice and as text, and
what an aggregate or a join needs may travel whole.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from psycopg import sql

from indexer.shared.errors import EngineDownError
from indexer.shared.postgresql.schema import PARTITIONS, shards_of
from searchapp.engines.postgresql.database import POOL, Database

__all__ = ["Servers"]

_WORKERS = 4 * POOL  # threads that wait for shards, started as they are needed

Rows = list[tuple[Any, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Server:
    """A database, and the numbers of the partitions that are in it."""

    address: str
    database: Database
    partitions: tuple[int, ...]


class Servers:
    """All servers that hold rows of an index. Safe to use from several threads.

    The database says where its shards are. It is asked again when one of them fails: a replica may have been promoted
    in its place. While the database itself is away, the shards go on answering.
    """

    def __init__(self, database: Database) -> None:
        """Take the database that Concord was told of; nothing is asked yet."""
        self.place = database.place
        self._database = database
        self._servers: tuple[_Server, ...] = ()
        self._moving = threading.Lock()
        self._workers = ThreadPoolExecutor(_WORKERS, thread_name_prefix="shard")

    def rows(self, statement: sql.Composed, parameters: Sequence[Any]) -> Rows:
        """Return the rows that a statement on whole tables finds, server by server; raises as `Database.rows`."""
        return self._asked(lambda server: server.database.rows(statement, parameters))

    def rows_of_partitions(self, template: sql.Composed, table: str, parameters: Sequence[Any]) -> Rows:
        """Return the rows that a statement finds on each partition of a table, which it names `{table}`."""

        def ask(server: _Server) -> Rows:
            each = (_on(template, f"{table}_{number}") for number in server.partitions)
            return server.database.rows(sql.SQL(" union all ").join(each), [*parameters] * len(server.partitions))

        return self._asked(ask)

    def close(self) -> None:
        """Close the connections to shards."""
        self._workers.shutdown()
        _close(self._servers, but=self._database)

    def _asked(self, ask: Callable[[_Server], Rows]) -> Rows:
        servers = self._servers or self._found()
        try:
            return self._of_each(servers, ask)
        except EngineDownError:
            moved = servers[0].database is not self._database and self._found()
            if not moved or moved == servers:
                raise
            return self._of_each(moved, ask)

    def _of_each(self, servers: Sequence[_Server], ask: Callable[[_Server], Rows]) -> Rows:
        first, *others = servers
        waiting = [self._workers.submit(ask, other) for other in others]
        found = ask(first)
        for one in waiting:
            found += one.result()
        return found

    def _found(self) -> tuple[_Server, ...]:
        """Return where the rows are now, with the same connections to those that are where they were."""
        shards = [shard for shard in self._database.run(shards_of) if shard.partitions]
        with self._moving:
            known = {server.address: server.database for server in self._servers}
            found = tuple(
                _Server(
                    address=shard.address,
                    database=known.get(shard.address) or Database(shard.address),
                    partitions=shard.partitions,
                )
                for shard in shards
            )
            self._servers = found or (
                _Server(address="", database=self._database, partitions=tuple(range(PARTITIONS))),
            )
            return self._servers


def _on(template: sql.Composed, table: str) -> sql.Composed:
    return sql.SQL("({})").format(sql.SQL(template.as_string()).format(table=sql.Identifier(table)))


def _close(servers: Sequence[_Server], *, but: Database) -> None:
    for server in servers:
        if server.database is not but:
            server.database.close()
