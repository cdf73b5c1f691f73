"""Two models side by side: the first for all languages, a second for those that it knows.

Models err differently, so that two agree on what is alike more surely than each does alone. The second is heard only
where it knows the language of both query and passage: a passage's language stands with it, a query's is read off the
first model's embedding.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from indexer.shared.encoder.base import Learned, SecondModel
from indexer.shared.encoder.language_id import LanguageClassifier
from indexer.shared.encoder.sentence_encoder import SentenceEncoder
from indexer.shared.encoder.vectors import Embeddings
from indexer.shared.text import Span

__all__ = ["FIRST", "LANGUAGES", "SECOND", "PairEncoder", "learned_part", "learned_parts"]

FIRST, SECOND, LANGUAGES = "first.", "second.", "languages."
"""What the names of learned arrays start with: the two models' projections and the classifier's."""


def learned_parts(first: Learned, second: Learned, languages: Learned) -> Learned:
    """Return what an encoder of two models has learned as one set of arrays, for `learned_part`."""
    parts = {FIRST: first, SECOND: second, LANGUAGES: languages}
    return {prefix + key: array for prefix, arrays in parts.items() for key, array in arrays.items()}


def learned_part(learned: Learned, prefix: str) -> Learned:
    """Return the arrays of one part."""
    return {key.removeprefix(prefix): array for key, array in learned.items() if key.startswith(prefix)}


class PairEncoder:
    """The `Encoder` that joins the vectors of two. Safe to use from threads."""

    def __init__(
        self,
        name: str,
        first: SentenceEncoder,
        second: SentenceEncoder,
        *,
        languages: LanguageClassifier,
        second_langs: Sequence[str],
    ) -> None:
        self._name = name
        self._first = first
        self._second = second
        self._languages = languages
        self._second_langs = tuple(second_langs)
        self._beside = ThreadPoolExecutor(thread_name_prefix="second-model")

    @property
    def name(self) -> str:
        """The name that selects it."""
        return self._name

    @property
    def revision(self) -> str:
        """Digest of both encoders' revisions and the languages of the second; 16 hex digits."""
        parts = [self._first.revision, self._second.revision, *self._second_langs]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]

    @property
    def runtime(self) -> str:
        """What computes the first model."""
        return self._first.runtime

    @property
    def dim(self) -> int:
        """Length of both models' vectors together."""
        return self._first.dim + self._second.dim

    @property
    def max_tokens(self) -> int:
        """How many tokens of a passage the first model reads."""
        return self._first.max_tokens

    @property
    def second(self) -> SecondModel:
        """Where the second model's vectors stand, and its languages."""
        return SecondModel(start=self._first.dim, langs=self._second_langs)

    @property
    def learned(self) -> Learned:
        """Both models' projections and the classifier of languages."""
        return learned_parts(self._first.learned, self._second.learned, self._languages.to_arrays())

    def count_tokens(self, passages: Sequence[str]) -> list[int]:
        """Return how many tokens of the first model each passage takes."""
        return self._first.count_tokens(passages)

    def encode_queries(self, queries: Sequence[str]) -> Embeddings:
        """Return the `(n, dim)` embeddings of queries; how long the second part is, `SecondModel` says."""
        of_second = self._beside.submit(self._second.encode_queries, queries)
        raw = self._first.raw_queries(queries)
        known = self._languages.probability(raw, self._second_langs)
        return np.hstack([self._first.corrected(raw), known[:, None] * of_second.result()])

    def encode_passages(self, passages: Sequence[str], *, progress: bool = False) -> Embeddings:
        """Return the `(n, dim)` embeddings of passages; `progress` shows the first model's on stderr if a terminal."""
        of_second = self._beside.submit(self._second.encode_passages, passages)
        return np.hstack([self._first.encode_passages(passages, progress=progress), of_second.result()])

    def encode_passages_with_sentences(
        self, passages: Sequence[str], sentences: Sequence[Sequence[Span]], *, progress: bool = False
    ) -> tuple[Embeddings, Embeddings]:
        """Return the `(n, dim)` embeddings of passages, and the `(s, dim)` embeddings of all their sentences in order.

        `sentences` gives the spans of each passage's sentences, in code points of the passage.
        """
        of_second = self._beside.submit(self._second.encode_passages_with_sentences, passages, sentences)
        first = self._first.encode_passages_with_sentences(passages, sentences, progress=progress)
        vectors, of_sentences = (np.hstack(both) for both in zip(first, of_second.result(), strict=True))
        return vectors, of_sentences
