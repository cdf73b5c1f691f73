"""The semantic leg: how near in meaning each chunk of the index is to a query, or to another chunk.

The chunk's passage and that sentence of it which is most like the query count half each: a passage speaks of several
things, and a question often asks for one of them. `indexer.shared.similarity` says how similar two texts are.

Where their engine compares many passages less exactly first, the nearest are compared again exactly.
Where there are too many to compare, the engine names those that are nearest, nearly all of them. The others count as
unlike the query, but for those that have most of its words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from indexer.shared.encoder import Embeddings
from indexer.shared.quantised import joined_vectors
from indexer.shared.similarity import Similarity
from searchapp.engines.base import Engine

__all__ = ["SENTENCE_WEIGHT", "Nearness", "SemanticLeg"]

Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]
Spans = npt.NDArray[np.int32]
Mask = npt.NDArray[np.bool_]

SENTENCE_WEIGHT = 0.5
"""Weight of a passage's best sentence beside the passage."""

_CANDIDATES = 300
"""Chunks, nearest by passage, whose sentences are compared."""

_EXACT = 150
"""The nearest of them, which are compared exactly where all passages were compared less so."""

_EACH = 100
"""Of as many scores one is in the sample."""

_AT_ONCE = 32
"""Queries that are compared with all passages at once: of more, products take memory, and no less time each."""

_UNLIKE = np.float32(-1)
"""The similarity of passages that aren't compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Nearness:
    """The similarity of passages to a query, float32 `(chunks,)`.

    `nearest`, int64 and ascending, are the rows whose sentences are compared. Where not all passages were
    compared, `unknown` says which weren't, bool `(chunks,)`: they count as unlike the query.
    """

    passages: Floats
    nearest: Rows
    unknown: Mask | None = None


class SemanticLeg:
    """Similarity in meaning over one opened generation. Safe to use from several threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lang: Rows = np.array(engine.chunks["lang"], dtype=np.int64)
        self.similarity = Similarity(engine.manifest.encoder, engine.manifest.langs, engine.centres)

    def passage_scores(self, vector: Floats, rows: Rows | None = None) -> Floats:
        """Return the similarity of these chunks, or of all, to a query, float32 `(rows,)`, from its vector `(dim,)`.

        Sentences are left aside. That is enough, and faster, where the query is a passage itself.
        """
        lang = self._lang if rows is None else self._lang[rows]
        return self.similarity.of_products(self._engine.products(vector, rows), lang, vector)

    def passage_scores_of_many(self, vectors: Embeddings) -> Floats:
        """Return what `passage_scores` does for n queries `(n, dim)` and all chunks, float32 `(n, chunks)`."""
        blocks = (vectors[start : start + _AT_ONCE] for start in range(0, len(vectors), _AT_ONCE))
        return np.concatenate(
            [
                self.similarity.of_many_products(self._engine.products_of_many(block), self._lang, block)
                for block in blocks
            ]
        )

    def nearness(self, vector: Floats, *, documents: Mask | None = None, words: Floats | None = None) -> Nearness:
        """Return the similarity of all passages to a query `(dim,)`, exact for the nearest.

        Where only the nearest are compared, they are looked for among all and among those of `documents`, bool
        `(documents,)`, and those are compared, too, that have most by their `words`, float32 `(chunks,)`.
        """
        nearest = self._engine.nearest(self.similarity, vector, None)
        if nearest is not None:
            return self._among(nearest, vector, documents, words)
        scores = self._engine.scanned(self.similarity, vector)
        if scores is None:
            scores = self.passage_scores(vector)
            return Nearness(passages=scores, nearest=_highest(scores, _CANDIDATES))
        nearest = _highest(scores, _CANDIDATES)
        first = nearest[_highest(scores[nearest], _EXACT)]
        scores[first] = self.passage_scores(vector, first)
        return Nearness(passages=scores, nearest=nearest)

    def _among(self, nearest: Rows, vector: Floats, documents: Mask | None, words: Floats | None) -> Nearness:
        rows = [nearest]
        if documents is not None and not documents.all():
            passing = self._engine.nearest(self.similarity, vector, documents)
            rows += [] if passing is None else [passing]
        if words is not None:
            found = np.flatnonzero(words)
            rows.append(found[_highest(words[found], _CANDIDATES)])
        compared = np.unique(np.concatenate(rows))
        scores = np.full(len(self._lang), _UNLIKE, dtype=np.float32)
        scores[compared] = self.passage_scores(vector, compared)
        unknown = np.ones(len(scores), dtype=np.bool_)
        unknown[compared] = False
        nearest = compared[_highest(scores[compared], _CANDIDATES)]
        return Nearness(passages=scores, nearest=nearest, unknown=unknown)

    def with_sentences(self, near: Nearness, vector: Floats) -> Floats:
        """Return the similarity of all chunks with what their sentences add, float32 `(chunks,)`.

        Sentences of the nearest chunks by passage are compared. What lies beyond keeps its order behind them.
        """
        scores, rows = near.passages, near.nearest
        if self.similarity.centres is None or not len(rows):
            return scores
        products, counts = self._engine.sentence_products(rows, self.similarity.parts(vector))
        of_sentences = self.similarity.of_sentences(products, np.repeat(self._lang[rows], counts), vector)
        best: Floats = np.maximum.reduceat(of_sentences, np.cumsum(counts) - counts)
        lift = SENTENCE_WEIGHT * (best - scores[rows])
        raised: Floats = scores + lift.min()
        raised[rows] = scores[rows] + lift
        return raised

    def scored_sentences(self, rows: Sequence[int], vector: Floats) -> list[tuple[Spans, Floats]]:
        """Return for each of these chunks the spans of its sentences, and their similarity to a query.

        Int32 `(sentences, 2)` and float32 `(sentences,)`.
        """
        if not rows:
            return []
        found = [self._engine.sentences(row) for row in rows]
        counts = [len(one.spans) for one in found]
        vectors = joined_vectors([one.embeddings for one in found]).floats()
        knows = np.repeat(self.similarity.knows[self._lang[list(rows)]], counts)
        parts = self.similarity.parts(vector)
        scores = self.similarity.joined((vectors @ parts).T, knows, parts)
        ends = np.cumsum(counts).tolist()
        return [(one.spans, scores[end - count : end]) for one, count, end in zip(found, counts, ends, strict=True)]

    def as_queries(self, rows: Rows) -> Embeddings:
        """Return what makes the chunks in these rows queries for `passage_scores`, float32 `(rows, dim)`."""
        return self.similarity.as_queries(self._engine.vectors(rows), self._lang[rows])


def _highest(scores: Floats, count: int) -> Rows:
    """Return the places of the `count` highest scores, ascending.

    Of many scores, those are left aside first that are lower than about twice as many others, which a sample tells.
    """
    if len(scores) <= count:
        return np.arange(len(scores))
    sample, likely = scores[::_EACH], 1 + 2 * count // _EACH
    if len(sample) > likely:
        places = np.flatnonzero(scores >= np.partition(sample, -likely)[-likely])
        if len(places) >= count:
            return places[_partitioned(scores[places], count)]
    return _partitioned(scores, count)


def _partitioned(scores: Floats, count: int) -> Rows:
    return np.sort(np.argpartition(scores, len(scores) - count)[-count:])
