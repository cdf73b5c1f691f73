"""Why a hit is one: the place of its passage in each leg, and the words that match."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from searchapp.search.results import LegPlace, Passage

__all__ = ["matched_words", "place"]


def place(scores: npt.NDArray[np.float32], rows: npt.NDArray[np.int64], row: int) -> LegPlace:
    """Return the place of a row among `rows` by its score; of equal scores the lower row comes first.

    `scores`, float32 `(chunks,)`, are indexed by row.
    """
    score = scores[row]
    before = (scores[rows] > score) | ((scores[rows] == score) & (rows < row))
    return LegPlace(score=float(score), rank=1 + int(before.sum()))


def matched_words(passage: Passage) -> tuple[str, ...]:
    """Return the passage's words that are marked as words of the query, each once, whatever its case."""
    first: dict[str, str] = {}
    for mark in passage.highlights:
        if mark.kind == "word":
            word = passage.text[mark.start : mark.end]
            first.setdefault(word.casefold(), word)
    return tuple(first.values())
