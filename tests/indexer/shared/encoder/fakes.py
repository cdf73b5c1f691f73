"""A model that needs no weights."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from indexer.shared.encoder.base import Role
from indexer.shared.text import Span

__all__ = ["DIM", "FakeModel"]

DIM = 8


class FakeModel:
    """Embeds a text by its code points, three times as long as a unit vector; notes batches and overlapping calls."""

    def __init__(self, *, identity: str = "fake", passage_prompt: str = "passage: ") -> None:
        self.identity = identity
        self.runtime = "python"
        self.streams = 1
        self.dim = DIM
        self.max_tokens = 100
        self.prompts: dict[Role, str] = {"query": "query: ", "passage": passage_prompt}
        self.batches: list[list[str]] = []
        self.overlapped = False
        self._busy = False

    def encode(self, texts: list[str], role: Role) -> np.ndarray:
        self.overlapped |= self._busy
        self._busy = True
        time.sleep(0.001)
        self.batches.append(texts)
        vectors = np.array([[ord(c) for c in f"{self.prompts[role]}{text}"[::-1].ljust(DIM)[:DIM]] for text in texts])
        self._busy = False
        return (3 * vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)

    def encode_with_sentences(self, texts: list[str], sentences: Sequence[Sequence[Span]]) -> tuple[np.ndarray, ...]:
        pieces = [text[start:end] for text, spans in zip(texts, sentences, strict=True) for start, end in spans]
        vectors = self.encode([*texts, *pieces], "passage")
        return vectors[: len(texts)], vectors[len(texts) :]

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len((self.prompts["passage"] + text).split()) for text in texts]
