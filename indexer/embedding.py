"""Embedding passages, reusing the rows of an earlier generation whose text and encoder haven't changed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from indexer.shared.encoder import Embeddings, Encoder
from indexer.shared.storage import Generation

__all__ = ["Embedded", "embed_passages", "passage_keys"]

_KEY_BYTES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedded:
    """Embeddings float32 `(n, dim)`, their keys uint8 `(n, 16)`, and how many of the n had to be computed."""

    embeddings: Embeddings
    keys: npt.NDArray[np.uint8]
    computed: int


def passage_keys(passages: Sequence[str], revision: str) -> npt.NDArray[np.uint8]:
    """Return a digest for each passage, uint8 `(n, 16)`: equal when text and encoder revision are equal."""
    start = hashlib.sha256(revision.encode()).digest()
    digests = [hashlib.sha256(start + passage.encode()).digest()[:_KEY_BYTES] for passage in passages]
    return np.frombuffer(b"".join(digests), dtype=np.uint8).reshape(len(passages), _KEY_BYTES)


def embed_passages(passages: Sequence[str], encoder: Encoder, *, previous: Generation | None) -> Embedded:
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
        fresh = encoder.encode_passages([passages[rows[0]] for rows in missing.values()], progress=True)
        for vector, rows in zip(fresh, missing.values(), strict=True):
            embeddings[rows] = vector
    return Embedded(embeddings=embeddings, keys=keys, computed=len(missing))


def _known_rows(previous: Generation | None, encoder: Encoder) -> dict[bytes, int]:
    if previous is None or previous.manifest.encoder.revision != encoder.revision:
        return {}
    return {key.tobytes(): row for row, key in enumerate(previous.passage_keys)}
