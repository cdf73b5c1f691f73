"""Finding source files and choosing the reader for each.

To add a format, write a module with one function `read(file: SourceFile) -> Iterator[Document | InputError]` and name
it in `READERS`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from indexer.readers import ogp_text
from indexer.readers.source_file import SourceFile
from indexer.shared.errors import InputError
from indexer.shared.records import Document
from indexer.shared.storage import Source

__all__ = ["READERS", "ReadResult", "read_sources"]

Reader = Callable[[SourceFile], Iterator[Document | InputError]]
"""Gives the documents of one file, and an InputError for each part of it that can't be used."""

READERS: dict[str, Reader] = {
    ".txt": ogp_text.read,
}
"""The reader for each file name ending."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadResult:
    """All documents, ordered by document_id; what was rejected, in reading order; and the sources used."""

    documents: tuple[Document, ...]
    rejected: tuple[InputError, ...]
    sources: tuple[Source, ...]


def read_sources(paths: Iterable[Path]) -> ReadResult:
    """Read files, and folders recursively; nothing raises: what can't be used is in `rejected`."""
    documents: dict[str, Document] = {}
    origin: dict[str, Path] = {}
    rejected: list[InputError] = []
    sources: list[Source] = []
    for path in paths:
        for file in _files(path, rejected):
            count = 0
            for item in READERS[file.path.suffix.lower()](file):
                error = item if isinstance(item, InputError) else _duplicate(item, file.path, origin)
                if error is not None:
                    rejected.append(error)
                elif isinstance(item, Document):
                    documents[item.document_id] = item
                    origin[item.document_id] = file.path
                    count += 1
            if count:
                digest = hashlib.sha256(file.data).hexdigest()
                sources.append(Source(name=file.path.name, sha256=digest, documents=count))
    return ReadResult(
        documents=tuple(documents[key] for key in sorted(documents)),
        rejected=tuple(rejected),
        sources=tuple(sources),
    )


def _files(path: Path, rejected: list[InputError]) -> Iterator[SourceFile]:
    for candidate in _candidates(path, rejected):
        try:
            yield SourceFile(path=candidate, data=candidate.read_bytes())
        except OSError as error:
            rejected.append(InputError(f"can't be read ({error.strerror})", path=candidate))


def _candidates(path: Path, rejected: list[InputError]) -> list[Path]:
    """Return the files that a path stands for, by name; in folders, hidden files and unknown endings are left."""
    known = ", ".join(sorted(READERS))
    if path.is_dir():
        found = sorted(
            file
            for file in path.rglob("*")
            if file.suffix.lower() in READERS and not file.name.startswith(".") and not file.is_dir()
        )
        if not found:
            rejected.append(InputError(f"no file with a known ending in this folder (expected {known})", path=path))
        return found
    if not path.exists():
        rejected.append(InputError("no such file or folder", path=path))
        return []
    if path.suffix.lower() not in READERS:
        rejected.append(InputError(f"unknown kind of file (expected an ending of {known})", path=path))
        return []
    return [path]


def _duplicate(document: Document, path: Path, origin: dict[str, Path]) -> InputError | None:
    if document.document_id not in origin:
        return None
    return InputError(
        f"commitment {document.commitment_id} in language {document.lang!r} was already read"
        f" from {origin[document.document_id]}; this one is left out",
        path=path,
    )
