"""Embedding passages, reusing the rows of an earlier generation whose text and encoder haven't changed.

A chunk's embedding is that of its passage (title, section heading and text together), moved a little towards that of
the title alone: a title says in few words what the whole commitment is about, as a query does. With a weight of 0.2
the seed pages' right answers stand clear of the next; it changes nothing where documents have no title.

A sentence's embedding comes from the same reading of its passage, but is its own: nothing is mixed in, so that the
sentences of a passage can be told apart.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from indexer.shared.encoder import Embeddings, Encoder, unit_length
from indexer.shared.quantised import QuantisedVectors, quantise
from indexer.shared.storage import Generation
from indexer.shared.text import Span

__all__ = ["TITLE_WEIGHT", "Embedded", "Passage", "embed_passages", "passage_keys"]

TITLE_WEIGHT = 0.2
"""Weight of the title's embedding in that of each of its chunks."""

_KEY_BYTES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """What is embedded of one chunk: its text with context, as `chunking.passage_text` gives it, and its title.

    `sentences` are the spans of the chunk's sentences in `text`.
    """

    text: str
    title: str
    sentences: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedded:
    """Embeddings float32 `(n, dim)`, their keys uint8 `(n, 16)`, and how many of the n had to be computed.

    `sentences` holds the s vectors of the sentences of all n passages, in order.
    """

    embeddings: Embeddings
    sentences: QuantisedVectors
    keys: npt.NDArray[np.uint8]
    computed: int


def passage_keys(passages: Sequence[Passage], revision: str) -> npt.NDArray[np.uint8]:
    """Return a digest for each passage, uint8 `(n, 16)`: equal when passage and encoder revision are equal."""
    start = f"{revision}\0{TITLE_WEIGHT}\0"
    contents = [f"{start}{one.title}\0{one.text}\0{one.sentences}" for one in passages]
    digests = [hashlib.sha256(content.encode()).digest()[:_KEY_BYTES] for content in contents]
    return np.frombuffer(b"".join(digests), dtype=np.uint8).reshape(len(passages), _KEY_BYTES)


def embed_passages(passages: Sequence[Passage], encoder: Encoder, *, previous: Generation | None) -> Embedded:
    """Return the embeddings of passages in their order; equal passages are computed once, known ones not at all."""
    keys = passage_keys(passages, encoder.revision)
    embeddings = np.zeros((len(passages), encoder.dim), dtype=np.float32)
    sentences = [quantise(np.zeros((0, encoder.dim), dtype=np.float32))] * len(passages)
    known = _known_rows(previous, encoder)
    missing: dict[bytes, list[int]] = {}
    for row, key in enumerate(keys):
        source = known.get(key.tobytes())
        if source is None or previous is None:
            missing.setdefault(key.tobytes(), []).append(row)
        else:
            embeddings[row], sentences[row] = previous.embeddings[source], previous.sentences(source).embeddings
    if missing:
        fresh = _compute([passages[rows[0]] for rows in missing.values()], encoder)
        for (vector, of_sentences), rows in zip(fresh, missing.values(), strict=True):
            for row in rows:
                embeddings[row], sentences[row] = vector, of_sentences
    return Embedded(embeddings=embeddings, sentences=_joined(sentences, encoder.dim), keys=keys, computed=len(missing))


def _known_rows(previous: Generation | None, encoder: Encoder) -> dict[bytes, int]:
    if previous is None or previous.manifest.encoder.revision != encoder.revision:
        return {}
    return {key.tobytes(): row for row, key in enumerate(previous.passage_keys)}


def _compute(passages: Sequence[Passage], encoder: Encoder) -> Iterator[tuple[Embeddings, QuantisedVectors]]:
    """Give the embedding of each passage, `(dim,)`, and those of its sentences."""
    texts, spans = [passage.text for passage in passages], [passage.sentences for passage in passages]
    vectors, of_sentences = encoder.encode_passages_with_sentences(texts, spans, progress=True)
    titles = sorted({passage.title for passage in passages if passage.title})
    number = {title: position for position, title in enumerate(titles)}
    titled = [row for row, passage in enumerate(passages) if passage.title]
    of_titles = encoder.encode_passages(titles)[[number[passages[row].title] for row in titled]]
    mixed = (1 - TITLE_WEIGHT) * vectors[titled] + TITLE_WEIGHT * of_titles
    vectors[titled] = np.hstack([unit_length(part) for part in _models_parts(mixed, encoder)])
    ends = np.cumsum([0, *map(len, spans)])
    quantised = quantise(of_sentences)
    for row, vector in enumerate(vectors):
        yield vector, quantised[ends[row] : ends[row + 1]]


def _models_parts(vectors: Embeddings, encoder: Encoder) -> list[Embeddings]:
    """Return the columns of each of the encoder's models."""
    return np.split(vectors, [] if encoder.second is None else [encoder.second.start], axis=1)


def _joined(parts: Sequence[QuantisedVectors], dim: int) -> QuantisedVectors:
    empty = quantise(np.zeros((0, dim), dtype=np.float32))
    return QuantisedVectors(
        codes=np.concatenate([empty.codes, *(part.codes for part in parts)]),
        scales=np.concatenate([empty.scales, *(part.scales for part in parts)]),
    )
