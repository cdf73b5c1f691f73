"""Commitments like one: its passages compared with those of all others, and the pair of passages that explains it.

Commitments are compared by what they promise. Reviews are left out: they say of every commitment whether it was kept.
Each passage of one looks for its best match in the other, and the other way round, as in late interaction (MaxSim;
Khattab and Zaharia 2020, "ColBERT"), and only what is unusual counts fully (see `likeness`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from searchapp.engines.base import Engine
from searchapp.search.columns import Columns
from searchapp.search.facets import matching_documents
from searchapp.search.highlights import nearest_sentence
from searchapp.search.ranking import Ranking, collapse
from searchapp.search.results import Pair, Passage, Quote, SimilarHit, SimilarRequest
from searchapp.search.semantic import SemanticLeg

__all__ = ["SimilarCommitments", "Version", "likeness"]

Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_REVIEWS = frozenset({"midterm_review", "endterm_review"})
_BELOW = np.float32(0.1)  # weight of what is not unusual: enough to order what has nothing more in common


def likeness(similarities: Floats, starts: Rows, others: Mask) -> tuple[Floats, Floats]:
    """Return how much more alike than usual a commitment is to each of d documents, float32 `(d,)`, and why.

    `similarities`, float32 `(n, p)`, are those of its n passages with the p passages of the documents, whose first ones
    are at `starts`; `others` says which documents are others' commitments, at least one.

    A passage that says what all commitments say matches all of them well. So what counts is a match's excess over what
    is usual for the passage: the mean of its best matches in others' documents plus their standard deviation. What lies
    below counts a tenth. The excess of the best matches is averaged over the passages of the one, then of the other,
    and the two means are averaged, lest long documents match everything. The second array is the excess of every
    match, float32 `(n, p)`.
    """
    best = np.maximum.reduceat(similarities, starts, axis=1)
    usual = best[:, others].mean(axis=1) + best[:, others].std(axis=1)
    excess: Floats = similarities - usual[:, None]
    there = _counted(best - usual[:, None]).mean(axis=0)
    back = np.add.reduceat(_counted(excess.max(axis=0)), starts) / np.diff(starts, append=similarities.shape[1])
    return ((there + back) / 2).astype(np.float32), excess


def _counted(excess: Floats) -> Floats:
    counted: Floats = np.maximum(excess, _BELOW * excess)
    return counted


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One language version, n passages at `rows`, against the p passages of all promises.

    `document` is its row, `similarities` and `excess` are float32 `(n, p)`, `scores` float32 `(documents,)`, -inf for
    one without passages.
    """

    document: int
    rows: Rows
    similarities: Floats
    excess: Floats
    scores: Floats


