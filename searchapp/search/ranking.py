"""From scores of chunks to ordered commitments: the best chunk of a document, the best document of a commitment."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Ranking", "best_rows", "best_scores", "by_year", "collapse", "first_of_each"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """Commitments in order: `document[r]` is the document shown for rank r + 1, `score[r]` its score."""

    document: npt.NDArray[np.int64]
    score: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.document)


def best_rows(
    scores: npt.NDArray[np.float32], rows: npt.NDArray[np.int64], document: npt.NDArray[np.int32], documents: int
) -> npt.NDArray[np.int64]:
    """Return each document's best-scored chunk row among `rows`, int64 `(documents,)`; -1 where it has none.

    `scores` and `document` are indexed by row. Of equal scores the lower row wins, which is the lower chunk_id.
    """
    order = rows[np.lexsort((rows, -scores[rows]))]
    owners, first = np.unique(document[order], return_index=True)
    best = np.full(documents, -1, dtype=np.int64)
    best[owners] = order[first]
    return best


def best_scores(
    scores: npt.NDArray[np.float32], rows: npt.NDArray[np.int64], document: npt.NDArray[np.int32], documents: int
) -> npt.NDArray[np.float32]:
    """Return each document's highest score among `rows`, float32 `(documents,)`; -inf where it has none."""
    best = np.full(documents, -np.inf, dtype=np.float32)
    np.maximum.at(best, document[rows], scores[rows])
    return best


def collapse(documents: npt.NDArray[np.int64], scores: npt.NDArray[np.float32], unit: npt.NDArray[np.int32]) -> Ranking:
    """Return one entry a unit, its best-scored document, ordered by score; ties by the lower document row.

    `documents` are rows; `scores` and `unit`, the number of a document's commitment or group of near-duplicates, are
    indexed by document row.
    """
    order = documents[np.lexsort((documents, -scores[documents]))]
    _, first = np.unique(unit[order], return_index=True)
    shown = order[np.sort(first)]
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
    _, first = np.unique(unit[ranking.document], return_index=True)
    kept = np.sort(first)
    return Ranking(document=ranking.document[kept], score=ranking.score[kept])
