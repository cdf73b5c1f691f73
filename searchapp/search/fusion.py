"""Joining the two legs: language slots, and words that leave little doubt.

Words can only match inside a language, so a keyword score mostly reorders documents of one language among themselves.
The order of languages comes from the meaning scores: each rank belongs to the language that the semantic leg puts
there. Which of the language's documents takes it is decided by meaning and words together. Unlike reciprocal rank
fusion, this can't let chance word matches in the query's own language push the right foreign document down.

A passage that has most of what a query asks for, word by word, is no chance match. It is lifted among all languages,
by the cube of its keyword score: half of the query's words lift little, all of them are sure to be seen. So is one that
has the number or the rare name asked for (`searchapp.search.exact`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from searchapp.search.ranking import descending

__all__ = ["FusionWeights", "fuse", "lift"]

Scores = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class FusionWeights:
    """Weights beside a similarity in meaning; `python -m bench weights` shows what others would give.

    `keyword` is that of a keyword score in [0, 1] inside one language, `lift` that of its cube among all languages, and
    `exact` that of the bonus of exact words, for which see `python -m bench exact`.
    """

    keyword: float = 0.75
    lift: float = 1.5
    exact: float = 1


def lift(keyword: Scores, weights: FusionWeights) -> Scores:
    """Return what words add among all languages, float32 `(n,)`, for keyword scores in [0, 1]."""
    lifted: Scores = keyword * keyword
    lifted *= keyword
    lifted *= np.float32(weights.lift)
    return lifted


def fuse(slots: Scores, inside: Scores, langs: Iterable[Rows]) -> Scores:
    """Return the fused score of each of n documents, float32 `(n,)`.

    `slots` holds the scores that give languages their places (meaning, lift and exact words), `inside` what orders the
    documents of one language (the same plus the weighted keyword score), and `langs` the documents of each language. A
    document's fused score is the one that its place came from; those of no language keep their own.
    """
    fused = slots.copy()
    for documents in langs:
        places, order = slots.take(documents), inside.take(documents)
        if not np.array_equal(places, order):  # else each takes its own place
            places.sort()
            fused[documents.take(descending(order))] = places[::-1]
    return fused
