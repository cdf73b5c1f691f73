"""Similarity in meaning as evidence that means the same for every query, language, encoder, and size of index.

A similarity has no zero of its own: some passages and some queries are similar to everything. The evidence that a chunk
c answers a query q is therefore counted in standard deviations above what texts have in common that have nothing to do
with each other, those of the background (`indexer.shared.background`):

    evidence(q, c) = ((s(q, c) - m(c)) / d(c) + (s(q, c) - m(q)) / d) / 2

with s(q, c) the similarity of the query and the chunk's passage, m(c) and d(c) the mean and standard deviation of the
background's similarities to the chunk, m(q) the mean of its similarities to the query, and d the standard deviation of
the similarities among its texts. This is the symmetric score normalisation of speaker verification (Kenny 2010,
"Bayesian Speaker Verification with Heavy-Tailed Priors"), with one d for all queries, which is steadier than one each.
Sentences are left out: the best of many is high by chance, and they are compared for the nearest chunks only.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from indexer.shared.calibration import Scale
from indexer.shared.encoder import Embeddings
from searchapp.search.semantic import Nearness, SemanticLeg

__all__ = ["Calibration"]

Floats = npt.NDArray[np.float32]


class Calibration:
    """Evidence by meaning over one opened index. Safe to use from several threads."""

    def __init__(self, leg: SemanticLeg, *, background: Embeddings, scale: Callable[[], Scale]) -> None:
        """Take the background's texts as queries, float32 `(n, dim)`, and what gives the scale when first needed."""
        self._leg = leg
        self._background = leg.similarity.others(background)
        self._compute = scale
        self._lock = threading.Lock()
        self._scale: Scale | None = None

    def evidence(self, vector: Floats, near: Nearness) -> Floats:
        """Return the evidence that each chunk answers a query, float32 `(chunks,)`; -inf where it wasn't compared.

        `vector` is the query's, `(dim,)`, and `near` is its `SemanticLeg.nearness`.
        """
        scale = self._known_scale()
        level = np.float32(self._leg.similarity.of_queries(vector, self._background).mean() * scale.share)
        evidence: Floats = near.passages * scale.slopes
        evidence -= scale.zeros
        evidence -= level
        if near.unknown is not None:
            evidence[near.unknown] = -np.inf
        return evidence

    def _known_scale(self) -> Scale:
        with self._lock:
            if self._scale is None:
                self._scale = self._compute()
            return self._scale
