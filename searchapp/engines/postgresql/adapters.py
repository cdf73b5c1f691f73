"""How a connection reads arrays and vectors: as numpy arrays, from PostgreSQL's binary formats."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import psycopg
from pgvector.psycopg import register_vector
from psycopg.adapt import Buffer, Loader
from psycopg.pq import Format

__all__ = ["register_adapters"]

Floats = npt.NDArray[np.float32]

_HEADER = 20  # bytes before the first entry of an array of one dimension: dimensions, nulls, type, length, lower bound
_EMPTY = 12  # bytes of an array of no dimension


def register_adapters(connection: psycopg.Connection) -> None:
    """Let a connection take vectors, and read `real[]`, `integer[]` and `vector` as numpy arrays."""
    register_vector(connection)
    adapters = connection.adapters
    vector = adapters.types["vector"]
    adapters.register_loader(adapters.types["float4"].array_oid, _ArrayLoader)
    adapters.register_loader(adapters.types["int4"].array_oid, _IntArrayLoader)
    adapters.register_loader(vector.oid, _VectorLoader)


class _ArrayLoader(Loader):
    """Loads a one-dimensional array of numbers without nulls, in PostgreSQL's binary format."""

    format = Format.BINARY
    number = ">f4"

    def load(self, data: Buffer) -> npt.NDArray[Any]:
        raw = bytes(data)
        if len(raw) <= _EMPTY:
            return np.empty(0, np.dtype(self.number).newbyteorder("="))
        entries = np.frombuffer(raw, dtype=[("size", ">i4"), ("number", self.number)], offset=_HEADER)
        return entries["number"].astype(np.dtype(self.number).newbyteorder("="))


class _IntArrayLoader(_ArrayLoader):
    number = ">i4"


class _VectorLoader(Loader):
    """Loads a vector in pgvector's binary format: dimensions, nothing, and numbers of 32 bits."""

    format = Format.BINARY

    def load(self, data: Buffer) -> Floats:
        return np.frombuffer(bytes(data), dtype=">f4", offset=4).astype(np.float32)
