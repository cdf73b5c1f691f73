"""Connecting to PostgreSQL, and telling in one line what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict

from indexer.shared.errors import EngineDownError, IndexStoreError
from indexer.shared.postgresql.addresses import check_address

__all__ = ["CONNECT_SECONDS", "connect", "place_of", "place_of_connection", "translated"]

CONNECT_SECONDS = 5
"""How long a server may take to answer the door."""


def place_of(address: str) -> str:
    """Return an address without what may be secret: `postgresql://host:port/database` (IndexStoreError if unusable)."""
    check_address(address)
    try:
        parts = conninfo_to_dict(address)
    except psycopg.ProgrammingError:  # whose message may hold what is secret
        raise IndexStoreError(
            "the engine's address can't be read; expected postgresql://user@host:port/database, special characters as"
            " %XX"
        ) from None
    return _place(parts)


def place_of_connection(connection: psycopg.Connection) -> str:
    """Return what `place_of` does of the address of a connection."""
    return _place(conninfo_to_dict(connection.info.dsn))


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
        "this user lacks a right ({line}); see docs/cluster.md, “Users”",
    ),
    (
        (errors.ReadOnlySqlTransaction,),
        IndexStoreError,
        "is a replica, which can't be written; give the primary's address",
    ),
    ((errors.UndefinedFile, errors.FeatureNotSupported), IndexStoreError, "{line}; is pgvector installed there?"),
    ((errors.InvalidCatalogName,), IndexStoreError, "{line}; make it with `createdb`"),
    (
        (errors.DiskFull, errors.OutOfMemory, errors.ConfigurationLimitExceeded),
        EngineDownError,
        "{line}; the index is as it was",
    ),
    ((errors.QueryCanceled,), EngineDownError, "a query took too long ({line})"),
    (
        (psycopg.OperationalError, psycopg.InterfaceError, errors.FdwError),
        EngineDownError,
        "can't be reached ({line})",
    ),
    ((psycopg.Error,), IndexStoreError, "{line}"),
)
"""What an error of PostgreSQL is to whoever operates it, the first that fits: kinds, our error, and its message."""

_SAID = {
    "No space left on device": errors.DiskFull,
    "authentication failed": errors.InvalidPassword,
    "no password supplied": errors.InvalidPassword,
    "no pg_hba.conf entry": errors.InvalidAuthorizationSpecification,
    'FATAL:  role "': errors.InvalidAuthorizationSpecification,
    "permission denied": errors.InsufficientPrivilege,
    "does not exist": errors.InvalidCatalogName,
    "vector type not found": errors.UndefinedFile,
}
"""What is said without the code of an error: by a server that lets nobody in, or by a library; the first that fits."""


def _translation(error: psycopg.Error, place: str) -> IndexStoreError:
    line = _line(error)
    kind = next((kind for said, kind in _SAID.items() if error.sqlstate is None and said in str(error)), type(error))
    made, message = next((made, message) for kinds, made, message in _REASONS if issubclass(kind, kinds))
    return made(f"{place}: {message.format(line=line)}")


def _place(parts: Mapping[str, Any]) -> str:
    hosts = str(parts.get("host") or "localhost").split(",")
    ports = str(parts.get("port") or "").split(",")
    each = ports * len(hosts) if len(ports) == 1 else ports
    servers = ",".join(f"{host}:{port}" if port else host for host, port in zip(hosts, each, strict=False))
    return f"postgresql://{servers}/{parts.get('dbname') or parts.get('user') or ''}"


def _line(error: Exception) -> str:
    """Return the first line of what an error says that says something, without the server's address."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0].rpartition(" failed: ")[2].removeprefix("FATAL:").strip() if lines else type(error).__name__
