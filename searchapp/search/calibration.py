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

import numpy as np
import numpy.typing as npt

from indexer.shared.encoder import Embeddings
from searchapp.search.semantic import SemanticLeg

__all__ = ["Calibration"]

Floats = npt.NDArray[np.float32]

_LEAST = 1e-6  # standard deviation, so that none is zero
_BLOCK = 2048  # chunks whose similarities to the background are computed at a time


class Calibration:
    """Evidence by meaning over one opened index. Safe to use from several threads."""

    def __init__(self, leg: SemanticLeg, *, background: Embeddings, chunks: int) -> None:
        """Prepare for an index of so many chunks; `background` holds its texts as queries, float32 `(n, dim)`."""
        self._leg = leg
        self._background = background
        self._chunks = chunks
        self._lock = threading.Lock()
        self._moments: tuple[Floats, Floats, float] | None = None

    def evidence(self, vector: Floats, scores: Floats) -> Floats:
        """Return the evidence that each chunk answers a query, float32 `(chunks,)`.

        `vector` is the query's, `(dim,)`, and `scores` are its `SemanticLeg.passage_scores`. What the background says
        of the chunks is computed when first needed.
        """
        mean, deviation, spread = self._known_moments()
        level = float(self._leg.query_scores(vector, self._background).mean())
        evidence: Floats = np.asarray(((scores - mean) / deviation + (scores - level) / spread) / 2, dtype=np.float32)
        return evidence

    def _known_moments(self) -> tuple[Floats, Floats, float]:
        """Return m(c) and d(c), float32 `(chunks,)`, and d."""
        with self._lock:
            if self._moments is None:
                blocks = [slice(start, start + _BLOCK) for start in range(0, self._chunks, _BLOCK)]
                means, deviations = zip(*map(self._moments_of, blocks), strict=True)
                self._moments = (np.concatenate(means), np.concatenate(deviations), self._spread())
            return self._moments

    def _moments_of(self, rows: slice) -> tuple[Floats, Floats]:
        scores = np.stack([self._leg.passage_scores(text, rows) for text in self._background])
        return scores.mean(axis=0), np.maximum(scores.std(axis=0), _LEAST)

    def _spread(self) -> float:
        scores = np.stack([self._leg.query_scores(text, self._background) for text in self._background])
        return max(float(scores[~np.eye(len(scores), dtype=np.bool_)].std()), _LEAST)
