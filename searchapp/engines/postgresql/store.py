"""The index in a database: which generation answers, and opening it."""

from __future__ import annotations

from contextlib import suppress

import psycopg

from indexer.shared.errors import IndexStoreError
from indexer.shared.postgresql.generations import answering_generation
from indexer.shared.postgresql.parts import load_parts
from indexer.shared.postgresql.schema import PARTITIONS, check_schema, nothing_published
from indexer.shared.similarity import EXACT_UP_TO
from searchapp.engines.postgresql.database import Database
from searchapp.engines.postgresql.engine import PostgresEngine, Published
from searchapp.engines.postgresql.servers import Servers

__all__ = ["DatabaseStore"]


class DatabaseStore:
    """An index in a database. Safe to use from several threads."""

    def __init__(self, address: str, *, exact_up_to: int = EXACT_UP_TO) -> None:
        """Take an address; nothing is connected yet. Beyond `exact_up_to` chunks, searches are approximate."""
        self._database = Database(address)
        self._servers = Servers(self._database)
        self._exact_up_to = exact_up_to
        self._state: object = None

    def state(self) -> object:
        """Return the number of the generation that answers; the last known while the server is away."""
        with suppress(IndexStoreError):
            self._state = self._database.run(_answering)
        return self._state

    def open(self, *, paranoid: bool = False) -> PostgresEngine:  # noqa: ARG002 (pages of a database have checksums)
        """Open the generation that answers (IndexStoreError if there is none, or PostgreSQL says so)."""
        return self._database.run(self._open)

    def _open(self, connection: psycopg.Connection) -> PostgresEngine:
        """Read all of one generation, however long it takes and whatever is published meanwhile."""
        with connection.transaction():
            connection.execute("set transaction isolation level repeatable read")
            connection.execute("set local statement_timeout = 0")
            check_schema(connection)
            answering = answering_generation(connection)
            if answering is None:
                raise nothing_published(self._database.place)
            parts = load_parts(connection, answering.number)
        return PostgresEngine(
            self._servers,
            Published(
                number=answering.number,
                manifest=answering.manifest,
                numbered=answering.next_chunk,
                partitions=PARTITIONS,
                exact_up_to=self._exact_up_to,
            ),
            parts,
        )

    def close(self) -> None:
        """Close all connections."""
        self._servers.close()
        self._database.close()


def _answering(connection: psycopg.Connection) -> object:
    return connection.execute("select generation from concord.answering").fetchone()
