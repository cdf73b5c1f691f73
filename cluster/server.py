"""One PostgreSQL server in a data folder, on a port of the loopback address.

A `Server` holds no process: whether it runs is read from its folder, so that any process may stop what another started.
"""

from __future__ import annotations

import re
import secrets
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil
import psycopg

from cluster.errors import ServerError
from cluster.programs import make_folder, run_program

__all__ = ["HOST", "SUPERUSER", "Server", "free_port", "running_process"]

HOST = "127.0.0.1"
SUPERUSER = "postgres"

_SETTINGS_FILE = "concord.conf"
_PID_FILE = "postmaster.pid"
_PORTS = range(20_000, 32_000)  # below the ports that systems hand out to clients
_PATIENCE = 60  # seconds for a start, a stop or a promotion

_SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "shared_buffers": "64MB",
    "maintenance_work_mem": "128MB",
    "dynamic_shared_memory_type": "mmap",  # in the data folder: /dev/shm is small in containers
    "jit": "off",
    "hot_standby_feedback": "on",  # long readings of a replica are not cancelled by what the primary cleans up
    "wal_sender_timeout": "5s",
    "wal_receiver_timeout": "5s",
    "wal_retrieve_retry_interval": "500ms",  # a replica finds a primary that comes back
    "max_slot_wal_keep_size": "1GB",  # a replica that is away may not fill the primary's disk
}
_SYNC: tuple[str, ...] = ()
if sys.platform == "linux":  # all files reach the disk at once; one by one it takes seconds
    _SETTINGS["recovery_init_sync_method"] = "syncfs"
    _SYNC = ("--sync-method", "syncfs")


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server: its data folder, port, the superuser's password, and its own settings over those of all servers."""

    folder: Path
    port: int
    password: str = field(repr=False)
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name of its folder, by which its primary knows it when it is a replica."""
        return self.folder.name

    @property
    def log(self) -> Path:
        """The file of what the server reports, beside its folder."""
        return self.folder.with_name(f"{self.name}.log")

    @property
    def is_made(self) -> bool:
        """Whether the data folder is there, whole."""
        return (self.folder / _SETTINGS_FILE).is_file()

    @property
    def is_running(self) -> bool:
        """Whether its processes run."""
        return running_process(self.folder) is not None

    @property
    def is_replica(self) -> bool:
        """Whether it follows another server, when it is started."""
        return (self.folder / "standby.signal").exists()

    def make(self) -> None:
        """Fill the data folder: UTF-8 in the order of code points, passwords asked of all, pages with checksums."""
        half = self._half_made()
        with tempfile.NamedTemporaryFile("w", dir=make_folder(half.parent)) as file:
            file.write(self.password)
            file.flush()
            shutil.chown(file.name, half.parent.owner())
            run_program(
                "initdb",
                *("--pgdata", half, "--username", SUPERUSER, "--pwfile", file.name, "--auth", "scram-sha-256"),
                *("--encoding", "UTF8", "--locale", "C", "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"),
                *("--data-checksums", "--no-instructions", *_SYNC),
            )
        with (half / "postgresql.conf").open("a", encoding="utf-8") as configuration:
            configuration.write(f"include '{_SETTINGS_FILE}'\n")
        self._finish(half)

    def make_replica(self, primary: Server, *, user: str, password: str) -> None:
        """Fill the data folder with a copy of a running primary, which the server follows once it is started.

        `user` needs the right to replicate. What the primary changes is kept for this server in a slot of its name.
        """
        half = self._half_made()
        make_folder(half.parent)
        slot = re.sub(r"\W", "_", self.name)
        with primary.connect() as connection:
            connection.execute(
                "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots"
                " WHERE slot_name = %s AND NOT active",
                [slot],
            )
        run_program(
            "pg_basebackup",
            *("--pgdata", half, "--dbname", f"host={HOST} port={primary.port} user={user}"),
            *("--write-recovery-conf", "--create-slot", "--slot", slot),
            *("--wal-method", "stream", "--checkpoint", "fast", *_SYNC),
            extra={"PGPASSWORD": password},
        )
        self._finish(half)

    def configure(self, settings: Mapping[str, str] | None = None) -> None:
        """Write the server's settings and `settings` over them; a running server obeys those that need no restart."""
        self._write_settings(self.folder, settings or {})
        if self.is_running:
            run_program("pg_ctl", "reload", "--pgdata", self.folder)

    def start(self) -> bool:
        """Start the server and wait until it answers; return whether it wasn't running before."""
        if self.is_running:
            return False
        if not self.is_made:
            raise ServerError(f"{self.folder}: there is no server in this folder")
        _check_free(self.port, self.name)
        _forget_zombie(self.folder / _PID_FILE)
        self.log.unlink(missing_ok=True)
        try:
            run_program("pg_ctl", "start", "--pgdata", self.folder, "--log", self.log, "--wait", *_TIMEOUT)
        except ServerError as error:
            raise ServerError(f"{self.name} does not start: {_complaint(self.log) or error}") from error
        return True

    def stop(self) -> bool:
        """End all connections and stop the server cleanly; return whether it was running."""
        if not self.is_running:
            return False
        run_program("pg_ctl", "stop", "--pgdata", self.folder, "--mode", "fast", "--wait", *_TIMEOUT)
        return True

    def restart(self) -> None:
        """Stop the server if it runs, and start it."""
        self.stop()
        self.start()

    def kill(self) -> None:
        """End all processes of the server at once, as if its machine were lost."""
        postmaster = running_process(self.folder)
        if postmaster is None:
            return
        postmaster.suspend()  # it can't replace the processes that end
        processes = [*postmaster.children(recursive=True), postmaster]
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        while any(_lives(process) for process in processes):
            time.sleep(0.01)

    def promote(self) -> None:
        """Make a replica a server that may be written to, and wait until it is one."""
        run_program("pg_ctl", "promote", "--pgdata", self.folder, "--wait", *_TIMEOUT)

    def connect(self, database: str = "postgres") -> psycopg.Connection[tuple[Any, ...]]:
        """Return a connection of the superuser that commits each statement; ServerError when there is none."""
        try:
            return psycopg.connect(
                host=HOST,
                port=self.port,
                user=SUPERUSER,
                password=self.password,
                dbname=database,
                autocommit=True,
                connect_timeout=5,
            )
        except psycopg.OperationalError as error:
            raise ServerError(f"{self.name} does not answer: {str(error).splitlines()[-1].strip()}") from error

    def url(self, database: str, *, user: str = SUPERUSER, password: str | None = None) -> str:
        """Return the address of a database as a user sees it; without a user, as the superuser does."""
        secret = quote(self.password if password is None else password, safe="")
        return f"postgresql://{quote(user, safe='')}:{secret}@{HOST}:{self.port}/{quote(database, safe='')}"

    def _half_made(self) -> Path:
        """Return the name that the data folder has until it is whole; nothing is there."""
        half = self.folder.with_name(f"{self.name}.half")
        shutil.rmtree(half, ignore_errors=True)
        return half

    def _finish(self, half: Path) -> None:
        """Give a data folder its settings and, last, its name."""
        self._write_settings(half, {})
        half.rename(self.folder)

    def _write_settings(self, folder: Path, settings: Mapping[str, str]) -> None:
        own = {"port": str(self.port), "cluster_name": self.name}
        chosen = {**_SETTINGS, **own, **self.settings, **settings}
        lines = [f"{name} = '{value.replace(chr(39), chr(39) * 2)}'\n" for name, value in chosen.items()]
        path = folder / _SETTINGS_FILE
        path.write_text("".join(lines), encoding="utf-8")
        path.chmod(0o644)  # the user of the servers reads it; no one else can enter the folder


