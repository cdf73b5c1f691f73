"""From scores of chunks to ordered commitments: the best chunk of a document, the best document of a commitment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

__all__ = ["Owned", "Ranking", "by_year", "collapse", "descending", "first_of_each"]

Number = TypeVar("Number", np.float32, np.int8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """Commitments in order: `document[r]` is the document shown for rank r + 1, `score[r]` its score."""

    document: npt.NDArray[np.int64]
    score: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.document)


@dataclass(frozen=True, slots=True, kw_only=True)
class Owned:
    """Chunk rows by the document that they belong to.

    `rows` are int64 and ascending, `owners` the documents that have any, ascending, and `starts` where the rows of each
    owner start among `rows`.
    """

    rows: npt.NDArray[np.int64]
    owners: npt.NDArray[np.int32]
    starts: npt.NDArray[np.int64]

    @classmethod
    def of(cls, rows: npt.NDArray[np.int64], document: npt.NDArray[np.int32]) -> Owned:
        """Group ascending rows; `document` is indexed by row and ascending, as chunks are stored."""
        owner = document[rows]
        starts = np.flatnonzero(np.diff(owner, prepend=-1))
        return cls(rows=rows, owners=owner[starts], starts=starts)

    def highest(self, values: npt.NDArray[Number]) -> npt.NDArray[Number]:
        """Return the highest value among each owner's rows, `(owners,)`; values are indexed by row."""
        return np.maximum.reduceat(self._of_rows(values), self.starts) if len(self.rows) else values[:0]

    def best_rows(self, scores: npt.NDArray[np.float32], documents: int) -> npt.NDArray[np.int64]:
        """Return each document's best-scored row, int64 `(documents,)`; -1 where it has none.

        `scores` are indexed by row. Of equal scores the lower row wins, which is the lower chunk_id.
        """
        counts = np.diff(self.starts, append=len(self.rows))
        first_last = np.flatnonzero(self._of_rows(scores) == np.repeat(self.highest(scores), counts))[::-1]
        best = np.full(documents, -1, dtype=np.int64)
        best[np.repeat(self.owners, counts)[first_last]] = self.rows[first_last]
        return best

    def _of_rows(self, values: npt.NDArray[Number]) -> npt.NDArray[Number]:
        return values if len(values) == len(self.rows) else values[self.rows]


def descending(scores: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
    """Return the places of n scores from the highest to the lowest, int64 `(n,)`; of equal ones the first comes first.

    Scores and places are sorted as one whole number each, which is several times faster than a stable sort of scores.
    """
    bits = (scores + np.float32(0)).view(np.int32).astype(np.int64)  # with 0 added, -0 is 0
    ascending = bits ^ ((bits >> 31) & 0x7FFFFFFF)
    return np.sort((~ascending << 32) | np.arange(len(scores))) & 0xFFFFFFFF


def collapse(documents: npt.NDArray[np.int64], scores: npt.NDArray[np.float32], unit: npt.NDArray[np.int32]) -> Ranking:
    """Return one entry a unit, its best-scored document, ordered by score; ties by the first of `documents`.

    `documents` are rows; `scores` and `unit`, the number of a document's commitment or group of near-duplicates, are
    indexed by document row.
    """
    order = documents[descending(scores[documents])]
    shown = order[_first_of_each(unit[order])]
    return Ranking(document=shown, score=scores[shown])


def by_year(ranking: Ranking, year: npt.NDArray[np.int32], *, newest_first: bool) -> Ranking:
    """Return a ranking ordered by year, and by score within one; what has no year comes last.

    `year` is indexed by document row, 0 for none.
    """
    years = year[ranking.document]
    order = np.lexsort((np.arange(len(years)), -years if newest_first else years, years == 0))
    return Ranking(document=ranking.document[order], score=ranking.score[order])


def first_of_each(ranking: Ranking, unit: npt.NDArray[np.int32]) -> Ranking:
    """Return the first entry of each unit of a ranking, in the same order; `unit` is indexed by document row."""
    kept = _first_of_each(unit[ranking.document])
    return Ranking(document=ranking.document[kept], score=ranking.score[kept])


def _first_of_each(units: npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
    """Return the places where units stand for the first time, ascending."""
    places = np.arange(len(units))
    first = np.empty(units.max(initial=-1) + 1, dtype=np.int64)
    first[units[::-1]] = places[::-1]
    return places[first[units] == places]
