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

All passages are compared in half precision first, and those that may be among the nearest again exactly
(`searchapp.search.flat_scan`).
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from indexer.shared.encoder import Embeddings, unit_length
from indexer.shared.storage import Generation
from searchapp.search.flat_scan import FlatScan

__all__ = ["Nearness", "SemanticLeg"]

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Nearness:
    """The similarity of passages to a query, float32 `(chunks,)`; those at `exact` rows are, others are off by `error`.

    `exact`, int64 and ascending, are the nearest ones, whose sentences are compared.
    """

    passages: Floats
    exact: Rows
    error: float


class SemanticLeg:
    """Similarity in meaning over one opened generation. Safe to use from several threads."""

    def __init__(self, generation: Generation) -> None:
        self._generation = generation
        self._lang: Rows = np.array(generation.chunks["lang"], dtype=np.int64)
        self._second = generation.manifest.encoder.second
        known = () if self._second is None else self._second.langs
        borders = () if self._second is None else (self._second.start,)
        self._models = tuple(slice(*ends) for ends in pairwise((0, *borders, None)))
        self._knows = np.array([lang in known for lang in generation.manifest.langs], dtype=np.bool_)
        self._known_rows = np.flatnonzero(self._knows[self._lang])
        self._lock = threading.Lock()
        self._scans: tuple[FlatScan, ...] = ()

    def passage_scores(self, vector: Floats, rows: slice | Rows = slice(None)) -> Floats:
        """Return the similarity of chunks to a query, float32 `(rows,)`, from the query's vector `(dim,)`.

        Sentences are left aside. That is enough, and faster, where the query is a passage itself.
        """
        return self._similarities(self._products(vector, rows), self._lang[rows], vector)

    def scores_of_many(self, vectors: Embeddings, rows: slice) -> Floats:
        """Return the `passage_scores` of some chunks with n queries `(n, dim)`, float32 `(n, rows)`."""
        passages, lang = self._generation.embeddings[rows], self._lang[rows]
        products = np.stack([vectors[:, part] @ passages[:, part].T for part in self._models], axis=1)
        return np.stack([self._similarities(one, lang, vector) for one, vector in zip(products, vectors, strict=True)])

    def nearness(self, vector: Floats) -> Nearness:
        """Return the similarity of all passages to a query `(dim,)`, exact for the nearest 1,000."""
        products, error = self._scanned(vector)
        scores = self._similarities(products, self._lang, vector)
        nearest = _nearest(scores, _CANDIDATES)
        if len(nearest) < len(scores):
            near = np.flatnonzero(scores >= scores[nearest].min() - 2 * error)
            scores[near] = self.passage_scores(vector, near)
            nearest = near[_nearest(scores[near], _CANDIDATES)]
        else:
            scores = self.passage_scores(vector)
        return Nearness(passages=scores, exact=nearest, error=error)

    def with_sentences(self, near: Nearness, vector: Floats) -> Floats:
        """Return the similarity of all chunks with what their sentences add, float32 `(chunks,)`.

        Sentences of the nearest chunks by passage are compared. What lies beyond keeps its order behind them.
        """
        centres, scores, rows = self._generation.centres, near.passages, near.exact
        if centres is None or not len(rows):
            return scores
        best = self._best_sentences(rows, self._parts(vector), centres.sentences)
        lift = SENTENCE_WEIGHT * (best - scores[rows])
        raised: Floats = scores + lift.min()
        raised[rows] = scores[rows] + lift
        return raised

    def query_scores(self, vector: Floats, others: Embeddings) -> Floats:
        """Return the similarity of n other queries to a query, float32 `(n,)`, from their vectors `(n, dim)`."""
        parts = self._parts(vector)
        if self._second is None:
            return self._joined((others @ parts).T, np.zeros(len(others), dtype=np.bool_), parts)
        first, second = np.split(others, [self._second.start], axis=1)
        knows: Mask = np.linalg.norm(second, axis=1) > 0.5  # noqa: PLR2004 (more likely than not)
        return self._joined((np.hstack([first, unit_length(second)]) @ parts).T, knows, parts)

    def sentence_scores(self, row: int, vector: Floats) -> Floats:
        """Return the similarity of each sentence of a chunk to a query, float32 `(sentences,)`."""
        parts = self._parts(vector)
        products = self._generation.sentences(row).embeddings @ parts
        return self._joined(products.T, np.full(len(products), self._knows[self._lang[row]]), parts)

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

    def _products(self, vector: Floats, rows: slice | Rows) -> Floats:
        """Return each model's products of passages with a query, float32 `(models, rows)`.

        One vector at a time, which is several times faster than a matrix with a column for each model.
        """
        stored = np.asarray(self._generation.embeddings)
        passages = stored[rows] if isinstance(rows, slice) else stored.take(rows, axis=0)
        return np.stack([passages[:, part] @ vector[part] for part in self._models])

    def _scanned(self, vector: Floats) -> tuple[Floats, float]:
        """Return what `_products` does of all passages, in half precision, and how far off a similarity is at most.

        The second model's are 0 in languages that it doesn't know, and where it doesn't know the query's.
        """
        first, *second = self._halves()
        found, error = first.products(vector[self._models[0]])
        if not second:
            return found[None], error
        products = np.zeros((2, len(found)), dtype=np.float32)
        products[0] = found
        if vector[self._models[1]].any():
            products[1, self._known_rows], other = second[0].products(vector[self._models[1]])
            error += other  # more than enough: the weights of both add up to little more than 1
        return products, error

    def _halves(self) -> tuple[FlatScan, ...]:
        """Return the passages of each model in half precision, those of the second in languages that it knows."""
        with self._lock:
            if not self._scans:
                stored = np.asarray(self._generation.embeddings)
                first, *second = (stored[:, part] for part in self._models)
                self._scans = (FlatScan(first), *(FlatScan(part[self._known_rows]) for part in second))
            return self._scans

    def _similarities(self, products: Floats, lang: Rows, vector: Floats) -> Floats:
        """Return the similarities of n passages in these languages, float32 `(n,)`, from `_products` `(models, n)`."""
        parts = self._parts(vector)
        if self._generation.centres is not None:
            centres = np.ascontiguousarray((self._generation.centres.passages @ parts).T)
            for model in range(len(products)):
                products[model] -= centres[model].take(lang)
        return self._joined(products, self._knows[lang], parts)

    def _joined(self, products: Floats, knows: Mask, parts: Floats) -> Floats:
        """Return the similarities of n texts, float32 `(n,)`, from each model's products with the query, `(models, n)`.

        `knows` tells of which texts the second model knows the language, bool `(n,)`. The second's products have been
        multiplied by the probability that it knows the query's language, the length of the query's second part.
        """
        first: Floats = products[0]
        if self._second is None:
            return first
        share = SECOND_WEIGHT * float(np.linalg.norm(parts[:, 1]))
        spread = ((1 - share) ** 2 + share**2 + 2 * CORRELATION * share * (1 - share)) ** 0.5
        both: Floats = np.float32((1 - share) / spread) * first + np.float32(SECOND_WEIGHT / spread) * products[1]
        return both if knows.all() else np.where(knows, both, first)

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
        best: Floats = np.maximum.reduceat(self._joined(products.T, self._knows[lang], parts), starts)
        return best


def _nearest(scores: Floats, count: int) -> Rows:
    """Return the rows of the `count` highest scores, ascending."""
    if len(scores) <= count:
        return np.arange(len(scores))
    return np.sort(np.argpartition(scores, len(scores) - count)[-count:])
