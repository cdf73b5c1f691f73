"""An encoder that costs next to nothing, in the shape of the default one: so that 50,000 chunks can be indexed."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar
from zlib import crc32

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from indexer.shared.encoder import Embeddings, Encoder, SecondModel, unit_length
from indexer.shared.text import Span

__all__ = ["Load", "MadeUpEncoder", "made_up_vectors"]

Load = Callable[[], Encoder | None]
"""Gives the encoder whose time queries take, None for one that takes none; can be pickled."""

_WORD = re.compile(r"\w+")
_WORDS = 4096  # pseudo-random vectors; words share them
_FIRST, _SECOND = 384, 512  # dimensions of multilingual-e5-small and of USE
_LENGTH = 40  # words of a text that is no more than a vector
_BLOCK = 8192  # vectors made at a time


class MadeUpEncoder:
    """Embeds a text as the sum of pseudo-random vectors of its words, two models' parts of unit length each.

    Texts with words in common are similar, so that searches find something. With `real`, queries are encoded by that
    encoder, too, and what it gives is dropped: a search then takes the time that it takes with it. `seconds` counts
    the time spent on passages.
    """

    name = "made-up"
    revision = "3ade0b5eed000001"
    runtime = "numpy"
    dim = _FIRST + _SECOND
    max_tokens = 512
    second = SecondModel(start=_FIRST, langs=("ar", "de", "en", "es", "fr", "zh"))
    learned: ClassVar[Mapping[str, npt.NDArray[Any]]] = {"made_up": np.zeros(1, dtype=np.float32)}

    def __init__(self, real: Encoder | None = None) -> None:
        self.seconds = 0.0
        self._real = real
        self._words = _word_vectors()

    def count_tokens(self, passages: Sequence[str]) -> list[int]:
        """Return the number of words of each passage."""
        return [len(passage.split()) for passage in passages]

    def encode_queries(self, queries: Sequence[str]) -> Embeddings:
        """Return the embeddings of queries, `(n, dim)`."""
        if self._real is not None:
            self._real.encode_queries(queries)
        return self._embed(queries)

    def encode_passages(self, passages: Sequence[str], *, progress: bool = False) -> Embeddings:  # noqa: ARG002 (the protocol's)
        """Return the embeddings of passages, `(n, dim)`."""
        with self._timed():
            return self._embed(passages)

    def encode_passages_with_sentences(
        self, passages: Sequence[str], sentences: Sequence[Sequence[Span]], *, progress: bool = False
    ) -> tuple[Embeddings, Embeddings]:
        """Return the embeddings of passages, `(n, dim)`, and of all their sentences, `(s, dim)`."""
        pieces = [text[start:end] for text, spans in zip(passages, sentences, strict=True) for start, end in spans]
        return self.encode_passages(passages, progress=progress), self.encode_passages(pieces)

    def _embed(self, texts: Sequence[str]) -> Embeddings:
        vectors = np.zeros((len(texts), self.dim), dtype=np.float32)
        for row, text in enumerate(texts):
            places = [crc32(word.encode()) % _WORDS for word in _WORD.findall(text.lower())]
            self._words[places].sum(axis=0, out=vectors[row])
        return _unit_parts(vectors)

    @contextmanager
    def _timed(self) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.seconds += time.perf_counter() - start


def made_up_vectors(count: int, *, seed: int) -> Embeddings:
    """Return the embeddings of so many texts that aren't written, `(count, dim)`; the same seed gives the same.

    Their words are as frequent as those of a language: one in inverse proportion to its rank (Zipf).
    """
    random, words = np.random.default_rng(seed), _word_vectors()
    frequency = 1 / np.arange(1, _WORDS + 1)
    vectors = np.empty((count, words.shape[1]), dtype=np.float32)
    for start in range(0, count, _BLOCK):
        block = vectors[start : start + _BLOCK]
        chosen = random.choice(_WORDS, size=len(block) * _LENGTH, p=frequency / frequency.sum())
        ones, ends = np.ones(len(chosen), dtype=np.float32), np.arange(len(block) + 1) * _LENGTH
        texts = csr_array((ones, chosen, ends), shape=(len(block), _WORDS))
        block[:] = _unit_parts(texts @ words)
    return vectors


def _word_vectors() -> Embeddings:
    return np.random.default_rng(0).standard_normal((_WORDS, _FIRST + _SECOND), dtype=np.float32)


def _unit_parts(vectors: Embeddings) -> Embeddings:
    """Bring each model's part of vectors to unit length, in place."""
    for part in (slice(_FIRST), slice(_FIRST, None)):
        vectors[:, part] = unit_length(vectors[:, part])
    return vectors
