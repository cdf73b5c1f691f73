"""Looks for processes that servers left behind."""

from __future__ import annotations

from pathlib import Path

import psutil


def processes_of(folder: Path) -> list[str]:
    """The command lines of living processes that work in a folder or below it."""
    found = []
    for process in psutil.process_iter():
        try:
            place, dead = Path(process.cwd()), process.status() == psutil.STATUS_ZOMBIE
            if not dead and place.is_relative_to(folder):
                found.append(" ".join(process.cmdline()))
        except (psutil.Error, OSError):
            continue
    return found
