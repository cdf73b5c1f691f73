"""Vectors in eight bits: a quarter of the memory, read at the same speed, cosines exact to about .002."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numkong
import numpy as np
import numpy.typing as npt

__all__ = ["QuantisedVectors", "joined_vectors", "quantise"]

_LEVELS = 127
_FEW = 64  # vectors, about the sentences of a passage


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantisedVectors:
    """Vectors as whole numbers: row i is `codes[i] * scales[i]`; int8 `(n, dim)` and float32 `(n,)`."""

    codes: npt.NDArray[np.int8]
    scales: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, rows: slice | npt.NDArray[np.int64]) -> QuantisedVectors:
        """Return some of the vectors; those of a slice are not copied."""
        if isinstance(rows, slice):
            return QuantisedVectors(codes=self.codes[rows], scales=self.scales[rows])
        return QuantisedVectors(codes=np.asarray(self.codes).take(rows, axis=0), scales=self.scales[rows])

    def floats(self) -> npt.NDArray[np.float32]:
        """Return the vectors, float32 `(n, dim)`."""
        return self.codes.astype(np.float32) * self.scales[:, None]

    def __matmul__(self, others: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return the inner products with k vectors, float32 `(n, k)`, of `others` `(dim, k)`.

        The others are taken as the sum of two vectors in eight bits each, which is as good as sixteen, so that whole
        numbers are all that is multiplied. A few vectors are unpacked, which takes less than preparing the others.
        """
        if len(self) <= _FEW:
            return self.floats() @ others
        wanted = np.ascontiguousarray(others.T)
        coarse = quantise(wanted)
        fine = quantise(wanted - coarse.floats())
        packed = numkong.dots_pack(np.vstack([coarse.codes, fine.codes]))
        products = np.asarray(numkong.dots_packed(np.asarray(self.codes), packed)).astype(np.float32)
        products *= np.concatenate([coarse.scales, fine.scales])
        both: npt.NDArray[np.float32] = products[:, : len(coarse)] + products[:, len(coarse) :]
        both *= self.scales[:, None]
        return both


def joined_vectors(parts: Sequence[QuantisedVectors]) -> QuantisedVectors:
    """Return the vectors of one or more sets, one set after the other."""
    codes, scales = (np.concatenate(arrays) for arrays in zip(*((one.codes, one.scales) for one in parts), strict=True))
    return QuantisedVectors(codes=codes, scales=scales)


def quantise(vectors: npt.NDArray[np.float32]) -> QuantisedVectors:
    """Return vectors `(n, dim)` in eight bits, each scaled by its largest component; zeros stay zeros."""
    largest = np.abs(vectors).max(axis=1, initial=0)
    scales = np.maximum(largest / _LEVELS, np.finfo(np.float32).tiny).astype(np.float32)
    codes = np.rint(vectors / scales[:, None]).astype(np.int8)
    return QuantisedVectors(codes=codes, scales=scales)
