"""What the commands say when a database can't be used: one line, exit code 2, and the old generation answers."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from click.testing import CliRunner

from bench.service.made_up import MadeUpEncoder
from cluster.databases import make_database
from cluster.layout import OWNER
from cluster.programs import make_folder
from cluster.server import Server, free_port
from concord import main
from indexer import cli, pipeline
from indexer.shared import encoder as encoders
from indexer.shared.storage import open_generation
from searchapp.search import searcher as searchers
from tests.answers import assert_same_answers, index_of, made_up_documents, publish

pytestmark = pytest.mark.postgres

ENCODER = MadeUpEncoder()


@pytest.fixture(autouse=True)
def _made_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bundled encoder is never loaded."""
    for module in (encoders, searchers):
        monkeypatch.setattr(module, "load_encoder", lambda *_, **__: ENCODER)


def told(*args: object) -> str:
    """The one line that a command says before it ends with exit code 2."""
    result = CliRunner().invoke(main, [str(arg) for arg in args])
    assert isinstance(result.exception, SystemExit), result.output
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("concord: ")
    assert result.stderr.count("\n") == 1
    return result.stderr.removeprefix("concord: ").rstrip("\n")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source.jsonl"
    path.write_text('{"id": "A1", "title": "Open data", "text": "A portal of open data.", "lang": "en"}\n')
    return path


def all_commands(address: str, source: Path) -> Iterator[str]:
    yield told("index", source, "--index", source.parent / "index", "--engine", address)
    yield told("restore", "--index", source.parent / "index", "--engine", address)
    yield told("search", "open data", "--engine", address)
    yield told("similar", "XX0001", "--engine", address)
    yield told("compare", "XX0001", "XX0002", "--engine", address)
    yield told("serve", "--port", free_port(), "--engine", address)


def test_indexing_and_searching_in_a_database(source: Path, tmp_path: Path, postgres_url: str) -> None:
    runner = CliRunner()
    options = ["--engine", postgres_url]
    indexed = runner.invoke(main, ["index", str(source), "--index", str(tmp_path / "index"), *options])
    assert indexed.exit_code == 0, indexed.output
    assert "secret" not in indexed.stderr
    assert "in postgresql://127.0.0.1" in indexed.stderr
    found = runner.invoke(main, ["search", "open data", "--format", "csv", *options])
    assert found.exit_code == 0, found.output
    assert "A1" in found.stdout


def test_what_is_no_address_or_no_server_is_told_by_every_command(source: Path) -> None:
    expected = {
        "oracle://u:secret@db/x": r"this is no engine's address (oracle://…); expected postgresql://",
        "postgresql://u:secret@127.0.0.1:1/x": "postgresql://127.0.0.1:1/x: can't be reached (Connection refused)",
    }
    for address, line in expected.items():
        for said in all_commands(address, source):
            assert said.startswith(line)
            assert "secret" not in said
    assert not (source.parent / "index").exists()


def test_who_may_not_enter_is_told_by_every_command(
    source: Path, postgres_server: Server, new_postgres_url: Callable[[], str]
) -> None:
    name = new_postgres_url().rpartition("/")[2]
    wrong = {
        postgres_server.url(name, user=OWNER, password="secret"): "refused the user or the password (password authen",
        postgres_server.url(name, user="nobody", password="secret"): "refused the user or the password",
        postgres_server.url("not_there"): 'database "not_there" does not exist; make it with `createdb`',
    }
    for address, line in wrong.items():
        for said in all_commands(address, source):
            assert f": {line}" in said
            assert "secret" not in said


def test_a_missing_extension_is_told_with_what_to_do(source: Path, postgres_server: Server, postgres_url: str) -> None:
    bare = "without_vector"
    with postgres_server.connect() as administrator:
        make_database(administrator, bare, owner=OWNER)
    address = postgres_url.rpartition("/")[0] + f"/{bare}"
    publishing, restoring, *reading = all_commands(address, source)
    for said in (publishing, restoring):
        assert said.endswith(
            f"/{bare}: it lacks pgvector, and this user may not install it; have an administrator do"
            " `create extension vector` in that database"
        )
    for said in reading:
        assert said.endswith(f"/{bare}: vector type not found in the database; is pgvector installed there?")


def test_who_may_only_read_is_told_so_before_anything_is_indexed(
    source: Path, postgres_url: str, postgres_reader_url: str
) -> None:
    index = source.parent / "other"
    denied = told("index", source, "--index", index, "--engine", postgres_reader_url)
    assert "this user lacks a right (permission denied for" in denied
    publish(made_up_documents(3), source.parent / "published", postgres_url, ENCODER)
    for command in (("index", source), ("restore",)):
        denied = told(*command, "--index", index, "--engine", postgres_reader_url)
        assert "this user lacks a right (permission denied for" in denied
    assert not index.exists()
    assert_same_answers(source.parent / "published", postgres_reader_url, ENCODER)


