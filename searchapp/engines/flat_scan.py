"""Inner products of a query with all passages, at the speed that memory is read.

The vectors are scanned in eight bits, a quarter of what is stored: whole numbers, scaled for each vector. Rounding to
steps of s leaves an error that is spread evenly over s in every component, so that a product with a query q is off by
s |q| / sqrt(12) in standard deviation, and as much again for the query, which is rounded, too: for the vectors of
sentence encoders less than .001 of a cosine. What must be exact is taken from the stored vectors.

A block of vectors at a time is compared by whichever core is free. A query on an idle machine has all of them; on a
busy one it waits for none.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numkong
import numpy as np
import numpy.typing as npt

from indexer.shared.cores import usable_cores
from indexer.shared.quantised import QuantisedVectors, quantise

__all__ = ["FlatScan"]

Floats = npt.NDArray[np.float32]

_BLOCK = 8192  # rows that are rounded or compared at a time


class FlatScan:
    """The vectors of some models, rounded to eight bits. Safe to use from several threads."""

    def __init__(self, models: Sequence[Floats], *, cores: int | None = None) -> None:
        """Round each model's vectors `(n, dim)`, which may be mapped and needn't be contiguous.

        `cores` is how many may compare them at a time, None for all that this process may use.
        """
        rounded = [_rounded(vectors) for vectors in models]
        self._sizes = [len(vectors) for vectors in rounded]
        self._blocks = [
            (model, rows, vectors[rows])
            for model, vectors in enumerate(rounded)
            for rows in (slice(start, start + _BLOCK) for start in range(0, len(vectors), _BLOCK))
        ]
        self._helpers = max(0, (cores or usable_cores()) - 1)
        self._pool = ThreadPoolExecutor(max(1, self._helpers), thread_name_prefix="scan")  # starts threads when asked

    def products(self, queries: Sequence[Floats]) -> list[Floats]:
        """Return the products of each model's vectors with a query `(dim,)` of its own, float32 `(n,)` each."""
        rounded = [quantise(query[None]) for query in queries]
        products = [np.empty(size, dtype=np.float32) for size in self._sizes]
        blocks = iter(self._blocks)

        def compare() -> None:
            for model, rows, vectors in blocks:
                query, found = rounded[model], products[model][rows]
                numkong.dot(vectors.codes, query.codes[0], out=found)
                np.multiply(found, vectors.scales, out=found)
                np.multiply(found, query.scales[0], out=found)

        helping = [self._pool.submit(compare) for _ in range(self._helpers)]
        compare()
        for helper in helping:
            if not helper.cancel():  # it has begun
                helper.result()
        return products


def _rounded(vectors: Floats) -> QuantisedVectors:
    codes, scales = np.empty(vectors.shape, dtype=np.int8), np.empty(len(vectors), dtype=np.float32)
    for start in range(0, len(vectors), _BLOCK):
        rows = slice(start, start + _BLOCK)
        block = quantise(np.ascontiguousarray(vectors[rows]))
        codes[rows], scales[rows] = block.codes, block.scales
    return QuantisedVectors(codes=codes, scales=scales)
