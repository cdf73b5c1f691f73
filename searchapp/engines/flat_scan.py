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
Rows = npt.NDArray[np.int64]

BLOCK = 8192
"""Vectors in a block: enough that handing it out takes no time, few enough that no core is idle at the end."""


class FlatScan:
    """Some groups of vectors, rounded to eight bits. Safe to use from several threads."""

    def __init__(self, groups: Sequence[Iterable[tuple[Rows, Floats]]], *, cores: int | None = None) -> None:
        """Round the vectors of each group, which come in blocks: up to BLOCK rows, and their vectors `(n, dim)`.

        The rows of all groups are numbered from 0. `cores` is how many may compare vectors at a time, None for all
        that this process may use.
        """
        self._blocks = [
            (group, _run_of(rows), quantise(vectors)) for group, blocks in enumerate(groups) for rows, vectors in blocks
        ]
        self._size = sum(len(vectors) for _, _, vectors in self._blocks)
        self._helpers = max(0, (cores or usable_cores()) - 1)
        self._pool = ThreadPoolExecutor(max(1, self._helpers), thread_name_prefix="scan")  # starts threads when asked

    def products(self, queries: Sequence[Floats]) -> Floats:
        """Return the products of each group's vectors with a query `(dim,)` of its own, float32 by row."""
        rounded = [quantise(query[None]) for query in queries]
        products = np.empty(self._size, dtype=np.float32)
        blocks = iter(self._blocks)

        def compare() -> None:
            for group, rows, vectors in blocks:
                query, found = rounded[group], np.empty(len(vectors), dtype=np.float32)
                numkong.dot(vectors.codes, query.codes[0], out=found)
                found *= vectors.scales
                found *= query.scales[0]
                products[rows] = found

        helping = [self._pool.submit(compare) for _ in range(self._helpers)]
        compare()
        for helper in helping:
            if not helper.cancel():  # it has begun
                helper.result()
        return products


def _run_of(rows: Rows) -> slice | Rows:
    """Return ascending rows, as a slice where none is left out, which needn't be looked up one by one."""
    first, last = int(rows[0]), int(rows[-1])
    return slice(first, last + 1) if last - first == len(rows) - 1 else rows
