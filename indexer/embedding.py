"""Embedding passages, reusing the rows of an earlier generation whose text and encoder haven't changed.

A chunk's embedding is that of its passage (title, section heading and text together), moved a little towards that of
the title alone: a title says in few words what the whole commitment is about, as a query does. With a weight of 0.2
the seed pages' right answers stand clear of the next; it changes nothing where documents have no title.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from indexer.shared.encoder import Embeddings, Encoder, unit_length
from indexer.shared.storage import Generation

__all__ = ["TITLE_WEIGHT", "Embedded", "Passage", "embed_passages", "passage_keys"]

TITLE_WEIGHT = 0.2
"""Weight of the title's embedding in that of each of its chunks."""

_KEY_BYTES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """What is embedded of one chunk: its text with context, as `chunking.passage_text` gives it, and its title."""

    text: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedded:
    """Embeddings float32 `(n, dim)`, their keys uint8 `(n, 16)`, and how many of the n had to be computed."""

    embeddings: Embeddings
    keys: npt.NDArray[np.uint8]
    computed: int


def passage_keys(passages: Sequence[Passage], revision: str) -> npt.NDArray[np.uint8]:
    """Return a digest for each passage, uint8 `(n, 16)`: equal when passage and encoder revision are equal."""
    start = f"{revision}\0{TITLE_WEIGHT}\0"
    digests = [hashlib.sha256(f"{start}{one.title}\0{one.text}".encode()).digest()[:_KEY_BYTES] for one in passages]
    return np.frombuffer(b"".join(digests), dtype=np.uint8).reshape(len(passages), _KEY_BYTES)


def embed_passages(passages: Sequence[Passage], encoder: Encoder, *, previous: Generation | None) -> Embedded:
    """Return the embeddings of passages in their order; equal passages are computed once, known ones not at all."""
    keys = passage_keys(passages, encoder.revision)
    embeddings = np.zeros((len(passages), encoder.dim), dtype=np.float32)
    known = _known_rows(previous, encoder)
    missing: dict[bytes, list[int]] = {}
    for row, key in enumerate(keys):
        source = known.get(key.tobytes())
        if source is None or previous is None:
            missing.setdefault(key.tobytes(), []).append(row)
        else:
            embeddings[row] = previous.embeddings[source]
    if missing:
        fresh = _compute([passages[rows[0]] for rows in missing.values()], encoder)
        for vector, rows in zip(fresh, missing.values(), strict=True):
            embeddings[rows] = vector
    return Embedded(embeddings=embeddings, keys=keys, computed=len(missing))


def _known_rows(previous: Generation | None, encoder: Encoder) -> dict[bytes, int]:
    if previous is None or previous.manifest.encoder.revision != encoder.revision:
        return {}
    return {key.tobytes(): row for row, key in enumerate(previous.passage_keys)}


def _compute(passages: Sequence[Passage], encoder: Encoder) -> Embeddings:
    vectors = encoder.encode_passages([passage.text for passage in passages], progress=True)
    titles = sorted({passage.title for passage in passages if passage.title})
    number = {title: position for position, title in enumerate(titles)}
    titled = [row for row, passage in enumerate(passages) if passage.title]
    of_titles = encoder.encode_passages(titles)[[number[passages[row].title] for row in titled]]
    vectors[titled] = unit_length((1 - TITLE_WEIGHT) * vectors[titled] + TITLE_WEIGHT * of_titles)
    return vectors
