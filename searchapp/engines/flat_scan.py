"""Inner products of a query with all passages, at the speed that memory is read.

The vectors are scanned in eight bits, a quarter of what is stored: whole numbers, scaled for each vector. Rounding to
steps of s leaves an error that is spread evenly over s in every component, so that a product with a query q is off by
s |q| / sqrt(12) in standard deviation, and as much again for the query, which is rounded, too: for the vectors of
sentence encoders less than .001 of a cosine. What must be exact is taken from the stored vectors.
"""

from __future__ import annotations

import numkong
import numpy as np
import numpy.typing as npt

from indexer.shared.quantised import QuantisedVectors, quantise

__all__ = ["FlatScan"]

Floats = npt.NDArray[np.float32]

_BLOCK = 8192  # rows that are rounded or compared at a time, between which other threads have their turn


class FlatScan:
    """Vectors rounded to eight bits. Safe to use from several threads."""

    def __init__(self, vectors: Floats) -> None:
        """Round n vectors `(n, dim)`, which may be mapped and needn't be contiguous."""
        self._rounded = QuantisedVectors(
            codes=np.empty(vectors.shape, dtype=np.int8), scales=np.empty(len(vectors), dtype=np.float32)
        )
        for start in range(0, len(vectors), _BLOCK):
            rows = slice(start, start + _BLOCK)
            rounded = quantise(np.ascontiguousarray(vectors[rows]))
            self._rounded.codes[rows], self._rounded.scales[rows] = rounded.codes, rounded.scales

    def products(self, query: Floats) -> Floats:
        """Return the products with a query `(dim,)`, float32 `(n,)`."""
        rounded = quantise(query[None])
        products = np.empty(len(self._rounded), dtype=np.float32)
        for start in range(0, len(products), _BLOCK):
            rows = slice(start, start + _BLOCK)
            numkong.dot(self._rounded.codes[rows], rounded.codes[0], out=products[rows])
        products *= self._rounded.scales
        products *= rounded.scales[0]
        return products
