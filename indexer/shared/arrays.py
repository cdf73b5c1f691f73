"""Arrays in files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tokenize import TokenError
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

__all__ = ["load_array", "save_array"]


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


def load_array(path: Path) -> npt.NDArray[Any]:
    """Return the array of a `.npy` file, memory-mapped (OSError if it can't be read, ValueError if it is damaged)."""
    try:
        array: npt.NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (EOFError, SyntaxError, TokenError) as error:  # numpy reads the header as Python, and lets these through
        raise ValueError(f"no array header: {error}") from error
    return array
