"""Writing those files of a generation that take more than an array; `indexer.shared.storage` says what is in them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from indexer.shared.arrays import save_array
from indexer.shared.encoder import Learned
from indexer.shared.quantised import QuantisedVectors
from indexer.shared.records import Document
from indexer.shared.storage import CENTRES_FILE, LEARNED_FILE, Centres
from indexer.shared.text import Span

__all__ = ["write_centres", "write_documents", "write_learned", "write_sentences"]


def write_documents(folder: Path, documents: list[Document]) -> bytes:
    """Write the documents and their offsets; return the SHA-256 of the lines."""
    digest = hashlib.sha256()
    offsets = [0]
    encoder = msgspec.json.Encoder()
    with (folder / "documents.jsonl").open("wb") as file:
        for document in documents:
            line = encoder.encode(document) + b"\n"
            digest.update(line)
            file.write(line)
            offsets.append(offsets[-1] + len(line))
    save_array(folder / "documents.offsets.npy", np.array(offsets, dtype="<u8"))
    return digest.digest()


def write_sentences(folder: Path, spans: Sequence[Sequence[Span]], embeddings: QuantisedVectors) -> None:
    """Write the sentences of all chunks: their spans by chunk row, and all their embeddings in that order."""
    flat = [span for of_chunk in spans for span in of_chunk]
    offsets = np.cumsum([0, *map(len, spans)], dtype=np.uint64)
    save_array(folder / "sentences.npy", np.array(flat, dtype="<i4").reshape(len(flat), 2))
    save_array(folder / "sentences.offsets.npy", offsets.astype("<u8"))
    save_array(folder / "sentence_embeddings.npy", embeddings.codes)
    save_array(folder / "sentence_scales.npy", embeddings.scales.astype("<f4"))


def write_centres(folder: Path, centres: Centres) -> None:
    """Write the centres of all languages, in the order of the manifest's."""
    save_array(folder / CENTRES_FILE, np.stack([centres.passages, centres.sentences]).astype("<f4"))


def write_learned(folder: Path, learned: Learned) -> None:
    """Write what an encoder has learned, unless that is nothing."""
    if learned:
        np.savez(folder / LEARNED_FILE, allow_pickle=False, **learned)
