"""How similar a query and a passage are in meaning: from products of their vectors to one number.

- From passages and sentences the centre of their language is taken (see `indexer.centres`), so that no language's
  documents lie nearer to all queries than another's.
- An encoder of two models gives two similarities, joined where the second knows both languages. The mean of two noisy
  figures is less noisy than either; without a correction, chunks that only the first model knows would fill both the
  top and the bottom of the ranking. The joined similarity is therefore divided by what the mean does to the spread.

An encoder without language correction (`+raw`) is used as it is: the cosine of query and passage.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from indexer.shared.encoder import Embeddings, unit_length
from indexer.shared.manifest import EncoderIdentity
from indexer.shared.storage import Centres

__all__ = [
    "CORRELATION",
    "EXACT_UP_TO",
    "SECOND_WEIGHT",
    "OtherQueries",
    "Similarity",
    "known_langs",
    "model_parts",
    "products_of_many",
]

Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

SECOND_WEIGHT = 0.3
"""Weight of the second model where it knows both languages."""

CORRELATION = 0.6
"""Of both models' similarities of unrelated texts; .59 on the parallel text's lines."""

EXACT_UP_TO = 20_000
"""Chunks up to which every engine compares all passages exactly."""


def model_parts(encoder: EncoderIdentity) -> tuple[slice, ...]:
    """Return the columns of a vector that each of an encoder's models made."""
    borders = () if encoder.second is None else (encoder.second.start,)
    return tuple(slice(*ends) for ends in pairwise((0, *borders, None)))


def known_langs(encoder: EncoderIdentity, langs: Sequence[str]) -> Mask:
    """Return which of these languages an encoder's second model knows, bool `(languages,)`."""
    known = () if encoder.second is None else encoder.second.langs
    return np.array([lang in known for lang in langs], dtype=np.bool_)


def products_of_many(vectors: Embeddings, passages: Embeddings, models: Sequence[slice]) -> Floats:
    """Return each model's products of n vectors `(n, dim)` with p passages `(p, dim)`, float32 `(n, models, p)`."""
    products = np.empty((len(vectors), len(models), len(passages)), dtype=np.float32)
    for model, part in enumerate(models):
        np.matmul(vectors[:, part], passages[:, part].T, out=products[:, model])
    return products


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherQueries:
    """Queries to compare another with, float32 `(n, dim)`; `knows`: whose language the second model does, `(n,)`."""

    vectors: Embeddings
    knows: Mask


