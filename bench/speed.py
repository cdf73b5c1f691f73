"""How long things take beside each other, on one machine in one run."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from statistics import median

__all__ = ["Action", "medians"]

Action = Callable[[int], object]
"""Does its work for the round with a number from 0."""


def medians(actions: Sequence[Action], rounds: int, *, clock: Callable[[], float] = time.perf_counter) -> list[float]:
    """Return the median seconds of each action over `rounds` rounds, after one round that isn't counted.

    All actions are run in each round, so that whatever else the machine does slows down all alike; every other round
    in reverse, so that none profits from always being after another.
    """
    seconds: list[list[float]] = [[] for _ in actions]
    for number in range(-1, rounds):
        order = range(len(actions)) if number % 2 else range(len(actions) - 1, -1, -1)
        for place in order:
            start = clock()
            actions[place](max(number, 0))
            if number >= 0:
                seconds[place].append(clock() - start)
    return [median(one) for one in seconds]
