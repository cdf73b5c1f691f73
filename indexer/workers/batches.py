"""Texts that are embedded together.

In which batch a text is changes the last bits of its vector: the sums in a product of matrices are taken in another
order. Batches are therefore made once, before anyone is asked to compute them, and one that is computed again, or
elsewhere, or on other cores, has the same vectors to the last bit, on processors of one kind.
"""

from __future__ import annotations

from dataclasses import dataclass

from indexer.shared.encoder import Embeddings, Encoder
from indexer.shared.quantised import QuantisedVectors, quantise
from indexer.shared.text import Span

__all__ = ["Batch", "Vectors", "embed_batch"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Some n texts, and the spans of each one's sentences; `number` tells a batch from the others."""

    number: int
    texts: tuple[str, ...]
    sentences: tuple[tuple[Span, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Vectors:
    """The vectors of a batch: of its texts, float32 `(n, dim)`, and of all their s sentences in order."""

    texts: Embeddings
    sentences: QuantisedVectors


def embed_batch(batch: Batch, encoder: Encoder) -> Vectors:
    """Return the vectors of a batch, its texts read as passages."""
    texts, sentences = encoder.encode_passages_with_sentences(batch.texts, batch.sentences)
    return Vectors(texts=texts, sentences=quantise(sentences))
