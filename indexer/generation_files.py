"""Writing those files of a generation that take more than an array; `indexer.shared.storage` says what is in them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from indexer.shared.arrays import Numbers, save_array
from indexer.shared.encoder import Learned
from indexer.shared.records import Document
from indexer.shared.storage import CENTRES_FILE, LEARNED_FILE, Centres

__all__ = ["write_centres", "write_documents", "write_learned", "write_sentences"]


def write_documents(folder: Path, documents: Iterable[Document]) -> bytes:
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


def write_sentences(folder: Path, spans: npt.NDArray[np.int32], offsets: Numbers) -> None:
    """Write the spans of all chunks' sentences, and where those of each chunk start."""
    save_array(folder / "sentences.npy", spans.astype("<i4"))
    save_array(folder / "sentences.offsets.npy", offsets.astype("<u8"))


def write_centres(folder: Path, centres: Centres) -> None:
    """Write the centres of all languages, in the order of the manifest's."""
    save_array(folder / CENTRES_FILE, np.stack([centres.passages, centres.sentences]).astype("<f4"))


def write_learned(folder: Path, learned: Learned) -> None:
    """Write what an encoder has learned, unless that is nothing."""
    if learned:
        np.savez(folder / LEARNED_FILE, allow_pickle=False, **learned)