def test_who_was_granted_nothing_can_not_search(source: Path, postgres_url: str, postgres_server: Server) -> None:
    publish(made_up_documents(3), source.parent / "published", postgres_url, ENCODER)
    name = postgres_url.rpartition("/")[2]
    with postgres_server.connect() as administrator:
        administrator.execute("create role stranger login password 'secret'")
        administrator.execute(f"grant connect on database {name} to stranger")
    address = postgres_server.url(name, user="stranger", password="secret")
    for said in all_commands(address, source):
        assert "this user lacks a right (permission denied for schema concord)" in said


def test_a_database_with_nothing_published_is_told_by_every_reader(postgres_url: str) -> None:
    for command in ("search data", "similar A1", "compare A1 A2", f"serve --port {free_port()}"):
        said = told(*command.split(), "--engine", postgres_url)
        assert said.endswith(": there is no index here yet; build one with `concord index SOURCE... --engine`")


def test_a_replica_is_not_written_to(source: Path, postgres_url: str) -> None:
    publish(made_up_documents(3), source.parent / "published", postgres_url, ENCODER)
    as_replica = f"{postgres_url}?options=-cdefault_transaction_read_only%3Don"
    for command in (("index", source), ("restore",)):
        said = told(*command, "--index", source.parent / "index", "--engine", as_replica)
        assert said.endswith(": is a replica, which can't be written; give the primary's address")
    assert_same_answers(source.parent / "published", as_replica, ENCODER)


@pytest.fixture
def small_disk(postgres_server: Server) -> Iterator[Path]:
    """A disk of 48 MB that the server may use; skipped where this process may not make one.

    The server doesn't vacuum meanwhile: after that, a new connection may have to write a file, for which a full disk
    has no room.
    """
    folder = make_folder(postgres_server.folder.parent / "small")
    command = ["mount", "-t", "tmpfs", "-o", "size=48m", "concord-tests", str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode:  # noqa: S603 (our own command)
        pytest.skip("needs the right to mount a disk")
    try:
        make_folder(folder)
        set_by_administrator(postgres_server, "set autovacuum = off")
        yield folder
    finally:
        set_by_administrator(postgres_server, "reset autovacuum")
        subprocess.run(["umount", str(folder)], check=True)  # noqa: S603, S607 (our own command)


def test_a_full_disk_leaves_the_old_generation_answering_and_indexing_works_once_there_is_room(
    small_disk: Path, postgres_server: Server, tmp_path: Path
) -> None:
    with postgres_server.connect() as administrator:
        administrator.execute(f"create tablespace small owner {OWNER} location '{small_disk}'")
        administrator.execute(f"create database on_small template concord owner {OWNER} tablespace small")
    address = postgres_server.url("on_small", user=OWNER, password="of the owner")
    try:
        publish(made_up_documents(4), tmp_path / "index", address, ENCODER)
        index_of(made_up_documents(8), tmp_path / "next", ENCODER)
        fill(small_disk / "filler")
        said = told_of_publishing(tmp_path / "next", address)
        assert "No space left on device" in said
        assert said.endswith("; the index is as it was")
        assert_same_answers(tmp_path / "index", address, ENCODER)
        (small_disk / "filler").unlink()
        cli._publish(tmp_path / "next", address)
        assert_same_answers(tmp_path / "next", address, ENCODER)
    finally:
        with postgres_server.connect() as administrator:
            administrator.execute("drop database on_small with (force)")
            administrator.execute("drop tablespace small")


def set_by_administrator(server: Server, setting: str) -> None:
    """Have a server's configuration set or reset something."""
    with server.connect() as administrator:
        administrator.execute(f"alter system {setting}")
        administrator.execute("select pg_reload_conf()")


def fill(file: Path) -> None:
    """Write to a file until the disk is full."""
    with file.open("wb", buffering=0) as filler, suppress(OSError):
        while True:
            filler.write(bytes(4096))


def told_of_publishing(folder: Path, address: str) -> str:
    """What `concord index` says when it has indexed a folder and can't publish it."""
    with pytest.MonkeyPatch.context() as patch:
        report = pipeline.IndexReport(manifest=open_generation(folder).manifest, embedded=0, rejected=())
        patch.setattr(pipeline, "build_index", lambda *_, **__: report)
        return told("index", "anything", "--index", folder, "--engine", address)
