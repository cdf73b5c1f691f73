"""The tables of an index in PostgreSQL, and bringing a database up to them.

All are in the schema `concord`. What is found by meaning or read by its place is cut into partitions by the hash of its
commitment, so that a commitment's rows are together, on whichever server: a partition may be a foreign table on a
shard. Postings are cut by the hash of their term.

    migrations      the versions of this schema that were installed
    generations     what was written: number, manifest, the next free IDs, and when it first answered, if it has
    answering       the generation that answers; one row
    parts           arrays of a generation that a reader holds in memory, in pieces
    documents       a document's record (JSON), from generation `since` up to, not including, `until`
    chunks          a passage's vector, by model, in 32 bits; the same span of generations
    nearest         what an approximate search walks through: both models' vectors in 16 bits, centred; HNSW
    sentences       spans, codes and scales of a chunk's sentences, as in an index folder
    postings        the chunks that have a term of a field: one row for each generation that added some

A row belongs to every generation g with since <= g < until, so that a new generation is written beside the old one and
costs what has changed. Numbers of documents and chunks stay the same over generations; `parts` has the row of each. No
two generations ever have the same number, so that a reader of one that was dropped never takes another for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote, urlencode

import psycopg
from psycopg import errors, sql
from psycopg.pq import Conninfo

from indexer.shared.errors import IndexFormatError, IndexMissingError, IndexStoreError
from indexer.shared.postgresql.connections import connect, place_of_connection

__all__ = [
    "PARTITIONED",
    "PARTITIONS",
    "READER",
    "Shard",
    "check_schema",
    "install",
    "nothing_published",
    "shards_of",
]

PARTITIONS = 4
"""Partitions of each table: as many as may be spread over shards, and few enough for one server."""

READER = "concord_web"
"""The role that may read an index, if there is one."""

PARTITIONED = ("documents", "chunks", "nearest", "sentences", "postings")

_COLUMNS = {
    "documents": "commitment_id text not null, document int not null, since int not null, until int,"
    " record json not null",
    "chunks": "commitment_id text not null, chunk int not null, document int not null, since int not null, until int,"
    " first vector not null, second vector",
    "nearest": "commitment_id text not null, chunk int not null, document int not null, since int not null, until int,"
    " models smallint not null, dim smallint not null, vector halfvec not null",
    "sentences": "commitment_id text not null, chunk int not null, since int not null, until int,"
    " spans bytea not null, codes bytea not null, scales bytea not null",
    "postings": "field text not null, term bytea not null, since int not null, until int,"
    " chunks bytea not null, weights bytea not null, counts bytea not null, positions bytea not null",
}
_INDEXES = {
    "documents": ("document", "since", "until"),
    "chunks": ("chunk", "since", "until"),
    "nearest": ("chunk", "document", "since", "until"),
    "sentences": ("chunk", "since", "until"),
    "postings": ("field, term", "since", "until"),
}
_INLINE = {"chunks": ("first", "second"), "nearest": ("vector",)}  # kept in the row, where scans read them
_EXTERNAL = {"sentences": ("codes",), "postings": ("chunks", "weights", "counts", "positions")}  # nothing to compress

_MIGRATIONS = (
    """
    create sequence concord.generation_numbers as int;
    create table concord.generations (
        generation int primary key, digest text not null, manifest bytea not null, next_document int not null,
        next_chunk int not null, published_at timestamptz);
    create table concord.answering (
        one boolean primary key default true check (one),
        generation int not null references concord.generations);
    create table concord.parts (
        generation int not null references concord.generations on delete cascade, name text not null,
        piece int not null, bytes bytea not null, primary key (generation, name, piece));
    """,
)
"""What brings a schema to version 1, 2, …; the partitioned tables are made with the first."""

_SHARDS = """
    select server.srvname, server.srvoptions, way.umoptions, array(
        select substr(relname, 8)::int from pg_foreign_table join pg_class as class on class.oid = ftrelid
        where ftserver = server.oid and relnamespace = to_regnamespace('concord') and relname ~ '^chunks_[0-9]+$'
        order by 1)
    from pg_foreign_server as server join pg_user_mappings as way on way.srvid = server.oid
    where server.srvname like 'concord_shard_%' and way.usename = current_user
    order by server.srvname
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """A foreign server for partitions, how to reach it, and the numbers of those that it holds."""

    server: str
    address: str
    partitions: tuple[int, ...]


def install(connection: psycopg.Connection) -> None:
    """Bring a database up to this program's schema; where it is, nothing changes but what the reading role may read.

    IndexFormatError for a schema of a newer program, EngineDownError for a shard that is away; otherwise as PostgreSQL
    says, of who may not write, too.
    """
    version = _version(connection)
    _check_not_newer(connection, version or 0)
    with connection.transaction():
        if version is None:
            _create_extension(connection)
            connection.execute("create schema if not exists concord")
            connection.execute("create table concord.migrations (version int primary key)")
            _create_partitioned(connection)
        for number in range(version or 0, len(_MIGRATIONS)):
            connection.execute(_MIGRATIONS[number])
            connection.execute("insert into concord.migrations values (%s)", [number + 1])
        _grant(connection)
    for shard in shards_of(connection):
        with connect(shard.address) as remote:
            _grant(remote)


def check_schema(connection: psycopg.Connection) -> None:
    """Raise IndexMissingError or IndexFormatError where there is nothing that this program can read."""
    version = _version(connection)
    if version is None:
        raise nothing_published(place_of_connection(connection))
    _check_not_newer(connection, version)
    if version < len(_MIGRATIONS):
        raise IndexFormatError(
            f"{place_of_connection(connection)}: its schema is of version {version}, but this program needs"
            f" {len(_MIGRATIONS)}; `concord index SOURCE... --engine` brings it up to date"
        )


