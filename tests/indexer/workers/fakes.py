"""Encoders that workers load, and that end them."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from indexer.pipeline import index_documents
from indexer.readers.sources import ReadResult
from indexer.shared.encoder import Embeddings, Encoder
from indexer.shared.records import Document
from indexer.shared.storage import open_generation
from indexer.shared.text import Span
from indexer.workers import Batch, Crew
from tests.fakes import FakeEncoder, document

__all__ = [
    "FATAL",
    "DeadlyEncoder",
    "ThreadsEncoder",
    "batch",
    "documents",
    "files_of",
    "load_deadly",
    "load_threads",
]

FATAL = "judgment 150."


def documents(count: int = 300) -> tuple[Document, ...]:
    """Documents of one passage each, of which some have equal texts or titles."""
    return tuple(
        document(
            f"GB{row:04d}",
            f"Courts publish judgment {row % 290}. " + "It goes on. " * (row % 7),
            title=f"Open courts {row % 200}",
        )
        for row in range(count)
    )


def files_of(index: Path, encoder: Encoder, crew: Crew | None = None) -> dict[str, object]:
    """Index the documents and return the digest of the generation, and of each of its files."""
    read = ReadResult(documents=documents(), rejected=(), sources=())
    report = index_documents(read, index=index, encoder=encoder, crew=crew)
    assert report.embedded == len({(one.text, one.title) for one in documents()})
    manifest = open_generation(index, paranoid=True).manifest
    return {"digest": manifest.digest, **manifest.files}


def batch(number: int, text: str) -> Batch:
    return Batch(number=number, texts=(text,), sentences=((),))


class DeadlyEncoder(FakeEncoder):
    """Kills its process at a certain word; only once if its name gives a file to remember that by."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    @classmethod
    def which_dies_once(cls, memory: Path) -> DeadlyEncoder:
        return cls(f"deadly:{memory}")

    def encode_passages_with_sentences(
        self, passages: Sequence[str], sentences: Sequence[Sequence[Span]], *, progress: bool = False
    ) -> tuple[Embeddings, Embeddings]:
        _, _, memory = self.name.partition(":")
        if any(FATAL in passage for passage in passages) and not (memory and Path(memory).is_file()):
            if memory:
                Path(memory).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().encode_passages_with_sentences(passages, sentences, progress=progress)


def load_deadly(name: str, **_: object) -> DeadlyEncoder:
    return DeadlyEncoder(name)


class ThreadsEncoder(FakeEncoder):
    """Gives texts the number of cores that it may take, and of its process, as vectors."""

    def __init__(self, threads: int) -> None:
        super().__init__()
        self.threads = threads

    def encode_passages_with_sentences(
        self,
        passages: Sequence[str],
        sentences: Sequence[Sequence[Span]],  # noqa: ARG002 (the protocol's)
        *,
        progress: bool = False,  # noqa: ARG002 (the same)
    ) -> tuple[Embeddings, Embeddings]:
        row = [self.threads, os.getpid()]
        return np.array([row] * len(passages), dtype=np.float32), np.zeros((0, 2), dtype=np.float32)


def load_threads(_name: str, *, threads: int = 0, **_: object) -> ThreadsEncoder:
    return ThreadsEncoder(threads)
