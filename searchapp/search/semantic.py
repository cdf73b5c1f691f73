"""The semantic leg: how near in meaning each chunk of the index is to a query, or to another chunk."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from indexer.shared.encoder import Embeddings
from indexer.shared.storage import Generation

__all__ = ["SemanticLeg"]

Floats = npt.NDArray[np.float32]


class SemanticLeg:
    """Similarity in meaning over one opened generation. Safe to use from several threads."""

    def __init__(self, generation: Generation) -> None:
        self._generation = generation

    def scores(self, vector: Floats) -> Floats:
        """Return the similarity of every chunk to a query, float32 `(chunks,)`, from the query's vector `(dim,)`."""
        scores: Floats = self._generation.embeddings @ vector
        return scores

    def as_queries(self, rows: npt.NDArray[np.int64]) -> Embeddings:
        """Return what makes the chunks in these rows queries for `scores`, float32 `(rows, dim)`."""
        return np.asarray(self._generation.embeddings[rows], dtype=np.float32)
