"""Encoders built on sentence-transformers models, with the language taken out of their embeddings."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from indexer.shared.encoder.base import Learned, Role
from indexer.shared.encoder.language_neutral import SHARE, LanguageProjection, read_parallel_text
from indexer.shared.encoder.vectors import Embeddings, unit_length
from indexer.shared.errors import EncoderError
from indexer.shared.text import Span

__all__ = ["SentenceEncoder", "TextModel", "projection_origin"]

_RECIPE = 1  # raise it when a change of code changes embeddings, so that indexes are built anew
_BATCH = 64


class TextModel(Protocol):
    """What an encoder asks of a model; `models.LoadedModel` is the real one."""

    identity: str
    dim: int
    max_tokens: int
    prompts: dict[Role, str]
    runtime: str
    streams: int

    def encode(self, texts: list[str], role: Role) -> npt.NDArray[np.float32]:
        """Return the embeddings of one batch of texts, shape `(len(texts), dim)`."""

    def encode_with_sentences(
        self, texts: list[str], sentences: Sequence[Sequence[Span]]
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Return the embeddings of one batch of passages, `(len(texts), dim)`, and of all their sentences in order."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return how many tokens each text takes as a passage."""


class SentenceEncoder:
    """The `Encoder` over one model and one projection (None: as the model gives them). Safe to use from threads."""

    def __init__(self, name: str, model: TextModel, projection: LanguageProjection | None) -> None:
        if projection is not None and projection.dim != model.dim:
            raise EncoderError(
                f"encoder {name!r}: its vectors have {model.dim} dimensions, the language projection {projection.dim}"
            )
        self._name = name
        self._model = model
        self._projection = projection
        self._free = threading.BoundedSemaphore(model.streams)  # more calls at a time would only be in each other's way

    @property
    def name(self) -> str:
        """The name that selects it."""
        return self._name

    @property
    def revision(self) -> str:
        """Digest of the model, its prompts, what the projection was computed from, and the recipe; 16 hex digits."""
        origin = self._projection.origin if self._projection else "raw"
        return _digest(_RECIPE, self._model.identity, self._model.prompts, self._model.max_tokens, origin)[:16]

    @property
    def runtime(self) -> str:
        """What computes it; that makes no difference for which vectors can be compared."""
        return self._model.runtime

    @property
    def dim(self) -> int:
        """Length of its vectors."""
        return self._model.dim

    @property
    def max_tokens(self) -> int:
        """How many tokens of a passage it reads; what comes after is not seen."""
        return self._model.max_tokens

    @property
    def second(self) -> None:
        """There is no second model."""
        return

    @property
    def projection(self) -> LanguageProjection | None:
        """The language correction; None for the model as it is."""
        return self._projection

    @property
    def learned(self) -> Learned:
        """The language correction as arrays; empty if there is none."""
        return self._projection.to_arrays() if self._projection else {}

    def count_tokens(self, passages: Sequence[str]) -> list[int]:
        """Return how many tokens each passage takes, prompt and special tokens included."""
        with self._free:
            return self._model.count_tokens([_encodable(passage) for passage in passages])

    def encode_queries(self, queries: Sequence[str]) -> Embeddings:
        """Return the `(n, dim)` embeddings of queries."""
        return self.corrected(self.raw_queries(queries))

    def raw_queries(self, queries: Sequence[str]) -> Embeddings:
        """Return the `(n, dim)` unit embeddings of queries without language correction, for `corrected`."""
        return unit_length(self._encode(queries, "query", progress=False))

    def encode_passages(self, passages: Sequence[str], *, progress: bool = False) -> Embeddings:
        """Return the `(n, dim)` embeddings of passages; `progress` shows a bar on stderr if that is a terminal."""
        return self.corrected(unit_length(self._encode(passages, "passage", progress=progress)))

    def encode_passages_with_sentences(
        self, passages: Sequence[str], sentences: Sequence[Sequence[Span]], *, progress: bool = False
    ) -> tuple[Embeddings, Embeddings]:
        """Return the `(n, dim)` embeddings of passages, and the `(s, dim)` embeddings of all their sentences in order.

        `sentences` gives the spans of each passage's sentences, in code points of the passage. A model that averages
        its tokens encodes nothing more for them; another encodes every sentence as a passage. A sentence that the
        model doesn't reach has its passage's embedding.
        """
        embeddings = np.zeros((len(passages), self.dim), dtype=np.float32)
        starts = np.cumsum([0, *map(len, sentences)])
        of_sentences = np.zeros((starts[-1], self.dim), dtype=np.float32)
        for rows in _batches(passages, progress=progress):
            texts = [_encodable(passages[row]) for row in rows]
            with self._free:
                embeddings[rows], vectors = self._model.encode_with_sentences(texts, [sentences[row] for row in rows])
            places = [place for row in rows for place in range(starts[row], starts[row + 1])]
            of_sentences[places] = vectors
        return self.corrected(unit_length(embeddings)), self.corrected(unit_length(of_sentences))

    def corrected(self, embeddings: Embeddings) -> Embeddings:
        """Return raw unit embeddings with the language taken out."""
        return self._projection.apply(embeddings) if self._projection else embeddings

    def _encode(self, texts: Sequence[str], role: Role, *, progress: bool) -> npt.NDArray[np.float32]:
        embeddings = np.zeros((len(texts), self.dim), dtype=np.float32)
        for rows in _batches(texts, progress=progress):
            with self._free:
                embeddings[rows] = self._model.encode([_encodable(texts[row]) for row in rows], role)
        return embeddings


def _batches(texts: Sequence[str], *, progress: bool) -> Iterator[list[int]]:
    """Give the rows of texts in batches, the longest texts first: little padding in each batch."""
    longest_first = sorted(range(len(texts)), key=lambda row: -len(texts[row]))
    batches = [longest_first[start : start + _BATCH] for start in range(0, len(texts), _BATCH)]
    if not progress:  # even a bar that isn't shown takes .3 ms, which counts for a query
        yield from batches
        return
    with tqdm(total=len(texts), desc="Encoding", unit=" texts", disable=None) as bar:  # None: where it's no terminal
        for rows in batches:
            yield rows
            bar.update(len(rows))


def projection_origin(model: TextModel) -> str:
    """Return a digest of all that a model's projection is computed from."""
    return _digest(SentenceEncoder("", model, None).revision, read_parallel_text(), SHARE)


def _digest(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _encodable(text: str) -> str:
    """Return the text with lone surrogates, which tokenizers refuse, replaced by question marks."""
    return text.encode(errors="replace").decode()