class SimilarCommitments:
    """Finds commitments like one in other countries. It needs stored embeddings alone, no encoder."""

    def __init__(self, engine: Engine, columns: Columns, semantic: SemanticLeg) -> None:
        self._engine = engine
        self._columns = columns
        self._semantic = semantic
        self._rows = _promises(engine.chunks, columns)
        self._owner: npt.NDArray[np.int32] = engine.chunks["document"][self._rows]
        self._documents, self._starts = np.unique(self._owner, return_index=True)

    def find(self, versions: Sequence[int], request: SimilarRequest) -> tuple[int, tuple[SimilarHit, ...]]:
        """Return how many commitments (or countries) are comparable to the one with these document rows, and the first.

        Commitments of its own country are not. Where a country is unknown, each commitment stands for itself.
        """
        candidates = np.flatnonzero(self._candidates(versions, request))
        compared = self.compare(versions) if candidates.size else []
        if not compared:
            return 0, ()
        scores = np.stack([version.scores for version in compared])
        ranking = collapse(candidates, scores.max(axis=0), self._columns.group)
        if request.per_country:
            ranking = collapse(ranking.document, scores.max(axis=0), self._columns.country_units())
        shown = ranking.document[: request.limit].tolist()
        pairs = self._pairs([(compared[int(scores[:, document].argmax())], document) for document in shown])
        hits = (self._hit(ranking, position, candidates, pair) for position, pair in enumerate(pairs))
        return len(ranking), tuple(hits)

    def compare(self, versions: Sequence[int]) -> list[Version]:
        """Return those versions of one commitment that have passages, against everything; none if it is all there is.

        What is usual is read off the commitments that aren't near-duplicates of it, if there are others.
        """
        for unit in (self._columns.group, self._columns.commitment):
            others = ~np.isin(unit[self._documents], unit[versions])
            if others.any():
                return [self._version(document, others) for document in versions if document in self._documents]
        return []

    def passages_of(self, document: int) -> Rows:
        """Return the places of a document's passages among those of all promises."""
        return np.flatnonzero(self._owner == document)

    def row_of(self, place: int) -> int:
        """Return the chunk row of a passage, from its place among those of all promises."""
        return int(self._rows[place])

    def quotes(self, wanted: Sequence[tuple[int, int]]) -> list[Quote]:
        """Return passages in chunk rows, each with the sentence marked that is nearest to the passage in another row.

        `wanted` are these two rows for each.
        """
        if not wanted:
            return []
        rows, near = (list(column) for column in zip(*wanted, strict=True))
        self._engine.prefetch(rows)
        vectors = self._semantic.as_queries(np.array(near))
        return [self._quote(row, vector) for row, vector in zip(rows, vectors, strict=True)]

    def _quote(self, row: int, vector: Floats) -> Quote:
        document = self._engine.document(int(self._engine.chunks["document"][row]))
        chunk = self._engine.chunk(row, document)
        [scored] = self._semantic.scored_sentences([row], vector)
        return Quote(document=document, passage=Passage.of(chunk, nearest_sentence(*scored)))

    def _candidates(self, versions: Sequence[int], request: SimilarRequest) -> Mask:
        """Return which documents may be hits, bool `(documents,)`."""
        columns = self._columns
        countries = columns.country[versions]
        foreign = ~np.isin(columns.country, countries[countries >= 0]) & self._others(versions)
        with_passages = np.zeros_like(foreign)
        with_passages[self._documents] = True
        return matching_documents(foreign & with_passages, columns.filter_masks(request.filters))

    def _others(self, versions: Sequence[int]) -> Mask:
        """Return which documents are not of this commitment, nor near-duplicates of it, bool `(documents,)`."""
        return ~np.isin(self._columns.group, self._columns.group[versions])

    def _version(self, document: int, others: Mask) -> Version:
        rows = self._rows[self._owner == document]
        similarities = self._semantic.passage_scores_of_many(self._semantic.as_queries(rows))[:, self._rows]
        found, excess = likeness(similarities, self._starts, others)
        scores = np.full(len(self._columns.document_ids), -np.inf, dtype=np.float32)
        scores[self._documents] = found
        return Version(document=document, rows=rows, similarities=similarities, excess=excess, scores=scores)

    def _hit(self, ranking: Ranking, position: int, candidates: Rows, pair: Pair) -> SimilarHit:
        shown = int(ranking.document[position])
        return SimilarHit(
            rank=position + 1,
            score=float(ranking.score[position]),
            pair=pair,
            also_in=self._columns.other_langs(shown),
            near_duplicates=self._columns.folded(shown, candidates, self._columns.group),
        )

    def _pairs(self, shown: Sequence[tuple[Version, int]]) -> list[Pair]:
        """Return the passages whose match is the most unusual, of each version and document row; of equal ones one."""
        found = []
        for version, document in shown:
            theirs = self.passages_of(document)
            own, other = np.unravel_index(version.excess[:, theirs].argmax(), (len(version.rows), len(theirs)))
            rows = int(version.rows[own]), self.row_of(theirs[other])
            found.append((rows, float(version.similarities[own, theirs[other]])))
        quotes = iter(self.quotes([pair for (own, other), _ in found for pair in ((own, other), (other, own))]))
        return [Pair(own=next(quotes), other=next(quotes), semantic=semantic) for _, semantic in found]


def _promises(chunks: npt.NDArray[np.void], columns: Columns) -> Rows:
    """Return the rows of the chunks that stand in no review; of a document that holds nothing else, those of all."""
    kinds = [kind not in _REVIEWS for of_document in columns.section_kinds for kind in of_document]
    first = np.cumsum([0, *map(len, columns.section_kinds)])
    promising = np.array(kinds, dtype=np.bool_)[first[chunks["document"]] + chunks["section"]]
    has_promise = np.zeros(len(columns.document_ids), dtype=np.bool_)
    has_promise[chunks["document"][promising]] = True
    return np.flatnonzero(promising | ~has_promise[chunks["document"]])
