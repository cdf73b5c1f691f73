"""Inner products of a query with all passages, at the speed that memory is read.

The vectors are scanned in eight bits, a quarter of what is stored: whole numbers, scaled for each vector. Rounding to
steps of s leaves an error that is spread evenly over s in every component, so that a product with a query q is off by
s |q| / sqrt(12) in standard deviation, and as much again for the query, which is rounded, too: for the vectors of
sentence encoders less than .001 of a cosine. What must be exact is taken from the stored vectors.

A block of vectors at a time is compared by whichever core is free. A query on an idle machine has all of them; on a
busy one it waits for none.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numkong
import numpy as np
import numpy.typing as npt

from indexer.shared.cores import usable_cores
from indexer.shared.quantised import quantise

__all__ = ["BLOCK", "FlatScan"]

Floats = npt.NDArray[np.float32]

BLOCK = 8192
"""Vectors in a block: enough that handing it out takes no time, few enough that no core is idle at the end."""


class FlatScan:
    """Some groups of vectors, rounded to eight bits. Safe to use from several threads."""

    def __init__(self, groups: Sequence[Iterable[Floats]], *, cores: int | None = None) -> None:
        """Round the vectors of each group, which come in blocks `(n, dim)` of up to BLOCK.

        `cores` is how many may compare them at a time, None for all that this process may use.
        """
        self._sizes = [0] * len(groups)
        self._blocks = []
        for group, blocks in enumerate(groups):
            for block in blocks:
                start = self._sizes[group]
                self._sizes[group] = end = start + len(block)
                self._blocks.append((group, slice(start, end), quantise(block)))
        self._helpers = max(0, (cores or usable_cores()) - 1)
        self._pool = ThreadPoolExecutor(max(1, self._helpers), thread_name_prefix="scan")  # starts threads when asked

    def products(self, queries: Sequence[Floats]) -> list[Floats]:
        """Return the products of each group's vectors with a query `(dim,)` of its own, float32 `(n,)` each."""
        rounded = [quantise(query[None]) for query in queries]
        products = [np.empty(size, dtype=np.float32) for size in self._sizes]
        blocks = iter(self._blocks)

        def compare() -> None:
            for group, rows, vectors in blocks:
                query, found = rounded[group], products[group][rows]
                numkong.dot(vectors.codes, query.codes[0], out=found)
                np.multiply(found, vectors.scales, out=found)
                np.multiply(found, query.scales[0], out=found)

        helping = [self._pool.submit(compare) for _ in range(self._helpers)]
        compare()
        for helper in helping:
            if not helper.cancel():  # it has begun
                helper.result()
        return products
