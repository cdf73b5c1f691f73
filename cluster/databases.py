"""What every database of a cluster has: users, extensions, and on the coordinator the ways to the shards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg import sql

from cluster.errors import ServerError
from cluster.layout import DATABASE, OWNER, READER, REPLICATOR
from cluster.server import HOST, Server

__all__ = ["link", "make_database", "prepare", "repoint", "server_of"]

_ATTRIBUTES = {OWNER: "LOGIN", READER: "LOGIN", REPLICATOR: "LOGIN REPLICATION"}

_WAY = {
    "dbname": DATABASE,
    "extensions": "vector",  # its operators are computed on the shards
    "async_capable": "true",  # the shards of a query work at the same time
    "fetch_size": "10000",
    "batch_size": "1000",
    "parallel_commit": "true",
    "parallel_abort": "true",
    "connect_timeout": "2",
    "tcp_user_timeout": "5000",  # milliseconds; a lost machine sends no farewell
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
}


def server_of(shard: str) -> str:
    """Return the name by which the coordinator knows a shard: `shard-0` is the foreign server `concord_shard_0`."""
    return f"concord_{shard.replace('-', '_')}"


def prepare(server: Server, passwords: Mapping[str, str]) -> None:
    """Give a primary the users and the database `concord` with pgvector, as far as it lacks them."""
    with server.connect() as connection:
        for user, attributes in _ATTRIBUTES.items():
            if not _has(connection, "SELECT FROM pg_roles WHERE rolname = %s", user):
                _run(connection, "CREATE ROLE {} " + attributes, sql.Identifier(user))
            _run(connection, "ALTER ROLE {} PASSWORD {}", sql.Identifier(user), sql.Literal(passwords[user]))
        if not _has(connection, "SELECT FROM pg_database WHERE datname = %s", DATABASE):
            make_database(connection, DATABASE, owner=OWNER)
    with server.connect(DATABASE) as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS vector")


def make_database(connection: psycopg.Connection[Any], name: str, *, owner: str) -> None:
    """Create a database that no one but its owner and `concord_web` may enter."""
    _run(connection, "CREATE DATABASE {} OWNER {}", sql.Identifier(name), sql.Identifier(owner))
    _run(connection, "REVOKE ALL ON DATABASE {} FROM PUBLIC", sql.Identifier(name))
    _run(connection, "GRANT CONNECT ON DATABASE {} TO {}", sql.Identifier(name), sql.Identifier(READER))


def link(coordinator: Server, shards: Mapping[str, Server], passwords: Mapping[str, str]) -> None:
    """Give the coordinator a foreign server for each shard, and both users their way there, as far as it lacks them.

    Every way is brought up to date: where the shard listens, and the passwords.
    """
    with coordinator.connect(DATABASE) as connection:
        for extension in ("postgres_fdw", "dblink"):
            _run(connection, "CREATE EXTENSION IF NOT EXISTS {}", sql.Identifier(extension))
        for shard, server in shards.items():
            name = sql.Identifier(server_of(shard))
            if not _has(connection, "SELECT FROM pg_foreign_server WHERE srvname = %s", server_of(shard)):
                way = {**_WAY, "host": HOST, "port": str(server.port)}
                _run(connection, "CREATE SERVER {} FOREIGN DATA WRAPPER postgres_fdw OPTIONS ({})", name, _options(way))
            for user in (OWNER, READER):
                _run(connection, "GRANT USAGE ON FOREIGN SERVER {} TO {}", name, sql.Identifier(user))
                _map(connection, name, user, passwords[user])
            _point(connection, shard, server)


def repoint(coordinator: Server, shard: str, server: Server) -> None:
    """Let the coordinator find a shard on another server; connections to the former one are used no more.

    Raise ServerError when the coordinator knows no such shard.
    """
    with coordinator.connect(DATABASE) as connection:
        _point(connection, shard, server)


def _point(connection: psycopg.Connection[Any], shard: str, server: Server) -> None:
    options = {"host": HOST, "port": str(server.port)}
    try:
        _run(
            connection,
            "ALTER SERVER {} OPTIONS ({})",
            sql.Identifier(server_of(shard)),
            _options(options, verb="SET "),
        )
    except psycopg.errors.UndefinedObject as error:
        raise ServerError(f"the coordinator knows no {shard}") from error


def _map(connection: psycopg.Connection[Any], server: sql.Identifier, user: str, password: str) -> None:
    """Let a user of the coordinator enter a shard as the user of the same name."""
    role, options = sql.Identifier(user), _options({"user": user, "password": password})
    _run(connection, "CREATE USER MAPPING IF NOT EXISTS FOR {} SERVER {} OPTIONS ({})", role, server, options)
    change = _options({"password": password}, verb="SET ")
    _run(connection, "ALTER USER MAPPING FOR {} SERVER {} OPTIONS ({})", role, server, change)


def _options(options: Mapping[str, str], *, verb: str = "") -> sql.Composed:
    """Return the inside of OPTIONS (...), `verb` before each name."""
    one = sql.SQL(verb + "{} {}")
    return sql.SQL(", ").join(one.format(sql.Identifier(name), sql.Literal(value)) for name, value in options.items())


def _run(connection: psycopg.Connection[Any], statement: str, *parts: sql.Composable) -> None:
    connection.execute(sql.SQL(statement).format(*parts))


def _has(connection: psycopg.Connection[Any], query: str, name: str) -> bool:
    return connection.execute(query, [name]).fetchone() is not None
