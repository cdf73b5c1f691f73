"""Embeddings as arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Embeddings", "unit_length"]

Embeddings = npt.NDArray[np.float32]
"""Embeddings of n texts: float32, shape `(n, dim)`, as `Encoder` describes their rows."""


def unit_length(vectors: npt.NDArray[np.floating[Any]]) -> Embeddings:
    """Return the rows of `(n, dim)` scaled to length 1; a row of zeros stays as it is."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: Embeddings = (vectors / np.maximum(lengths, np.finfo(np.float32).tiny)).astype(np.float32)
    return unit
