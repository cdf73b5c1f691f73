"""A folder for servers that end with the process that uses them, however that ends."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cluster.errors import ServerError
from cluster.programs import make_folder, run_program
from cluster.server import running_process

__all__ = ["temporary_folder"]

_MEMORY = Path("/dev/shm")  # noqa: S108 (a folder of its own is made in it)
_ROOM = 4 << 30  # bytes; a cluster with next to nothing in it takes a third of a gigabyte


@contextmanager
def temporary_folder(*, in_memory: bool = True) -> Iterator[Path]:
    """Give a folder to make servers in; when the block or this process ends, they are stopped and the folder removed.

    The folder is `in_memory` where there is room for it. A second process sees to its end: it waits for the end of its
    input, which comes even when this process is killed.
    """
    folder = make_folder(Path(tempfile.mkdtemp(prefix="concord-servers-", dir=_place() if in_memory else None)))
    with subprocess.Popen(  # noqa: S603 (our own command)
        [sys.executable, "-m", "cluster.temporary", str(folder)],
        stdin=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C in the terminal is not for it
        cwd=Path(__file__).parents[1],
    ) as guard:
        try:
            yield folder
        finally:
            guard.communicate()  # closes its input and waits


def _place() -> Path | None:
    """Return the folder of files in memory; None, which is the usual place of temporary files, where there is none."""
    try:
        return _MEMORY if shutil.disk_usage(_MEMORY).free >= _ROOM else None
    except OSError:
        return None


def _clear(folder: Path) -> None:
    """Stop every server in a folder without waiting for its data to be written, and remove the folder."""
    for data in [path.parent for path in folder.rglob("postmaster.pid")]:
        if running_process(data) is not None:
            try:
                run_program("pg_ctl", "stop", "--pgdata", data, "--mode", "immediate", "--wait")
            except ServerError as error:
                print(f"concord: {error}", file=sys.stderr)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.stdin.read()
    _clear(Path(sys.argv[1]))
