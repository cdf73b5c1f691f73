from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from cluster.errors import ServerError
from cluster.server import HOST, Server, free_port, running_process
from cluster.temporary import temporary_folder
from tests.cluster.processes import processes_of

pytestmark = pytest.mark.postgres

AWKWARD = "it's/a:test@ü"


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with temporary_folder() as path:
        yield path


@pytest.fixture(scope="module")
def made(folder: Path) -> Server:
    server = Server(folder=folder / "one", port=free_port(), password=AWKWARD)
    server.make()
    return server


@pytest.fixture
def server(made: Server) -> Server:
    """A durable server of this module that runs at the start of each test."""
    made.start()
    return made


def asked(server: Server, query: str) -> Any:
    with server.connect() as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return row[0]


def test_a_server_speaks_utf8_sorts_by_code_point_and_checks_its_pages(server: Server) -> None:
    assert asked(server, "SHOW server_encoding") == "UTF8"
    assert asked(server, "SELECT min(word) FROM (VALUES ('é'), ('z')) AS words (word)") == "z"
    assert asked(server, "SHOW data_checksums") == "on"
    assert asked(server, "SHOW fsync") == "on"


def test_a_server_listens_on_the_loopback_address_alone_and_has_no_other_door(server: Server) -> None:
    process = running_process(server.folder)
    assert process is not None
    listening = {one.laddr for one in process.net_connections("all") if one.status == psutil.CONN_LISTEN}
    assert listening == {(HOST, server.port)}
    assert asked(server, "SHOW unix_socket_directories") == ""


def test_a_server_is_not_roots_and_its_files_are_its_owners_alone(server: Server) -> None:
    process = running_process(server.folder)
    assert process is not None
    assert process.uids().effective == server.folder.stat().st_uid != 0
    assert server.folder.stat().st_mode & 0o077 == 0
    assert server.log.stat().st_mode & 0o077 == 0


def test_its_address_opens_it_whatever_characters_the_password_has(server: Server) -> None:
    with psycopg.connect(server.url("postgres")) as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("postgres",)


def test_a_wrong_password_is_told_in_one_line(server: Server) -> None:
    wrong = Server(folder=server.folder, port=server.port, password="wrong")
    with pytest.raises(ServerError, match=r"^one does not answer: .*password authentication failed[^\n]*$"):
        wrong.connect()


def test_starting_and_stopping_twice_changes_nothing_and_no_process_stays(server: Server) -> None:
    assert not server.start()
    with server.connect():
        assert server.stop()
    assert not server.is_running
    assert not server.stop()
    assert processes_of(server.folder) == []
    assert server.start()


def test_what_was_committed_is_there_after_a_restart_and_after_a_kill(server: Server) -> None:
    with server.connect() as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS number")
    server.restart()
    with server.connect() as connection:
        connection.execute("INSERT INTO kept VALUES (2)")
        server.kill()
        assert not server.is_running
        assert processes_of(server.folder) == []
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
    server.kill()  # nothing is left to end
    server.start()
    assert asked(server, "SELECT array_agg(number ORDER BY number) FROM kept") == [1, 2]


def test_a_replica_has_what_its_primary_commits_and_takes_writes_once_promoted(server: Server, folder: Path) -> None:
    with server.connect() as connection:
        connection.execute("CREATE TABLE copied AS SELECT 1 AS number")
        connection.execute("CREATE ROLE copier LOGIN REPLICATION PASSWORD 'copy'")
    replica = Server(folder=folder / "two-2", port=free_port(), password=AWKWARD)
    replica.make_replica(server, user="copier", password="copy")
    replica.start()
    assert replica.is_replica
    server.configure({"synchronous_standby_names": f'"{replica.name}"', "synchronous_commit": "remote_apply"})
    with server.connect() as connection:
        connection.execute("INSERT INTO copied VALUES (2)")
    with replica.connect() as connection:
        assert connection.execute("SELECT sum(number) FROM copied").fetchone() == (3,)
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            connection.execute("INSERT INTO copied VALUES (3)")
    server.kill()
    replica.promote()
    assert not replica.is_replica
    with replica.connect() as connection:
        assert connection.execute("INSERT INTO copied VALUES (3) RETURNING number").fetchone() == (3,)
    replica.stop()
    server.configure()


def test_a_port_that_is_taken_is_named(server: Server) -> None:
    server.stop()
    with (
        socket.create_server((HOST, server.port)),
        pytest.raises(ServerError, match=f"listens on {HOST}:{server.port}"),
    ):
        server.start()


def test_a_server_that_does_not_start_tells_why(server: Server) -> None:
    server.stop()
    server.configure({"shared_buffers": "many"})
    with pytest.raises(ServerError, match=r"^one does not start: .*errors"):
        server.start()
    server.configure()


def test_a_folder_without_a_server_is_told(tmp_path: Path) -> None:
    missing = Server(folder=tmp_path / "missing", port=free_port(), password="")
    assert not missing.stop()
    missing.kill()
    with pytest.raises(ServerError, match="no server in this folder"):
        missing.start()


def test_no_other_process_is_taken_for_a_server(tmp_path: Path) -> None:
    (tmp_path / "postmaster.pid").write_text(f"{psutil.Process().pid}\n{tmp_path}\n")
    assert running_process(tmp_path) is None
    (tmp_path / "postmaster.pid").write_text("")
    assert running_process(tmp_path) is None