_TIMEOUT = ("--timeout", str(_PATIENCE))


def running_process(folder: Path) -> psutil.Process | None:
    """Return the process that leads the server of a data folder, if it runs."""
    try:
        number = (folder / _PID_FILE).read_text(encoding="utf-8").splitlines()[0]
        process = psutil.Process(int(number))
        ours = str(folder) in process.cmdline()  # empty for a zombie; another's when the number was given out again
    except (OSError, ValueError, IndexError, psutil.Error):
        return None
    return process if ours else None


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _forget_zombie(file: Path) -> None:
    """Remove a file that names a process which has ended but which no one waits for, as in containers without init.

    PostgreSQL takes such a process for a running server; it copes with a file that names no process at all.
    """
    try:
        ended = psutil.Process(int(file.read_text(encoding="utf-8").splitlines()[0])).status() == psutil.STATUS_ZOMBIE
    except (OSError, ValueError, IndexError, psutil.Error):
        return
    if ended:
        file.unlink()


def free_port() -> int:
    """Return a port of the loopback address that no one listens on."""
    for _ in range(100):
        port = secrets.choice(_PORTS)
        if _is_free(port):
            return port
    raise ServerError(f"no port of {HOST} from {_PORTS.start} to {_PORTS.stop - 1} is free")


def _is_free(port: int) -> bool:
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as PostgreSQL does it
        try:
            one.bind((HOST, port))
        except OSError:
            return False
    return True


def _check_free(port: int, name: str) -> None:
    if not _is_free(port):
        raise ServerError(f"{name} does not start: another program listens on {HOST}:{port}")


def _complaint(log: Path) -> str | None:
    """Return the last error of a log, without its time."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    errors = [line.partition(" FATAL:  ")[2] for line in lines if " FATAL:  " in line]
    return errors[-1] if errors else None
