"""How much memory processes have, and how much room files take."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Memory", "disk_megabytes", "peak_megabytes", "resident_megabytes"]

_STATUS = "/proc/{}/status"
_MEGABYTE = 1024**2


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """MB of an index on disk, and of the process that serves it: before it opened the index, and after many requests.

    What a process has mapped from the index's files counts, as far as it was read.
    """

    disk: float
    encoder: float
    server: float


def disk_megabytes(folder: Path) -> float:
    """Return the size of all files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / _MEGABYTE


def resident_megabytes(process: int | str = "self") -> float:
    """Return the memory that a process has now, nan where the system doesn't tell as Linux does."""
    return _status(process, "VmRSS")


def peak_megabytes() -> float:
    """Return the most memory that this process had.

    Linux lets `getrusage` start from what the parent had, so the process's own status is read where there is one.
    """
    if Path(_STATUS.format("self")).is_file():
        return _status("self", "VmHWM")
    import resource  # noqa: PLC0415 (not on every system)

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (_MEGABYTE if sys.platform == "darwin" else 1024)


def _status(process: int | str, key: str) -> float:
    path = Path(_STATUS.format(process))
    if not path.is_file():
        return float("nan")
    [line] = [line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith(f"{key}:")]
    return int(line.split()[1]) / 1024
