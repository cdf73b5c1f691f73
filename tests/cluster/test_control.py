from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import filelock
import psycopg
import pytest
from click.testing import CliRunner

from cluster import control
from cluster.cli import main
from cluster.databases import server_of
from cluster.errors import ServerError
from cluster.layout import Layout
from cluster.server import HOST, Server
from cluster.temporary import temporary_folder
from tests.cluster.processes import processes_of

pytestmark = pytest.mark.postgres

TABLE = "CREATE TABLE items (id int, word text)"


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with temporary_folder() as path:
        yield path / "cluster"


@pytest.fixture(scope="module")
def made(folder: Path) -> Layout:
    """A cluster with a table that is spread over its shards and has one row of each."""
    layout, changed = control.start(folder, shards=2)
    assert changed
    for shard in layout.shards:
        with psycopg.connect(owner_url(folder, layout, shard.name)) as connection:
            connection.execute(TABLE)
            connection.execute("GRANT SELECT ON items TO concord_web")
    with psycopg.connect(control.urls(layout)[0]) as connection:
        connection.execute(f"{TABLE} PARTITION BY LIST (id)")
        for number, shard in enumerate(layout.shards):
            connection.execute(
                f"CREATE FOREIGN TABLE items_{number} PARTITION OF items FOR VALUES IN ({number})"
                f" SERVER {server_of(shard.name)} OPTIONS (table_name 'items')"
            )
        connection.execute("GRANT SELECT ON items TO concord_web")
        connection.execute("INSERT INTO items VALUES (0, 'first'), (1, 'second')")
    return layout


@pytest.fixture
def layout(made: Layout, folder: Path) -> Layout:
    """The cluster as it is now, all of it running."""
    assert made
    return control.start(folder)[0]


def owner_url(folder: Path, layout: Layout, name: str) -> str:
    server = layout.server(folder, layout.pair(name).primary)
    return server.url("concord", user="concord", password=layout.passwords["concord"])


def servers_of(folder: Path, layout: Layout) -> list[Server]:
    return [server for pair in layout.pairs for server in layout.servers(folder, pair)]


def words(connection: psycopg.Connection[tuple[str]]) -> list[str]:
    return [word for (word,) in connection.execute("SELECT word FROM items ORDER BY id, word")]


def test_both_users_find_rows_of_all_shards_through_the_coordinator(layout: Layout) -> None:
    writer, reader = control.urls(layout)
    for url, standby in ((writer, False), (reader, True)):
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT pg_is_in_recovery()").fetchone() == (standby,)
            assert words(connection) == ["first", "second"]


def test_products_of_vectors_are_computed_on_the_shards(layout: Layout, folder: Path) -> None:
    with psycopg.connect(owner_url(folder, layout, "coordinator")) as connection:
        connection.execute("CREATE FOREIGN TABLE far (near halfvec(2)) SERVER concord_shard_0")
        plan = connection.execute("EXPLAIN (VERBOSE) SELECT sum(near <#> '[1,2]') FROM far").fetchall()
        connection.rollback()
    assert "sum((near OPERATOR(public.<#>) '[1,2]'))" in str(plan)


def test_readers_are_answered_when_the_coordinators_replica_is_away(layout: Layout, folder: Path) -> None:
    _primary, replica = layout.servers(folder, layout.coordinator)
    replica.stop()
    with psycopg.connect(control.urls(layout)[1]) as connection:
        assert words(connection) == ["first", "second"]


def test_starting_again_starts_nothing(layout: Layout, folder: Path) -> None:
    assert control.start(folder) == (layout, False)
    with pytest.raises(ServerError, match="this cluster has 2 shards, not 3"):
        control.start(folder, shards=3)


def test_every_server_is_told_with_how_it_does(layout: Layout, folder: Path) -> None:
    assert [node.follows for node in control.status(folder)] == ["", "synchronous"] * 3
    assert [node.running for node in control.status(folder)] == [True] * 6
    layout.servers(folder, layout.shards[0])[1].stop()
    down = control.status(folder)[1]
    assert (down.part, down.running, down.follows) == ("replica", False, "no")


def test_a_commit_waits_for_the_replica(layout: Layout, folder: Path) -> None:
    primary, replica = layout.servers(folder, layout.shards[1])
    replica.stop()
    waiting = "SELECT FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
    with primary.connect("concord") as writer, primary.connect() as watcher, ThreadPoolExecutor(1) as pool:
        commit = pool.submit(writer.execute, "CREATE TABLE waits ()")
        while not watcher.execute(waiting).fetchall():
            assert not commit.done()
        replica.start()
        commit.result(timeout=30)


