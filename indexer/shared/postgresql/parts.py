"""Arrays of a generation as rows of `concord.parts`, which a reader loads whole."""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import psycopg

from indexer.shared.arrays import read_array
from indexer.shared.errors import IndexStoreError
from indexer.shared.postgresql.copying import rows_into

__all__ = ["LEARNED", "array_of", "array_parts", "load_parts", "save_parts"]

LEARNED = "learned/"
"""What the names of arrays start with that an encoder has learned."""

_PIECE = 2**23  # bytes of a row: large values are held several times over on their way


def array_parts(arrays: Mapping[str, npt.NDArray[Any]]) -> dict[str, bytes]:
    """Return arrays as the bytes of `.npy` files."""
    return {name: _bytes_of(array) for name, array in arrays.items()}


def array_of(parts: Mapping[str, bytes], name: str) -> npt.NDArray[Any]:
    """Return the array with this name (IndexStoreError if it is missing or damaged)."""
    try:
        return read_array(io.BytesIO(parts[name]))
    except (KeyError, ValueError, EOFError) as error:
        raise IndexStoreError(f"part {name!r} of the index is missing or damaged ({error}); index again") from error


def save_parts(connection: psycopg.Connection, generation: int, parts: Mapping[str, bytes]) -> None:
    """Write the parts of a generation."""
    with rows_into(connection, "parts", generation="int4", name="text", piece="int4", bytes="bytea") as copy:
        for name, data in parts.items():
            for piece, start in enumerate(range(0, max(1, len(data)), _PIECE)):
                copy.write_row((generation, name, piece, data[start : start + _PIECE]))


def load_parts(
    connection: psycopg.Connection, generation: int, names: tuple[str, ...] | None = None
) -> dict[str, bytes]:
    """Return the parts of a generation with these names, or all."""
    pieces: defaultdict[str, list[bytes]] = defaultdict(list)
    with connection.cursor(binary=True) as cursor:
        rows = cursor.execute(
            "select name, bytes from concord.parts where generation = %s and (%s::text[] is null or name = any(%s))"
            " order by name, piece",
            [generation, names and list(names), names and list(names)],
        )
        for name, data in rows:
            pieces[name].append(data)
    return {name: b"".join(found) for name, found in pieces.items()}


def _bytes_of(array: npt.NDArray[Any]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()
