"""Stand-ins for tests that don't depend on meaning."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from indexer.shared.encoder import Embeddings, Learned
from indexer.shared.records import Document, Facts, Section
from indexer.shared.text import Span

__all__ = ["FakeEncoder", "document", "load_fake"]

_DIM = 1024  # enough for texts without a common word to be nearly at right angles


class FakeEncoder:
    """Embeds a text as the normalised sum of pseudo-random vectors of its words: same words, same direction."""

    name = "fake"
    revision = "fake0000fake0000"
    runtime = "python"
    dim = _DIM
    max_tokens = 512
    second = None
    learned: ClassVar[Learned] = {}

    def __init__(self) -> None:
        self.passages_seen: list[str] = []

    def count_tokens(self, passages: Sequence[str]) -> list[int]:
        return [2 * len(passage.split()) for passage in passages]

    def encode_queries(self, queries: Sequence[str]) -> Embeddings:
        return np.array([_embed(query) for query in queries], dtype=np.float32).reshape(len(queries), _DIM)

    def encode_passages(self, passages: Sequence[str], *, progress: bool = False) -> Embeddings:  # noqa: ARG002 (the protocol's)
        self.passages_seen += passages
        return self.encode_queries(passages)

    def encode_passages_with_sentences(
        self, passages: Sequence[str], sentences: Sequence[Sequence[Span]], *, progress: bool = False
    ) -> tuple[Embeddings, Embeddings]:
        pieces = [text[start:end] for text, spans in zip(passages, sentences, strict=True) for start, end in spans]
        return self.encode_passages(passages, progress=progress), self.encode_queries(pieces)


def _embed(text: str) -> np.ndarray:
    vector = np.full(_DIM, 1e-3)
    for word in text.lower().split():
        seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:4], "big")
        vector += np.random.default_rng(seed).standard_normal(_DIM)
    return vector / np.linalg.norm(vector)


def document(commitment_id: str, text: str, *, lang: str = "en", title: str = "A title", **facts: object) -> Document:
    """A document with one section, its description, that is the whole text."""
    return Document(
        document_id=f"{commitment_id}.{lang}",
        commitment_id=commitment_id,
        lang=lang,
        title=title,
        text=text,
        sections=(Section(kind="description", heading="Description", start=0, end=len(text)),),
        facts=Facts(**facts),  # type: ignore[arg-type]
        source=f"{commitment_id}.txt",
    )


def load_fake(_name: str, **_: object) -> FakeEncoder:
    """Loads the fake encoder whatever is asked for, here or in a worker."""
    return FakeEncoder()
