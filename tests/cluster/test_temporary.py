from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from cluster.server import Server, free_port
from cluster.temporary import temporary_folder

pytestmark = pytest.mark.postgres

KILLED = """
import os, signal
from cluster.server import Server, free_port
from cluster.temporary import temporary_folder
with temporary_folder() as folder:
    server = Server(folder=folder / "one", port=free_port(), password="test", settings={"fsync": "off"})
    server.make()
    server.start()
    print(folder, (server.folder / "postmaster.pid").read_text().split()[0], flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def is_alive(number: int) -> bool:
    return psutil.pid_exists(number) and psutil.Process(number).status() != psutil.STATUS_ZOMBIE


def test_servers_end_with_a_process_that_is_killed() -> None:
    done = subprocess.run([sys.executable, "-c", KILLED], stdout=subprocess.PIPE, text=True, check=False)  # noqa: S603 (our own command)
    folder, number = done.stdout.split()
    guards = [one for one in psutil.process_iter() if folder in _command(one)]
    psutil.wait_procs(guards, timeout=30)
    assert not is_alive(int(number))
    assert not Path(folder).exists()


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def test_servers_and_their_folder_are_gone_after_the_block() -> None:
    with temporary_folder() as folder:
        server = Server(folder=folder / "deep" / "one", port=free_port(), password="test", settings={"fsync": "off"})
        server.make()
        server.start()
    assert not server.is_running
    assert not folder.exists()
