"""Inner products of a query with all passages, at the speed that memory is read.

The vectors are scanned in sixteen bits, half of what is stored. That is off by little, and by how much at most is known
(Cauchy and Schwarz): for a vector v, a query q and their rounded v' and q',

    |v.q - v'.q'| <= |v| |q - q'| + |v - v'| |q'|

What must be exact is taken from the stored vectors, so that the nearest rows are those of an exact comparison.
"""

from __future__ import annotations

import numkong
import numpy as np
import numpy.typing as npt

__all__ = ["FlatScan"]

Floats = npt.NDArray[np.float32]
Halves = npt.NDArray[np.float16]

_BLOCK = 4096  # rows that are rounded or compared at a time, between which other threads have their turn
_SUMMING = 2e-5  # what adding up in 32 bits may add to the error, as a share of both lengths


class FlatScan:
    """Vectors rounded to sixteen bits. Safe to use from several threads."""

    def __init__(self, vectors: Floats) -> None:
        """Round n vectors `(n, dim)`, which may be mapped and needn't be contiguous."""
        self._halves: Halves = np.empty(vectors.shape, dtype=np.float16)
        self._length = self._error = 0.0
        for start in range(0, len(vectors), _BLOCK):
            block = np.ascontiguousarray(vectors[start : start + _BLOCK])
            halves = self._halves[start : start + _BLOCK]
            halves[:] = block
            self._length = max(self._length, _longest(block))
            self._error = max(self._error, _longest(block - halves))

    def products(self, query: Floats) -> tuple[Floats, float]:
        """Return the products with a query `(dim,)`, float32 `(n,)`, and by how much each is off at most."""
        halves = query.astype(np.float16)
        products = np.empty(len(self._halves), dtype=np.float32)
        for start in range(0, len(products), _BLOCK):
            block = slice(start, start + _BLOCK)
            products[block] = np.asarray(numkong.dot(self._halves[block], halves))
        length = _longest(query[None])
        rounded = _longest(query[None] - halves[None])
        return products, self._length * rounded + self._error * (length + rounded) + _SUMMING * self._length * length


def _longest(vectors: Floats) -> float:
    return float(np.sqrt(np.einsum("ij,ij->i", vectors, vectors).max(initial=0)))