class Similarity:
    """The similarities of one generation; languages are numbered as in its manifest."""

    def __init__(self, encoder: EncoderIdentity, langs: Sequence[str], centres: Centres | None) -> None:
        self.models = model_parts(encoder)
        self.knows = known_langs(encoder, langs)
        self.centres = centres

    def queries(self, vector: Floats) -> list[Floats]:
        """Return what a query `(dim,)` is to centred passages: their product with it is their similarity.

        The first is for passages in languages that only the first model knows, and has the length of that model's
        vectors; the second, if there is a second model, for those that both know.
        """
        first = vector[self.models[0]]
        if len(self.models) == 1:
            return [first]
        weight, second = self.weights(vector)
        return [first, np.concatenate([weight * first, second * vector[self.models[1]]], dtype=np.float32)]

    def of_products(self, products: Floats, lang: Rows, vector: Floats) -> Floats:
        """Return the similarities of n passages in these languages to a query `(dim,)`, float32 `(n,)`.

        `products` are those of each model, float32 `(models, n)`, and are changed.
        """
        found: Floats = products[0]
        of_langs = np.zeros((len(self.knows), len(products)), dtype=np.float32)
        of_langs[:, 0] = 1
        if len(self.models) > 1:
            of_langs[self.knows] = self.weights(vector)
            for model, weights in enumerate(of_langs.T):
                of_model = products[model]
                of_model *= weights[0] if self.knows.all() else weights.take(lang)
            found += products[1]
        if self.centres is not None:
            found -= (self.centres.passages @ self.parts(vector) * of_langs).sum(axis=1).take(lang)
        return found

    def of_sentences(self, products: Floats, lang: Rows, vector: Floats) -> Floats:
        """Return the similarities of n sentences in these languages to a query `(dim,)`, float32 `(n,)`.

        `products` are those with the query's `parts`, float32 `(n, models)`.
        """
        parts = self.parts(vector)
        if self.centres is not None:
            products = products - (self.centres.sentences @ parts)[lang]
        return self.joined(products.T, self.knows[lang], parts)

    def of_many(self, vectors: Embeddings, passages: Embeddings, lang: Rows) -> Floats:
        """Return the similarities of passages `(p, dim)` in these languages to n queries `(n, dim)`, `(n, p)`."""
        return self.of_many_products(products_of_many(vectors, passages, self.models), lang, vectors)

    def of_many_products(self, products: Floats, lang: Rows, vectors: Embeddings) -> Floats:
        """Return the similarities of p passages in these languages to n queries `(n, dim)`, float32 `(n, p)`.

        `products` are those of each model, float32 `(n, models, p)`, and are changed.
        """
        return np.stack([self.of_products(one, lang, vector) for one, vector in zip(products, vectors, strict=True)])

    def others(self, vectors: Embeddings) -> OtherQueries:
        """Return what makes n queries comparable with one another, from their vectors `(n, dim)`."""
        if len(self.models) == 1:
            return OtherQueries(vectors=vectors, knows=np.zeros(len(vectors), dtype=np.bool_))
        first, second = (vectors[:, part] for part in self.models)
        knows: Mask = np.linalg.norm(second, axis=1) > 0.5  # noqa: PLR2004 (more likely than not)
        return OtherQueries(vectors=np.hstack([first, unit_length(second)]), knows=knows)

    def of_queries(self, vector: Floats, others: OtherQueries) -> Floats:
        """Return the similarity of n other queries to a query `(dim,)`, float32 `(n,)`."""
        parts = self.parts(vector)
        return self.joined((others.vectors @ parts).T, others.knows, parts)

    def as_queries(self, vectors: Embeddings, lang: Rows) -> Embeddings:
        """Return what makes passages in these languages queries, float32 `(n, dim)`, from their vectors."""
        vectors = self.centred(vectors, lang)
        if len(self.models) == 1:
            return unit_length(vectors)
        first, second = (vectors[:, part] for part in self.models)
        return np.hstack([unit_length(first), unit_length(second) * self.knows[lang, None]])

    def centred(self, vectors: Embeddings, lang: Rows) -> Embeddings:
        """Return the vectors of passages less the centres of their languages, float32 `(n, dim)`."""
        vectors = np.asarray(vectors, dtype=np.float32)
        return vectors if self.centres is None else vectors - self.centres.passages[lang]

    def parts(self, vector: Floats) -> Floats:
        """Return a query's vector with each model's part in a column of its own, float32 `(dim, models)`."""
        if len(self.models) == 1:
            return vector[:, None]
        parts = np.zeros((len(vector), len(self.models)), dtype=np.float32)
        for model, part in enumerate(self.models):
            parts[part, model] = vector[part]
        return parts

    def weights(self, vector: Floats) -> tuple[float, float]:
        """Return what the two models' similarities to a query weigh where the second knows a text's language.

        The second's has been multiplied by the probability that it knows the query's language, the length of the
        query's second part.
        """
        share = SECOND_WEIGHT * float(np.linalg.norm(vector[self.models[1]]))
        spread = ((1 - share) ** 2 + share**2 + 2 * CORRELATION * share * (1 - share)) ** 0.5
        return (1 - share) / spread, SECOND_WEIGHT / spread

    def joined(self, products: Floats, knows: Mask, parts: Floats) -> Floats:
        """Return the similarities of n texts, float32 `(n,)`, from each model's products with the query, `(models, n)`.

        `knows` tells of which texts the second model knows the language, bool `(n,)`.
        """
        first: Floats = products[0]
        if len(self.models) == 1:
            return first
        weight, second = self.weights(parts.sum(axis=1))
        both: Floats = np.float32(weight) * first + np.float32(second) * products[1]
        return both if knows.all() else np.where(knows, both, first)
