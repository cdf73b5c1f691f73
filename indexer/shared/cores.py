"""How many cores this process may use: all that it is allowed to, or its share where several processes divide them."""

from __future__ import annotations

import os

__all__ = ["limit_cores", "usable_cores"]

_limits: list[int] = []


def usable_cores() -> int:
    """Return how many cores this process may use, at least 1."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min([allowed, *_limits]))


def limit_cores(count: int) -> None:
    """Have this process use no more cores at a time; to be called before torch and its like are imported.

    No core is set apart: the system still runs its threads where there is room, there are only no more of them.
    """
    _limits.append(count)
    os.environ["OMP_NUM_THREADS"] = str(usable_cores())  # where torch and scikit-learn look for it
