"""Writing arrays to files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

__all__ = ["save_array"]


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
