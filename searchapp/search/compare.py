"""Two to six commitments side by side: which language version of each, how like the first, and passage by passage.

The first commitment leads: its passages, those that its fellows match best, are set beside the nearest passage of each
other. Stored embeddings are compared, so no encoder is needed. As in `searchapp.search.similar`, reviews take no part.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from indexer.shared.errors import QueryError
from searchapp.engines.base import Engine
from searchapp.search.columns import Columns
from searchapp.search.results import Aligned, Compared, Match, Quote
from searchapp.search.similar import SimilarCommitments, Version

__all__ = ["COMPARABLE", "CommitmentComparer", "check_ids"]

COMPARABLE = range(2, 7)
"""How many commitments can be compared at once."""

PASSAGES = 3
"""Passages of the first commitment that are set beside the others' at most."""

Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]


def check_ids(commitment_ids: Sequence[str]) -> None:
    """Raise QueryError for IDs that can't be compared: too few, too many, or one twice."""
    for number, commitment_id in enumerate(commitment_ids):
        if commitment_id in commitment_ids[:number]:
            raise QueryError(f"“{commitment_id[:40]}” is given twice; expected different commitments", field="id")
    if len(commitment_ids) not in COMPARABLE:
        given = {0: "no commitment is given", 1: "only one commitment is given"}.get(
            len(commitment_ids), f"{len(commitment_ids)} commitments are given"
        )
        raise QueryError(f"{given}; expected from {COMPARABLE[0]} to {COMPARABLE[-1]}", field="id")


class CommitmentComparer:
    """Chooses versions and aligns passages. Safe to use from several threads."""

    def __init__(self, engine: Engine, columns: Columns, similar: SimilarCommitments) -> None:
        self._engine = engine
        self._columns = columns
        self._similar = similar

    def compare(
        self, commitments: Sequence[Sequence[int]], lang: str | None
    ) -> tuple[tuple[Compared, ...], tuple[Aligned, ...]]:
        """Return the versions to show of commitments, given as the document rows of theirs, and their passages aligned.

        A commitment is shown in `lang` if it exists in it. Of what is left to choose, the first is shown in the version
        most like the others, and each other in the version most like the first's.
        """
        leading, *others = [self._in_language(versions, lang) for versions in commitments]
        compared = self._similar.compare(leading)
        if not compared:
            return tuple(self._compared(versions[0], None) for versions in (leading, *others)), ()
        version = max(compared, key=lambda one: sum(one.scores[rows].max() for rows in map(np.array, others)))
        shown = [rows[int(version.scores[rows].argmax())] for rows in others]
        likeness = [float(score) if np.isfinite(score) else None for score in version.scores[shown]]
        aligned = self._aligned(version, shown)
        return (self._compared(version.document, None), *map(self._compared, shown, likeness)), aligned

    def _in_language(self, versions: Sequence[int], lang: str | None) -> list[int]:
        langs = self._columns.by_field["lang"].values
        return [row for row in versions if langs[self._columns.lang[row]] == lang] or list(versions)

    def _compared(self, row: int, likeness: float | None) -> Compared:
        return Compared(document=self._engine.document(row), also_in=self._columns.other_langs(row), likeness=likeness)

    def _aligned(self, version: Version, shown: Sequence[int]) -> tuple[Aligned, ...]:
        """Return the passages that the others match best by what is unusual, in the order of the text."""
        theirs = [self._similar.passages_of(document) for document in shown]
        matched = [places for places in theirs if len(places)]
        if not matched:
            return ()
        excess = np.mean([version.excess[:, places].max(axis=1) for places in matched], axis=0)
        own = np.sort(np.argsort(-excess, kind="stable")[:PASSAGES]).tolist()
        nearest = [_nearest(version.similarities[number], theirs) for number in own]
        wanted = [pair for each in zip(own, nearest, strict=True) for pair in self._wanted(version, *each)]
        quotes = iter(self._similar.quotes(wanted))
        return tuple(
            _beside(quotes, version.similarities[number], places) for number, places in zip(own, nearest, strict=True)
        )

    def _wanted(self, version: Version, own: int, nearest: Sequence[int | None]) -> Iterator[tuple[int, int]]:
        """Give the rows to quote of one passage of the first and of those nearest to it, and what each is near to."""
        own_row, there = int(version.rows[own]), [place for place in nearest if place is not None]
        best = max(there, key=lambda place: version.similarities[own, place])
        yield own_row, self._similar.row_of(best)
        for place in there:
            yield self._similar.row_of(place), own_row


def _nearest(similarities: Floats, theirs: Sequence[Rows]) -> list[int | None]:
    """Return the place of the nearest passage of each other, None for one that has no passages."""
    return [int(places[similarities[places].argmax()]) if len(places) else None for places in theirs]


def _beside(quotes: Iterator[Quote], similarities: Floats, nearest: Sequence[int | None]) -> Aligned:
    """Return one passage of the first and the nearest of each other, their quotes taken in this order."""
    own = next(quotes)
    matches = (
        None if place is None else Match(quote=next(quotes), semantic=float(similarities[place])) for place in nearest
    )
    return Aligned(own=own, matches=tuple(matches))
