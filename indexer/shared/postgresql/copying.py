"""Writing many rows at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql

__all__ = ["rows_into"]


@contextmanager
def rows_into(connection: psycopg.Connection, table: str, **columns: str) -> Iterator[psycopg.Copy]:
    """Give what `write_row` puts rows into a table of the index with, from the names of columns and their types."""
    statement = sql.SQL("copy {} ({}) from stdin (format binary)").format(
        sql.Identifier("concord", table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types(list(columns.values()))
        yield copy
