"""Connecting to PostgreSQL, and telling in one line what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict

from indexer.shared.errors import EngineDownError, IndexStoreError
from indexer.shared.postgresql.addresses import check_address

__all__ = ["CONNECT_SECONDS", "connect", "place_of", "translated"]

CONNECT_SECONDS = 5
"""How long a server may take to answer the door."""


def place_of(address: str) -> str:
    """Return an address without what may be secret: `postgresql://host:port/database` (IndexStoreError if unusable)."""
    check_address(address)
    try:
        parts = conninfo_to_dict(address)
    except psycopg.ProgrammingError as error:
        raise IndexStoreError(
            f"the engine's address can't be read ({_line(error)}); expected postgresql://user@host:port/database"
        ) from None
    port = f":{parts['port']}" if parts.get("port") else ""
    return f"postgresql://{parts.get('host') or 'localhost'}{port}/{parts.get('dbname') or parts.get('user') or ''}"


@contextmanager
def connect(address: str, *, autocommit: bool = True) -> Iterator[psycopg.Connection]:
    """Give a connection, closed afterwards; raises as `translated` does."""
    place = place_of(address)
    with translated(place):
        connection = psycopg.connect(
            address, autocommit=autocommit, connect_timeout=CONNECT_SECONDS, application_name="concord"
        )
        with connection:
            yield connection


@contextmanager
def translated(place: str) -> Iterator[None]:
    """Raise what PostgreSQL says as one line: EngineDownError where waiting may help, else IndexStoreError."""
    try:
        yield
    except psycopg.Error as error:
        raise _translation(error, place) from error


_REASONS: tuple[tuple[tuple[type[psycopg.Error], ...], type[IndexStoreError], str], ...] = (
    (
        (errors.InvalidPassword, errors.InvalidAuthorizationSpecification),
        IndexStoreError,
        "refused the user or the password ({line})",
    ),
    (
        (errors.InsufficientPrivilege,),
        IndexStoreError,
        "this user lacks a right ({line}); see docs/cluster.md, “Roles”",
    ),
    (
        (errors.ReadOnlySqlTransaction,),
        IndexStoreError,
        "is a replica, which can't be written; give the primary's address",
    ),
    ((errors.UndefinedFile, errors.FeatureNotSupported), IndexStoreError, "{line}; is pgvector installed there?"),
    ((errors.InvalidCatalogName,), IndexStoreError, "{line}; make it with `createdb`"),
    ((errors.DiskFull, errors.OutOfMemory), EngineDownError, "{line}; the index is as it was"),
    ((errors.QueryCanceled,), EngineDownError, "a query took too long ({line})"),
    (
        (psycopg.OperationalError, psycopg.InterfaceError, errors.FdwError),
        EngineDownError,
        "can't be reached ({line})",
    ),
    ((psycopg.Error,), IndexStoreError, "{line}"),
)
"""What an error of PostgreSQL is to whoever operates it, the first that fits: kinds, our error, and its message."""

_SAID = {"authentication failed": errors.InvalidPassword, "does not exist": errors.InvalidCatalogName}
"""What a server says that lets nobody in, without the code of the error."""


def _translation(error: psycopg.Error, place: str) -> IndexStoreError:
    line = _line(error)
    kind = next((kind for said, kind in _SAID.items() if error.sqlstate is None and said in str(error)), type(error))
    made, message = next((made, message) for kinds, made, message in _REASONS if issubclass(kind, kinds))
    return made(f"{place}: {message.format(line=line)}")


def _line(error: Exception) -> str:
    """Return the first line of what an error says that says something."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0].removeprefix("FATAL:").strip() if lines else type(error).__name__
