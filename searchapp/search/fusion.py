"""Joining the two legs: language slots.

Words can only match inside a language, so a keyword score may reorder documents of one language among themselves but
never lift one language above another. The order of languages comes from the meaning scores alone: each rank belongs
to the language that the semantic leg puts there. Which of the language's documents takes it is decided by meaning and
words together. Unlike reciprocal rank fusion, this can't let chance word matches in the query's own language push the
right foreign document down.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["KEYWORD_WEIGHT", "fuse"]

Scores = npt.NDArray[np.float32]

KEYWORD_WEIGHT = 0.5
"""Weight of a keyword score in [0, 1] beside a cosine, inside one language."""


def fuse(semantic: Scores, inside: Scores, lang: npt.NDArray[np.int32]) -> Scores:
    """Return the fused score of each of n documents, float32 `(n,)`.

    `semantic` holds the cosines that give languages their slots, `inside` what orders the documents of one language
    (cosine plus KEYWORD_WEIGHT times keyword score in [0, 1]), and `lang` the number of each document's language.
    A document's fused score is the cosine that its slot came from.
    """
    fused = np.empty_like(semantic)
    for number in np.unique(lang):
        rows = np.flatnonzero(lang == number)
        takers = rows[np.argsort(-inside[rows], kind="stable")]
        fused[takers] = np.sort(semantic[rows])[::-1]
    return fused
