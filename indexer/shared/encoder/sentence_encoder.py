"""Encoders built on sentence-transformers models, with the language taken out of their embeddings."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator, Sequence
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Protocol

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from indexer.shared.encoder.base import Role
from indexer.shared.encoder.language_neutral import (
    SHARE,
    LanguageProjection,
    fit_projection,
    read_parallel_text,
)
from indexer.shared.encoder.vectors import Embeddings, unit_length
from indexer.shared.errors import EncoderError
from indexer.shared.text import Span

__all__ = [
    "RAW_SUFFIX",
    "SentenceEncoder",
    "TextModel",
    "learn_projection",
    "load_encoder",
    "projection_file",
    "shipped_projection",
]

RAW_SUFFIX = "+raw"
"""At the end of an encoder's name: the model as it is, without language correction (for benchmarks)."""

_RECIPE = 1  # raise it when a change of code changes embeddings, so that indexes are built anew
_BATCH = 32


class TextModel(Protocol):
    """What an encoder asks of a model; `models.LoadedModel` is the real one."""

    identity: str
    dim: int
    max_tokens: int
    prompts: dict[Role, str]

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
        self._lock = threading.Lock()  # one batch at a time: a model's own threads fill the processor

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
    def dim(self) -> int:
        """Length of its vectors."""
        return self._model.dim

    @property
    def max_tokens(self) -> int:
        """How many tokens of a passage it reads; what comes after is not seen."""
        return self._model.max_tokens

    @property
    def projection(self) -> LanguageProjection | None:
        """The language correction that an index stores with its embeddings."""
        return self._projection

    def count_tokens(self, passages: Sequence[str]) -> list[int]:
        """Return how many tokens each passage takes, prompt and special tokens included."""
        with self._lock:
            return self._model.count_tokens([_encodable(passage) for passage in passages])

    def encode_queries(self, queries: Sequence[str]) -> Embeddings:
        """Return the `(n, dim)` embeddings of queries."""
        return self._encode(queries, "query", progress=False)

    def encode_passages(self, passages: Sequence[str], *, progress: bool = False) -> Embeddings:
        """Return the `(n, dim)` embeddings of passages; `progress` shows a bar on stderr if that is a terminal."""
        return self._encode(passages, "passage", progress=progress)

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
            with self._lock:
                embeddings[rows], vectors = self._model.encode_with_sentences(texts, [sentences[row] for row in rows])
            places = [place for row in rows for place in range(starts[row], starts[row + 1])]
            of_sentences[places] = vectors
        return self._corrected(embeddings), self._corrected(of_sentences)

    def _encode(self, texts: Sequence[str], role: Role, *, progress: bool) -> Embeddings:
        embeddings = np.zeros((len(texts), self.dim), dtype=np.float32)
        for rows in _batches(texts, progress=progress):
            with self._lock:
                embeddings[rows] = self._model.encode([_encodable(texts[row]) for row in rows], role)
        return self._corrected(embeddings)

    def _corrected(self, vectors: npt.NDArray[np.float32]) -> Embeddings:
        unit = unit_length(vectors)  # as what the projection was learnt from
        return self._projection.apply(unit) if self._projection else unit


def load_encoder(name: str, *, projection: LanguageProjection | None = None) -> SentenceEncoder:
    """Load the encoder with this name, on the CPU.

    `name` is `bundled:e5-small`, `bundled:use`, a model of the hub (`owner/name`) or a local folder; with `+raw` at its
    end there is no language correction. `projection` is the correction that an index stored. Without it, a bundled
    encoder takes the one that ships; for others it is learned, which takes as long as encoding 4,400 short texts.

    Limits numpy's BLAS to one thread in this process. Raises EncoderError when the model can't be had, or when
    `projection` is not for its dimensions.
    """
    from indexer.shared.encoder.models import load_model  # noqa: PLC0415 (imports torch, which takes seconds)

    model: TextModel = load_model(name.removesuffix(RAW_SUFFIX))
    if projection is None and not name.endswith(RAW_SUFFIX):
        projection = shipped_projection(name, model) or learn_projection(model)
    return SentenceEncoder(name, model, projection)


def learn_projection(model: TextModel) -> LanguageProjection:
    """Compute the language correction of a model from the parallel text."""
    text = read_parallel_text()
    lines = [line for lang in text.values() for line in lang]
    raw = SentenceEncoder("", model, None)
    embeddings = (raw.encode_queries(lines), raw.encode_passages(lines, progress=True))
    means = [role.reshape(len(text), -1, model.dim).mean(axis=1) for role in embeddings]
    return fit_projection(np.vstack(means), origin=_origin(model))


def shipped_projection(name: str, model: TextModel) -> LanguageProjection | None:
    """Return the correction that ships for an encoder; None if there is none for just this model and parallel text."""
    file = projection_file(name)
    if not file.is_file():
        return None
    with file.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
        shipped = LanguageProjection.from_arrays(arrays)
    return shipped if shipped.origin == _origin(model) else None


def projection_file(name: str) -> Traversable:
    """Return where the correction of an encoder ships, if one does."""
    folder = resources.files("indexer.shared").joinpath("data", "projections")
    return folder.joinpath(name.replace(":", "-").replace("/", "-") + ".npz")


def _batches(texts: Sequence[str], *, progress: bool) -> Iterator[list[int]]:
    """Give the rows of texts in batches, the longest texts first: little padding in each batch."""
    longest_first = sorted(range(len(texts)), key=lambda row: -len(texts[row]))
    disable = None if progress else True  # None: where stderr is not a terminal
    with tqdm(total=len(texts), desc="Encoding", unit=" texts", disable=disable) as bar:
        for start in range(0, len(texts), _BATCH):
            rows = longest_first[start : start + _BATCH]
            yield rows
            bar.update(len(rows))


def _origin(model: TextModel) -> str:
    return _digest(SentenceEncoder("", model, None).revision, read_parallel_text(), SHARE)


def _digest(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _encodable(text: str) -> str:
    """Return the text with lone surrogates, which tokenizers refuse, replaced by question marks."""
    return text.encode(errors="replace").decode()