def test_nothing_committed_is_lost_with_a_shards_primary_and_queries_are_answered_again(
    layout: Layout, folder: Path
) -> None:
    lost, replica = layout.servers(folder, layout.shards[0])
    with psycopg.connect(control.urls(layout)[0], autocommit=True) as connection:
        connection.execute("INSERT INTO items VALUES (0, 'just before')")
        lost.kill()
        with pytest.raises(psycopg.OperationalError):
            words(connection)
        changed = control.promote(folder, "shard-0")
        assert words(connection) == ["first", "just before", "second"]
        connection.execute("DELETE FROM items WHERE word = 'just before'")
    assert changed.shards[0].primary.name == replica.name
    assert changed.shards[0].replica is None
    with pytest.raises(ServerError, match="shard-0 has no replica to promote"):
        control.promote(folder, "shard-0")
    whole, _ = control.start(folder)
    assert [node.follows for node in control.status(folder)] == ["", "synchronous"] * 3
    assert whole.shards[0].replica not in (layout.shards[0].primary, None)
    assert lost.is_made
    assert not lost.is_running


def test_a_primary_that_comes_back_is_used_again(layout: Layout, folder: Path) -> None:
    with psycopg.connect(control.urls(layout)[0], autocommit=True) as connection:
        assert words(connection) == ["first", "second"]
        layout.servers(folder, layout.shards[1])[0].kill()
        assert control.start(folder) == (layout, True)
        assert words(connection) == ["first", "second"]


def test_a_failover_that_was_cut_short_can_be_done_again(layout: Layout, folder: Path) -> None:
    _primary, replica = layout.servers(folder, layout.shards[1])
    replica.promote()
    control.promote(folder, "shard-1")
    with psycopg.connect(control.urls(layout)[0]) as connection:
        assert words(connection) == ["first", "second"]


def test_the_coordinator_fails_over_too_and_addresses_stay(layout: Layout, folder: Path) -> None:
    writer, reader = control.urls(layout)
    layout.servers(folder, layout.coordinator)[0].kill()
    with psycopg.connect(reader) as connection:
        assert words(connection) == ["first", "second"]
    control.promote(folder, "coordinator")
    for url in (writer, reader, *control.urls(control.start(folder)[0])):
        with psycopg.connect(url) as connection:
            assert words(connection) == ["first", "second"]


def test_only_a_replica_that_runs_is_promoted(layout: Layout, folder: Path) -> None:
    primary, replica = layout.servers(folder, layout.shards[0])
    replica.stop()
    with pytest.raises(ServerError, match=f"{replica.name}, the replica of shard-0, is not running"):
        control.promote(folder, "shard-0")
    assert primary.is_running


def test_a_cluster_is_stopped_without_a_trace_and_started_with_all_it_had(layout: Layout, folder: Path) -> None:
    assert control.stop(folder)
    assert processes_of(folder) == []
    assert not control.stop(folder)
    assert control.start(folder) == (layout, True)
    with psycopg.connect(control.urls(layout)[0]) as connection:
        assert words(connection) == ["first", "second"]


def test_a_start_that_fails_half_way_stops_what_it_started(layout: Layout, folder: Path) -> None:
    control.stop(folder)
    port = layout.coordinator.primary.port
    with (
        socket.create_server((HOST, port)),
        pytest.raises(ServerError, match=f"another program listens on {HOST}:{port}"),
    ):
        control.start(folder)
    assert [server.name for server in servers_of(folder, layout) if server.is_running] == []


def test_two_cannot_change_a_cluster_at_once(layout: Layout, folder: Path) -> None:
    with filelock.FileLock(folder / "cluster.lock"):
        for change in (control.start, control.stop, lambda one: control.promote(one, "shard-0")):
            with pytest.raises(ServerError, match="another process starts, stops or changes this cluster"):
                change(folder)
    assert all(server.is_running for server in servers_of(folder, layout))


def test_the_commands_tell_what_they_did(layout: Layout, folder: Path) -> None:
    runner = CliRunner()
    started = runner.invoke(main, ["start", "--folder", str(folder)])
    assert started.output.splitlines() == [
        f"The cluster in {folder} was running already.",
        f"concord index seeds --engine '{control.urls(layout)[0]}'",
        f"concord serve --engine '{control.urls(layout)[1]}'",
    ]
    whole = runner.invoke(main, ["status", "--folder", str(folder)])
    assert whole.exit_code == 0
    assert whole.output.splitlines()[0].split() == [
        *(layout.shards[0].primary.name, "primary", str(layout.shards[0].primary.port), "running")
    ]
    promoted = runner.invoke(main, ["promote", "shard-1", "--folder", str(folder)])
    assert promoted.output == f"{layout.shards[1].replica.name} is the primary of shard-1.\n"
    layout.servers(folder, layout.shards[0])[1].stop()
    assert runner.invoke(main, ["status", "--folder", str(folder)]).exit_code == 1
    for expected in ("is stopped", "was not running"):
        assert runner.invoke(main, ["stop", "--folder", str(folder)]).output == f"The cluster in {folder} {expected}.\n"


def test_a_folder_without_a_cluster_is_told_in_one_line(tmp_path: Path) -> None:
    for command in (["status"], ["promote", "shard-0"]):
        done = CliRunner().invoke(main, [*command, "--folder", str(tmp_path)])
        assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
        assert "there is no cluster in this folder" in done.stderr
    assert not control.stop(tmp_path)


def test_a_folder_with_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").touch()
    before = tmp_path.stat()
    with pytest.raises(ServerError, match="this folder has other things in it"):
        control.start(tmp_path)
    assert tmp_path.stat() == before
