"""A test set whose rankings can be worked out by hand."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np

from indexer.shared.encoder import Embeddings, Learned
from indexer.shared.text import Span

__all__ = ["DOCUMENTS", "QRELS", "QUERIES", "AngleEncoder", "write_set"]

DOCUMENTS: list[dict[str, object]] = [
    {"id": "d0.en", "lang": "en", "title": "", "text": "0 apple"},
    {"id": "d10.en", "lang": "en", "title": "", "text": "10 banana", "secret": "grape"},
    {"id": "d20.en", "lang": "en", "title": "", "text": "20 cherry"},
    {"id": "d0/fr%é", "lang": "fr-CA", "title": "", "text": "3 pomme"},
    {"id": "d10.fr", "lang": "fr", "title": "", "text": "13 banane"},
]

QUERIES: list[dict[str, object]] = [
    {"id": "q1", "lang": "en", "text": "0 apple"},
    {"id": "q2", "lang": "fr", "text": "9 cerise", "lexical_rank": 1},
    {"id": "q3", "lang": "en", "text": "14 grape", "lexical_rank": 5},
]

QRELS = [("q1", "d0.en", 1), ("q1", "d0/fr%é", 1), ("q1", "d20.en", 0), ("q2", "d10.fr", 1), ("q3", "d0/fr%é", 1)]


class AngleEncoder:
    """Embeds a text as the direction, in degrees, that its first number names: near angles mean alike."""

    name = "angle"
    revision = "angle000angle000"
    runtime = "python"
    dim = 2
    max_tokens = 512
    second = None
    learned: ClassVar[Learned] = {}

    def __init__(self) -> None:
        self.seen: list[str] = []

    def count_tokens(self, passages: Sequence[str]) -> list[int]:
        return [len(passage.split()) for passage in passages]

    def encode_queries(self, queries: Sequence[str]) -> Embeddings:
        self.seen += queries
        return np.array([_direction(query) for query in queries], dtype=np.float32).reshape(len(queries), 2)

    def encode_passages(self, passages: Sequence[str], *, progress: bool = False) -> Embeddings:  # noqa: ARG002 (the protocol's)
        return self.encode_queries(passages)

    def encode_passages_with_sentences(
        self, passages: Sequence[str], sentences: Sequence[Sequence[Span]], *, progress: bool = False
    ) -> tuple[Embeddings, Embeddings]:
        pieces = [text[start:end] for text, spans in zip(passages, sentences, strict=True) for start, end in spans]
        directions = np.array([_direction(piece) for piece in pieces], dtype=np.float32).reshape(len(pieces), 2)
        return self.encode_passages(passages, progress=progress), directions


def _direction(text: str) -> tuple[float, float]:
    found = re.search(r"[0-9]+(\.[0-9]+)?", text)
    angle = math.radians(float(found[0])) if found else 0.0
    return math.cos(angle), math.sin(angle)


def write_set(
    folder: Path,
    *,
    documents: Sequence[dict[str, object]] = DOCUMENTS,
    queries: Sequence[dict[str, object]] = QUERIES,
    qrels: Sequence[tuple[str, str, int]] = QRELS,
) -> Path:
    """Write a test set and return its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "corpus.jsonl").write_text(_lines(documents), encoding="utf-8")
    (folder / "queries.jsonl").write_text(_lines(queries), encoding="utf-8")
    (folder / "qrels.tsv").write_text("".join(f"{a}\t{b}\t{c}\n" for a, b, c in qrels), encoding="utf-8")
    return folder


def _lines(rows: Sequence[dict[str, object]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
