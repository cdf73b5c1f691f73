from __future__ import annotations

import psycopg
import pytest

from cluster.databases import repoint
from cluster.errors import ServerError
from cluster.server import Server

pytestmark = pytest.mark.postgres


def test_each_test_has_a_database_with_vectors_that_its_owner_may_fill(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        connection.execute("CREATE TABLE points (near halfvec(2))")
        connection.execute("INSERT INTO points VALUES ('[1,2]')")
        assert connection.execute("SELECT near <#> '[1,1]' FROM points").fetchone() == (-3,)
        assert connection.execute("SELECT current_user").fetchone() == ("concord",)


def test_databases_of_tests_share_nothing(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        assert connection.execute("SELECT to_regclass('points')").fetchone() == (None,)


def test_the_reader_may_do_nothing_that_it_is_not_granted(postgres_url: str, postgres_reader_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        connection.execute("CREATE TABLE open AS SELECT 1 AS number")
        connection.execute("CREATE TABLE secret AS SELECT 1 AS number")
        connection.execute("GRANT SELECT ON open TO concord_web")
    with psycopg.connect(postgres_reader_url, autocommit=True) as connection:
        assert connection.execute("SELECT number FROM open").fetchone() == (1,)
        for forbidden in ("SELECT * FROM secret", "DELETE FROM open", "CREATE TABLE mine ()", "CREATE SCHEMA mine"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(forbidden)


def test_repointing_a_shard_that_is_not_known_is_told(postgres_server: Server) -> None:
    with pytest.raises(ServerError, match="the coordinator knows no shard-7"):
        repoint(postgres_server, "shard-7", postgres_server)
