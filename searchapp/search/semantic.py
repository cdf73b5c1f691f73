"""The semantic leg: how near in meaning each chunk of the index is to a query, or to another chunk.

Three things make up the similarity of a query and a chunk:

- The chunk's passage and that sentence of it which is most like the query count half each: a passage speaks of several
  things, and a question often asks for one of them.
- From passages and sentences the centre of their language is taken (see `indexer.centres`), so that no language's
  documents lie nearer to all queries than another's.
- An encoder of two models gives two similarities, joined where the second knows both languages. The mean of two noisy
  figures is less noisy than either; without a correction, chunks that only the first model knows would fill both the
  top and the bottom of the ranking. The joined similarity is therefore divided by what the mean does to the spread.

An encoder without language correction (`+raw`) is used as it is: the cosine of query and passage.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from indexer.shared.encoder import Embeddings, unit_length
from indexer.shared.storage import Generation

__all__ = ["SemanticLeg"]

Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

SENTENCE_WEIGHT = 0.5
"""Weight of a passage's best sentence beside the passage."""

SECOND_WEIGHT = 0.3
"""Weight of the second model where it knows both languages."""

CORRELATION = 0.6
"""Of both models' similarities of unrelated texts; .59 on the parallel text's lines."""

_CANDIDATES = 1000
"""Chunks, nearest by passage, whose sentences are compared."""


class SemanticLeg:
    """Similarity in meaning over one opened generation. Safe to use from several threads."""

    def __init__(self, generation: Generation) -> None:
        self._generation = generation
        self._lang: npt.NDArray[np.int32] = np.array(generation.chunks["lang"])
        self._second = generation.manifest.encoder.second
        known = () if self._second is None else self._second.langs
        self._knows = np.array([lang in known for lang in generation.manifest.langs], dtype=np.bool_)

    def passage_scores(self, vector: Floats, rows: slice = slice(None)) -> Floats:
        """Return the similarity of chunks to a query, float32 `(rows,)`, from the query's vector `(dim,)`.

        Sentences are left aside. That is enough, and faster, where the query is a passage itself.
        """
        parts, lang = self._parts(vector), self._lang[rows]
        products = self._products(vector, rows)
        if self._generation.centres is not None:
            products -= (self._generation.centres.passages @ parts)[lang]
        return self._joined(products, self._knows[lang], parts)

    def with_sentences(self, scores: Floats, vector: Floats) -> Floats:
        """Return the `passage_scores` of all chunks with what their sentences add, float32 `(chunks,)`.

        Sentences of the nearest 1,000 chunks by passage are compared. What lies beyond keeps its order behind them.
        """
        centres = self._generation.centres
        near = _nearest(scores, _CANDIDATES)
        if centres is None or not len(near):
            return scores
        best = self._best_sentences(near, self._parts(vector), centres.sentences)
        lift = SENTENCE_WEIGHT * (best - scores[near])
        raised: Floats = scores + lift.min()
        raised[near] = scores[near] + lift
        return raised

    def query_scores(self, vector: Floats, others: Embeddings) -> Floats:
        """Return the similarity of n other queries to a query, float32 `(n,)`, from their vectors `(n, dim)`."""
        parts = self._parts(vector)
        if self._second is None:
            return self._joined(others @ parts, np.zeros(len(others), dtype=np.bool_), parts)
        first, second = np.split(others, [self._second.start], axis=1)
        knows: Mask = np.linalg.norm(second, axis=1) > 0.5  # noqa: PLR2004 (more likely than not)
        return self._joined(np.hstack([first, unit_length(second)]) @ parts, knows, parts)

    def sentence_scores(self, row: int, vector: Floats) -> Floats:
        """Return the similarity of each sentence of a chunk to a query, float32 `(sentences,)`."""
        parts = self._parts(vector)
        products = self._generation.sentences(row).embeddings @ parts
        return self._joined(products, np.full(len(products), self._knows[self._lang[row]]), parts)

    def as_queries(self, rows: Rows) -> Embeddings:
        """Return what makes the chunks in these rows queries for `scores`, float32 `(rows, dim)`."""
        vectors = np.asarray(self._generation.embeddings[rows], dtype=np.float32)
        if self._generation.centres is not None:
            vectors = vectors - self._generation.centres.passages[self._lang[rows]]
        if self._second is None:
            return unit_length(vectors)
        first, second = np.split(vectors, [self._second.start], axis=1)
        return np.hstack([unit_length(first), unit_length(second) * self._knows[self._lang[rows], None]])

    def _parts(self, vector: Floats) -> Floats:
        """Return a query's vector with each model's part in a column of its own, float32 `(dim, models)`."""
        if self._second is None:
            return vector[:, None]
        parts = np.zeros((len(vector), 2), dtype=np.float32)
        parts[: self._second.start, 0] = vector[: self._second.start]
        parts[self._second.start :, 1] = vector[self._second.start :]
        return parts

    def _products(self, vector: Floats, rows: slice) -> Floats:
        """Return each model's products of passages with a query, float32 `(rows, models)`.

        One vector at a time, which is several times faster than a matrix with a column for each model.
        """
        passages = self._generation.embeddings[rows]
        if self._second is None:
            return (passages @ vector)[:, None]
        start = self._second.start
        return np.stack([passages[:, :start] @ vector[:start], passages[:, start:] @ vector[start:]], axis=1)

    def _joined(self, products: Floats, knows: Mask, parts: Floats) -> Floats:
        """Return the similarities of n texts, float32 `(n,)`, from each model's products with the query, `(n, models)`.

        `knows` tells of which texts the second model knows the language, bool `(n,)`. The second's products have been
        multiplied by the probability that it knows the query's language, the length of the query's second part.
        """
        if self._second is None:
            return products[:, 0]
        share = SECOND_WEIGHT * float(np.linalg.norm(parts[:, 1]))
        spread = ((1 - share) ** 2 + share**2 + 2 * CORRELATION * share * (1 - share)) ** 0.5
        both = ((1 - share) * products[:, 0] + SECOND_WEIGHT * products[:, 1]) / np.float32(spread)
        return np.where(knows, both, products[:, 0]).astype(np.float32)

    def _best_sentences(self, rows: Rows, parts: Floats, centres: Floats) -> Floats:
        """Return the similarity of the best sentence of each of these chunks, float32 `(rows,)`.

        `centres` are those of the sentences, float32 `(languages, dim)`.
        """
        offsets = self._generation.sentence_offsets.astype(np.int64)
        counts = offsets[rows + 1] - offsets[rows]
        starts = np.cumsum(counts) - counts
        places = np.repeat(offsets[rows] - starts, counts) + np.arange(counts.sum())
        lang = np.repeat(self._lang[rows], counts)
        products = self._generation.all_sentences.embeddings[places] @ parts - (centres @ parts)[lang]
        best: Floats = np.maximum.reduceat(self._joined(products, self._knows[lang], parts), starts)
        return best


def _nearest(scores: Floats, count: int) -> Rows:
    """Return the rows of the `count` highest scores, ascending."""
    if len(scores) <= count:
        return np.arange(len(scores))
    return np.sort(np.argpartition(-scores, count)[:count])
