"""Arrays in files."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from tokenize import TokenError
from typing import Any, BinaryIO, Literal

import numpy as np
import numpy.typing as npt

__all__ = ["HEADERS", "Numbers", "counts_of", "load_array", "new_array", "ranges", "read_array", "save_array", "starts"]

Numbers = npt.NDArray[np.int64]

HEADERS = threading.Lock()
"""Held while numpy reads headers, which it does as Python does: in Python 3.11 that fails now and then (SystemError)
where several threads do so at a time (gh-106905)."""

_WRITTEN = 2**20  # bytes at a time


@dataclass(frozen=True, slots=True)
class _PlainWriter:
    """A file to numpy, but none that it would write to past Python, where a full disk loses its reason."""

    _file: BinaryIO

    def write(self, data: bytes) -> int:
        return self._file.write(data)


def save_array(path: Path, array: npt.NDArray[Any]) -> None:
    """Write an array as a `.npy` file; an OSError says why it couldn't be."""
    with path.open("wb") as file:
        np.save(_PlainWriter(file), array, allow_pickle=False)


def new_array(path: Path, shape: tuple[int, ...], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """Return an array of noughts in a new `.npy` file, to be written to, memory-mapped; an OSError if it has no room.

    All noughts are written first: a map of a file with holes ends the process when the disk is full.
    """
    with path.open("wb") as file:
        header = {"descr": np.lib.format.dtype_to_descr(np.dtype(dtype)), "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(file, header)
        left = int(np.prod(shape)) * np.dtype(dtype).itemsize
        while left:
            left -= file.write(bytes(min(left, _WRITTEN)))
    return np.asarray(read_array(path, mode="r+"))


def load_array(path: Path) -> npt.NDArray[Any]:
    """Return the array of a `.npy` file, memory-mapped (OSError if it can't be read, ValueError if it is damaged)."""
    try:
        return read_array(path, mode="r")
    except (EOFError, SyntaxError, TokenError) as error:  # numpy reads the header as Python, and lets these through
        raise ValueError(f"no array header: {error}") from error


def read_array(file: Path | BinaryIO, *, mode: Literal["r", "r+"] | None = None) -> npt.NDArray[Any]:
    """Return the array of a `.npy` file, memory-mapped in this mode if there is one; raises what numpy does."""
    with HEADERS:
        array: npt.NDArray[Any] = np.load(file, mmap_mode=mode, allow_pickle=False)
    return array


def starts(counts: npt.ArrayLike) -> Numbers:
    """Return where each of n runs of so many entries starts, and where the last ends, int64 `(n + 1,)`."""
    return np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])


def counts_of(offsets: npt.NDArray[np.integer[Any]]) -> Numbers:
    """Return how many entries each of n runs has, int64 `(n,)`: from what `starts` gives, `(n + 1,)`."""
    return np.diff(offsets.astype(np.int64)).astype(np.int64)


def ranges(first: Numbers, counts: npt.NDArray[np.integer[Any]]) -> Numbers:
    """Return the `counts[i]` numbers `first[i], first[i] + 1, …` for every i, one after the other."""
    ends = np.cumsum(counts, dtype=np.int64)
    return np.repeat(first - (ends - counts), counts) + np.arange(ends[-1] if len(ends) else 0)
