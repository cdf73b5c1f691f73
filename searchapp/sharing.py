"""What the processes that answer at one address have in common, be it one or several (`searchapp.workers`)."""

from __future__ import annotations

import mmap
from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Shared", "Tallies", "Tally"]

_BYTES = 8  # of a number


class Tally:
    """A number for each process, which it alone sets and all can see. Without locks, so that none is left locked."""

    def __init__(self, numbers: memoryview, place: int) -> None:
        self._numbers = numbers
        self._place = place

    @classmethod
    def alone(cls) -> Tally:
        """Return the tally of a process that has no others beside it."""
        return cls(memoryview(array("q", [0])), 0)

    def set(self, number: int) -> None:
        """Say what this process's number is now."""
        self._numbers[self._place] = number

    @property
    def total(self) -> int:
        """The sum of all processes' numbers."""
        return sum(self._numbers)

    @property
    def exceeds(self) -> bool:
        """Whether this process's number is higher than another's."""
        return self._numbers[self._place] > min(self._numbers)


class Tallies:
    """The tallies of so many processes, in a file that all of them map: the searches and the connections of each."""

    def __init__(self, file: Path, workers: int) -> None:
        if not file.exists():
            file.write_bytes(bytes(2 * workers * _BYTES))
        with file.open("r+b") as opened:
            numbers = memoryview(mmap.mmap(opened.fileno(), 0)).cast("q")
        self._searches, self._connections = numbers[:workers], numbers[workers:]

    def searches(self, place: int) -> Tally:
        """Return how many searches each process has, as the one at this place sees it, which counts from 0."""
        return Tally(self._searches, place)

    def connections(self, place: int) -> Tally:
        """Return how many connections each process has, as the one at this place sees it."""
        return Tally(self._connections, place)

    def clear(self, place: int) -> None:
        """Forget what a process has that is no more."""
        self.searches(place).set(0)
        self.connections(place).set(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What one of `workers` processes shares with the others; as it is by default, it is the only one.

    `count` counts a request of a client where all processes' requests are counted (None: where it is asked), and
    `metrics` is the folder of what all of them have counted for Prometheus (None: in memory).
    """

    workers: int = 1
    searches: Tally = field(default_factory=Tally.alone)
    connections: Tally = field(default_factory=Tally.alone)
    count: Callable[[str], int | None] | None = None
    metrics: Path | None = None
