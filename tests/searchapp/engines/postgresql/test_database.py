"""Connections that searches run on: a server that is away is told at once, and used again as soon as it is back."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from psycopg import sql

from cluster.server import Server
from indexer.shared.errors import EngineDownError, IndexStoreError
from searchapp.engines.postgresql import database as module
from searchapp.engines.postgresql.database import POOL, Database

pytestmark = pytest.mark.postgres

ONE = sql.SQL("select 1").format()
BACKENDS = "select pid from pg_stat_activity where application_name = 'concord' and datname = current_database()"


@pytest.fixture
def database(postgres_url: str) -> Iterator[Database]:
    """A database with pgvector, and no index."""
    opened = Database(postgres_url)
    yield opened
    opened.close()


def backends(server: Server, address: str) -> list[int]:
    with server.connect(address.rpartition("/")[2]) as administrator:
        return [pid for (pid,) in administrator.execute(BACKENDS).fetchall()]


def test_nothing_is_connected_before_it_is_needed_and_a_connection_is_used_again(
    postgres_server: Server, postgres_url: str, database: Database
) -> None:
    assert backends(postgres_server, postgres_url) == []
    for _ in range(3):
        assert database.rows(ONE, []) == [(1,)]
    assert len(backends(postgres_server, postgres_url)) == 1


def test_threads_share_no_connection_and_have_eight_at_most(
    postgres_server: Server, postgres_url: str, database: Database
) -> None:
    everyone = threading.Barrier(POOL)

    def work(connection: psycopg.Connection) -> int:
        everyone.wait(timeout=10)
        return connection.info.backend_pid

    with ThreadPoolExecutor(4 * POOL) as threads:
        used = list(threads.map(lambda _: database.run(work), range(4 * POOL)))
    assert len(set(used)) == POOL
    assert set(backends(postgres_server, postgres_url)) == set(used)


def test_when_all_connections_are_in_use_for_long_that_is_said(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered, leave = threading.Barrier(POOL + 1), threading.Event()

    def hold(_connection: psycopg.Connection) -> None:
        entered.wait(timeout=10)
        leave.wait(timeout=10)

    with ThreadPoolExecutor(POOL) as threads:
        holders = [threads.submit(database.run, hold) for _ in range(POOL)]
        entered.wait(timeout=10)
        monkeypatch.setattr(module, "CONNECT_SECONDS", 0.01)
        with pytest.raises(EngineDownError, match=r"all connections are in use$"):
            database.rows(ONE, [])
        leave.set()
        for holder in holders:
            holder.result()
    assert database.rows(ONE, []) == [(1,)]


@pytest.mark.parametrize("statement", ["create table public.x ()", "create temporary table x ()"])
def test_nothing_is_written(database: Database, statement: str) -> None:
    with pytest.raises(IndexStoreError):
        database.run(lambda connection: connection.execute(statement.encode()))
    assert database.rows(ONE, []) == [(1,)]


def test_an_address_may_ask_for_the_server_that_takes_writes(postgres_url: str) -> None:
    database = Database(f"{postgres_url}?target_session_attrs=read-write")
    assert database.rows(ONE, []) == [(1,)]
    database.close()


def test_indexes_are_walked_as_far_as_set(database: Database) -> None:
    shown = "select '[1]'::vector <-> '[1]', current_setting('hnsw.ef_search'), current_setting('hnsw.iterative_scan')"
    assert database.rows(sql.SQL(shown).format(), []) == [(0.0, str(module._EF_SEARCH), "relaxed_order")]


def test_a_statement_that_takes_too_long_is_ended_and_the_connection_goes_on(
    postgres_server: Server, postgres_url: str, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(module._SETTINGS, "statement_timeout", "250ms")
    with pytest.raises(EngineDownError, match=r"took too long \(canceling statement due to statement timeout\)$"):
        database.rows(sql.SQL("select pg_sleep(60)").format(), [])
    [backend] = backends(postgres_server, postgres_url)
    assert database.rows(sql.SQL("select pg_backend_pid()").format(), []) == [(backend,)]


def test_connections_that_were_cut_while_they_waited_are_replaced_unnoticed(
    postgres_server: Server, postgres_url: str, database: Database
) -> None:
    everyone = threading.Barrier(4)
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: database.run(lambda _: everyone.wait(timeout=10)), range(4)))
    cut = backends(postgres_server, postgres_url)
    assert len(cut) == 4
    with postgres_server.connect() as administrator:
        administrator.execute("select pg_terminate_backend(pid, 5000) from unnest(%s::int[]) as pid", [cut])
    assert database.rows(ONE, []) == [(1,)]
    assert len(backends(postgres_server, postgres_url)) == 1


def test_a_connection_that_is_cut_under_a_statement_is_replaced_and_the_statement_run_again(
    postgres_server: Server, database: Database
) -> None:
    runs = []

    def work(connection: psycopg.Connection) -> int:
        runs.append(connection.info.backend_pid)
        if len(runs) == 2:  # the first to run on a connection that was there already
            with postgres_server.connect() as administrator:
                administrator.execute("select pg_terminate_backend(%s, 5000)", [connection.info.backend_pid])
        [(found,)] = connection.execute("select 1").fetchall()
        return int(found)

    assert [database.run(work), database.run(work)] == [1, 1]
    assert len(runs) == 3
    assert runs[2] != runs[1] == runs[0]


def test_a_server_that_is_away_is_told_at_once_by_every_thread_and_used_again_when_it_is_back(
    lost_server: Server,
) -> None:
    database = Database(lost_server.url("postgres"))
    told = r"^postgresql://127\.0\.0\.1:\d+/postgres: can't be reached \([^\n]+\)$"
    for _ in range(2):
        with ThreadPoolExecutor(POOL) as threads:
            assert list(threads.map(lambda _: database.rows(ONE, []), range(POOL))) == [[(1,)]] * POOL
            lost_server.kill()
            for failed in [threads.submit(database.rows, ONE, []) for _ in range(3 * POOL)]:
                with pytest.raises(EngineDownError, match=told):
                    failed.result()
        lost_server.start()
        assert database.rows(ONE, []) == [(1,)]
    database.close()


def test_the_end_of_a_database_closes_its_connections(postgres_url: str) -> None:
    database = Database(postgres_url)
    database.rows(ONE, [])
    [idle] = database._idle
    del database
    assert idle.closed


def test_a_server_that_says_nothing_for_long_is_given_up(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SILENCE", 0.2)
    with pytest.raises(EngineDownError, match=r"no word from the server for 0\.2 seconds"):
        database.rows(sql.SQL("select pg_sleep(60)").format(), [])
    assert database.rows(ONE, []) == [(1,)]
