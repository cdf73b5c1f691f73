from __future__ import annotations

import psycopg
import pytest
from psycopg import errors

from indexer.shared.errors import EngineDownError, IndexStoreError
from indexer.shared.postgresql.connections import connect, place_of, translated

PLACE = "postgresql://here/index"


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("postgresql://concord:secret@db.example:5433/index", "postgresql://db.example:5433/index"),
        ("postgres://concord@db.example/index?sslmode=require&password=secret", "postgresql://db.example/index"),
        ("postgresql://concord:secret@/", "postgresql://localhost/concord"),
        ("postgresql://one:1,two:2/index?target_session_attrs=primary", "postgresql://one:1,two:2/index"),
    ],
)
def test_a_place_names_the_database_and_no_secret(address: str, place: str) -> None:
    assert place_of(address) == place


@pytest.mark.parametrize(
    "address",
    [
        *("", "secret", "host=db password=secret", "mysql://root:secret@db/index", "postgresq://u:secret@db/index"),
        *("postgresql://u:se%zzcret@db/index", "postgresql://u@db/index?secret=1", "POSTGRESQL://u:secret@db/index"),
    ],
)
def test_what_is_no_address_is_refused_without_repeating_it(address: str) -> None:
    with pytest.raises(IndexStoreError, match=r"expected postgresql://user@host:port/database") as caught:
        place_of(address)
    assert "cret" not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize(
    ("error", "kind", "told"),
    [
        (errors.DiskFull("could not extend file: No space left"), EngineDownError, "No space left; the index is as it"),
        (errors.ConfigurationLimitExceeded("temporary files"), EngineDownError, "temporary files; the index is as it"),
        (errors.QueryCanceled("statement timeout"), EngineDownError, r"a query took too long \(statement timeout\)"),
        (errors.AdminShutdown("terminating"), EngineDownError, r"can't be reached \(terminating\)"),
        (errors.SqlclientUnableToEstablishSqlconnection("shard"), EngineDownError, r"can't be reached \(shard\)"),
        (errors.InsufficientPrivilege("permission denied for table x"), IndexStoreError, "lacks a right .permission"),
        (errors.ReadOnlySqlTransaction("cannot execute"), IndexStoreError, "is a replica, which can't be written"),
        (errors.FeatureNotSupported("extension is not available"), IndexStoreError, "is pgvector installed there"),
        (psycopg.OperationalError('x failed: FATAL:  role "a" does not exist'), IndexStoreError, 'the user .* "a"'),
        (psycopg.OperationalError('x failed: FATAL:  database "a" does not exist'), IndexStoreError, "`createdb`"),
        (psycopg.OperationalError("x failed: Connection refused\n\tIs it on?"), EngineDownError, r"\(Connection refu"),
        (psycopg.OperationalError(""), EngineDownError, r"can't be reached \(OperationalError\)"),
        (psycopg.ProgrammingError("syntax"), IndexStoreError, "syntax"),
    ],
)
def test_what_postgresql_says_becomes_one_line(error: psycopg.Error, kind: type[Exception], told: str) -> None:
    with pytest.raises(IndexStoreError, match=told) as caught, translated(PLACE):
        raise error
    assert type(caught.value) is kind
    assert str(caught.value).startswith(f"{PLACE}: ")
    assert "\n" not in str(caught.value)
    assert caught.value.__cause__ is error


def test_where_no_one_listens_waiting_may_help() -> None:
    told = r"^postgresql://127\.0\.0\.1:1/x: can't be reached \(Connection refused\)$"
    with pytest.raises(EngineDownError, match=told), connect("postgresql://u:secret@127.0.0.1:1/x"):
        pass