def nothing_published(place: str) -> IndexMissingError:
    """Return the error for a database that holds no index."""
    return IndexMissingError(f"{place}: there is no index here yet; build one with `concord index SOURCE... --engine`")


def shards_of(connection: psycopg.Connection) -> tuple[Shard, ...]:
    """Return the foreign servers whose names say that they hold partitions, in the order of their names."""
    rows = connection.execute(_SHARDS).fetchall()
    return tuple(
        Shard(server=name, address=_address(server, user), partitions=tuple(partitions))
        for name, server, user, partitions in rows
    )


def _address(server: list[str] | None, user: list[str] | None) -> str:
    """Return the address that the options of a foreign server and of a user's way there make."""
    options = dict(option.split("=", 1) for option in [*(server or []), *(user or [])])
    known = {one.keyword.decode() for one in Conninfo.get_defaults()}  # the others are postgres_fdw's own
    wanted = {name: value for name, value in options.items() if name in known}
    return f"postgresql:///?{urlencode(wanted, quote_via=quote)}"


def _version(connection: psycopg.Connection) -> int | None:
    if connection.execute("select to_regclass('concord.migrations')").fetchone() == (None,):
        return None
    row = connection.execute("select coalesce(max(version), 0) from concord.migrations").fetchone()
    return int(row[0]) if row else None


def _check_not_newer(connection: psycopg.Connection, version: int) -> None:
    if version > len(_MIGRATIONS):
        raise IndexFormatError(
            f"{place_of_connection(connection)}: its schema is of version {version}, made by a newer Concord (this one"
            f" knows {len(_MIGRATIONS)}); update Concord"
        )


def _create_partitioned(connection: psycopg.Connection) -> None:
    """Create the partitioned tables, their partitions in turn on each shard, if there are any.

    A shard has the same tables, with its own partitions alone.
    """
    shards = shards_of(connection)
    for table in _COLUMNS:
        _create_table(connection, table)
        for number in range(PARTITIONS):
            if not shards:
                _create_partition(connection, table, number)
            else:
                _create_foreign_partition(connection, table, number, shards[number % len(shards)])
    for place, shard in enumerate(shards):
        _fill_shard(shard, range(place, PARTITIONS, len(shards)))


def _fill_shard(shard: Shard, partitions: range) -> None:
    """Create the tables of a shard, in place of those that a failed installation left."""
    with connect(shard.address) as connection, connection.transaction():
        _create_extension(connection)
        connection.execute("create schema if not exists concord")
        for table in _COLUMNS:
            connection.execute(sql.SQL("drop table if exists concord.{}").format(sql.Identifier(table)))
            _create_table(connection, table)
            for number in partitions:
                _create_partition(connection, table, number)


def _create_table(connection: psycopg.Connection, table: str) -> None:
    key = "term" if table == "postings" else "commitment_id"
    connection.execute(
        sql.SQL("create table concord.{table} ({columns}) partition by hash ({key})").format(
            table=sql.Identifier(table), columns=sql.SQL(_COLUMNS[table]), key=sql.Identifier(key)
        )
    )


def _create_partition(connection: psycopg.Connection, table: str, number: int) -> None:
    connection.execute(_partition("table {name}", table, number))
    _arrange(connection, table, number)


def _create_foreign_partition(connection: psycopg.Connection, table: str, number: int, shard: Shard) -> None:
    options = sql.SQL(" server {server} options (schema_name 'concord')").format(server=sql.Identifier(shard.server))
    connection.execute(_partition("foreign table {name}", table, number) + options)


def _partition(kind: str, table: str, number: int) -> sql.Composed:
    return sql.SQL(
        f"create {kind} partition of concord.{{table}} for values with (modulus {{modulus}}, remainder {{number}})"
    ).format(
        name=sql.Identifier("concord", f"{table}_{number}"),
        table=sql.Identifier(table),
        modulus=sql.Literal(PARTITIONS),
        number=sql.Literal(number),
    )


def _create_extension(connection: psycopg.Connection) -> None:
    try:
        connection.execute("create extension if not exists vector")
    except errors.InsufficientPrivilege as error:
        raise IndexStoreError(
            f"{place_of_connection(connection)}: it lacks pgvector, and this user may not install it;"
            " have an administrator do `create extension vector` in that database"
        ) from error


def _arrange(connection: psycopg.Connection, table: str, number: int) -> None:
    """Give a partition its indexes, and say how its columns are stored."""
    name = sql.Identifier(f"{table}_{number}")
    for statement in _arrangements(table, name):
        connection.execute(statement)


def _arrangements(table: str, name: sql.Identifier) -> Iterator[sql.Composed]:
    for columns in _INDEXES[table]:
        yield sql.SQL("create index on concord.{} ({})").format(name, sql.SQL(columns))
    for column in (*_INLINE.get(table, ()), *_EXTERNAL.get(table, ())):
        yield sql.SQL("alter table concord.{} alter column {} set storage external").format(
            name, sql.Identifier(column)
        )
    if table in _INLINE:
        yield sql.SQL("alter table concord.{} set (toast_tuple_target = 8160)").format(name)


def _grant(connection: psycopg.Connection) -> None:
    """Let the reading role read, if there is one."""
    if connection.execute("select 1 from pg_roles where rolname = %s", [READER]).fetchone():
        reader = sql.Identifier(READER)
        connection.execute(sql.SQL("grant usage on schema concord to {}").format(reader))
        connection.execute(sql.SQL("grant select on all tables in schema concord to {}").format(reader))
