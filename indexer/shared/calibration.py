"""What makes similarities evidence; see `searchapp.search.calibration` for what it means."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from indexer.shared.encoder import Embeddings
from indexer.shared.similarity import Similarity

__all__ = ["Scale", "scale_of"]

Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]

_LEAST = 1e-6  # standard deviation, so that none is zero
_BLOCK = 2048  # chunks whose similarities to the background are computed at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """What makes evidence of similarities: `slopes * similarity - zeros - level * share`; float32 `(chunks,)` both."""

    slopes: Floats
    zeros: Floats
    share: float


def scale_of(
    similarity: Similarity, background: Embeddings, passages: Callable[[Rows], Embeddings], lang: Rows
) -> Scale:
    """Return the scale of a generation.

    `background` holds its texts as queries, float32 `(n, dim)`; `passages` gives the vectors of chunks by row, and
    `lang` are the numbers of the chunks' languages.
    """
    blocks = [np.arange(start, min(start + _BLOCK, len(lang))) for start in range(0, len(lang), _BLOCK)]
    moments = [_moments(similarity.of_many(background, passages(rows), lang[rows])) for rows in blocks]
    means, deviations = (np.concatenate([[], *each]) for each in zip(*moments, strict=True))
    spread = _spread(similarity, background)
    return Scale(
        slopes=((1 / deviations + 1 / spread) / 2).astype(np.float32),
        zeros=(means / deviations / 2).astype(np.float32),
        share=1 / spread / 2,
    )


def _moments(scores: Floats) -> tuple[Floats, Floats]:
    """Return the mean and the deviation of some chunks' similarities, float32 `(rows,)` both."""
    return scores.mean(axis=0), np.maximum(scores.std(axis=0), _LEAST)


def _spread(similarity: Similarity, background: Embeddings) -> float:
    others = similarity.others(background)
    scores = np.stack([similarity.of_queries(text, others) for text in background])
    return max(float(scores[~np.eye(len(scores), dtype=np.bool_)].std()), _LEAST)
