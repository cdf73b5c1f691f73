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
    """Chunk rows by the document that they belong to, int64 `(n,)` both: `rows` are ascending, and so are `owners`."""

    rows: npt.NDArray[np.int64]
    owners: npt.NDArray[np.int64]

    @classmethod
    def of(cls, rows: npt.NDArray[np.int64], document: npt.NDArray[np.int32]) -> Owned:
        """Group ascending rows; `document` is indexed by row and ascending, as chunks are stored."""
        return cls(rows=rows, owners=document[rows].astype(np.int64))

    def there(self, documents: int) -> npt.NDArray[np.bool_]:
        """Return which documents have any of the rows, bool `(documents,)`."""
        there = np.zeros(documents, dtype=np.bool_)
        there[self.owners] = True
        return there

    def highest(self, values: npt.NDArray[Number], documents: int, *, least: float = -np.inf) -> npt.NDArray[Number]:
        """Return the highest value among each document's rows, `(documents,)`, or what is `least`.

        Values are indexed by row; only those above the least are looked at.
        """
        best = np.full(documents, least, dtype=values.dtype)
        of_rows = values if len(values) == len(self.rows) else values[self.rows]
        if least == -np.inf:
            np.maximum.at(best, self.owners, of_rows)
        else:
            above = np.flatnonzero(of_rows > least)
            np.maximum.at(best, self.owners[above], of_rows[above])
        return best

    def best_row(self, document: int, scores: npt.NDArray[np.float32]) -> int:
        """Return the best-scored of a document's rows, of which there must be one; scores are indexed by row.

        Of equal scores the lower row wins, which is the lower chunk_id.
        """
        rows = self.rows[np.searchsorted(self.owners, document) : np.searchsorted(self.owners, document, side="right")]
        return int(rows[scores[rows].argmax()])


def descending(scores: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
    """Return the places of n scores from the highest to the lowest, int64 `(n,)`; of equal ones the first comes first.

    Scores and places are sorted as one whole number each, which is several times faster than a stable sort of scores.
    """
    bits = (scores + np.float32(0)).view(np.int32)  # with 0 added, -0 is 0
    bits ^= (bits >> 31) & np.int32(0x7FFFFFFF)  # ordered as the scores are
    places: npt.NDArray[np.int64] = np.invert(bits, out=bits).astype(np.int64)
    places <<= 32
    places |= np.arange(len(scores))
    places.sort()
    places &= 0xFFFFFFFF
    return places


def collapse(documents: npt.NDArray[np.int64], scores: npt.NDArray[np.float32], unit: npt.NDArray[np.int32]) -> Ranking:
    """Return one entry a unit, its best-scored document, ordered by score; ties by the first of `documents`.

    `documents` are rows; `scores` and `unit`, the number of a document's commitment or group of near-duplicates, are
    indexed by document row.
    """
    order = documents.take(descending(scores.take(documents)))
    shown = order.take(_first_of_each(unit.take(order)))
    return Ranking(document=shown, score=scores.take(shown))


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
    return np.flatnonzero(first[units] == places)
