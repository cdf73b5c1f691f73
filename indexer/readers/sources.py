"""Finding source files and choosing the reader for each.

To add a format, write a module with one function `read(file: SourceFile) -> Iterator[Document | InputError]` and name
it in `READERS`.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from tqdm import tqdm

from indexer.readers import irm_csv, ogp_html, ogp_text, tables
from indexer.readers.recall import Memory, Recall
from indexer.readers.source_file import SourceFile
from indexer.shared.errors import InputError
from indexer.shared.manifest import Source
from indexer.shared.records import Document

__all__ = ["FORMATS", "READERS", "STANDARD_INPUT", "ReadOptions", "ReadResult", "Reader", "read_sources"]

STANDARD_INPUT = Path("-")
"""What stands for standard input among the sources."""

_COMPRESSED = ".gz"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """A format: its name, the endings of its files, and its reader.

    `read` gives the documents of one file, and an InputError for each part of it that can't be used. `recognises` says
    whether the first 64 KiB of a file look like the format; it chooses among readers of one ending, and for standard
    input among all.
    """

    name: str
    endings: tuple[str, ...]
    read: Callable[[SourceFile], Iterator[Document | InputError]]
    recognises: Callable[[bytes], bool]


READERS = (
    Reader(name="irm-csv", endings=(".csv",), read=irm_csv.read, recognises=irm_csv.is_irm),
    Reader(name="csv", endings=(".csv", ".tsv"), read=tables.read_csv, recognises=tables.is_csv),
    Reader(name="jsonl", endings=(".jsonl", ".ndjson"), read=tables.read_jsonl, recognises=tables.is_jsonl),
    Reader(name="ogp-html", endings=(".html", ".htm"), read=ogp_html.read, recognises=ogp_html.is_html),
    Reader(name="ogp-text", endings=(".txt",), read=ogp_text.read, recognises=bool),
)
"""All readers; of those that have a file's ending the first that recognises it reads it, or else the last."""

FORMATS = tuple(reader.name for reader in READERS)
_ENDINGS = tuple(sorted({ending for reader in READERS for ending in reader.endings}))


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions:
    """How to read: `format` (one of FORMATS) for all files, and the fields of columns that are called otherwise."""

    format: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadResult:
    """All documents, ordered by document_id; what was rejected, in reading order; and the sources used.

    `digests` are those of the values that documents were made of, by document_id, for later runs to recall.
    """

    documents: tuple[Document, ...]
    rejected: tuple[InputError, ...]
    sources: tuple[Source, ...]
    digests: Mapping[str, bytes] = field(default_factory=dict)


def read_sources(
    paths: Iterable[Path], options: ReadOptions | None = None, *, recall: Recall | None = None
) -> ReadResult:
    """Read files, folders recursively, and standard input ("-"); what can't be used is in `rejected`.

    With `recall`, documents whose values are known are not made again.
    On a terminal, files that take longer than a second show a progress bar on stderr.
    """
    options = options or ReadOptions()
    memory = Memory() if recall is None else Memory(recall=recall)
    documents: dict[str, Document] = {}
    origin: dict[str, str] = {}
    rejected: list[InputError] = []
    sources: list[Source] = []
    with ExitStack() as stack:
        for file in _files(paths, options, rejected, stack):
            count = 0
            for item in tqdm(
                _read(replace(file, memory=memory), options),
                desc=f"Reading {file.path.name}",
                unit=" rows",
                delay=1,
                disable=None,
            ):
                error = item if isinstance(item, InputError) else _duplicate(item, file.path, origin)
                if error is not None:
                    rejected.append(error)
                elif isinstance(item, Document):
                    documents[item.document_id] = item
                    origin[item.document_id] = _place(item, file.path)
                    count += 1
            if count:
                sources.append(Source(name=file.path.name, sha256=file.sha256(), documents=count))
    return ReadResult(
        documents=tuple(documents[key] for key in sorted(documents)),
        rejected=tuple(rejected),
        sources=tuple(sources),
        digests=memory.digests,
    )


def _read(file: SourceFile, options: ReadOptions) -> Iterator[Document | InputError]:
    try:
        yield from _reader(file, options).read(file)
    except InputError as error:
        yield error


def _reader(file: SourceFile, options: ReadOptions) -> Reader:
    """Return the reader for a file (InputError if its beginning can't be read)."""
    if options.format is not None:
        return next(reader for reader in READERS if reader.name == options.format)
    ending = _ending(file.path)
    candidates = [reader for reader in READERS if file.path == STANDARD_INPUT or ending in reader.endings]
    head = file.head() if len(candidates) > 1 else b""
    return next((reader for reader in candidates if reader.recognises(head)), candidates[-1])


def _ending(path: Path) -> str:
    """Return the ending of a file's name, that of a compressed file before ".gz"."""
    path = path.with_suffix("") if path.suffix.lower() == _COMPRESSED else path
    return path.suffix.lower()


def _files(
    paths: Iterable[Path], options: ReadOptions, rejected: list[InputError], stack: ExitStack
) -> Iterator[SourceFile]:
    for path in paths:
        if path == STANDARD_INPUT:
            stored = _spooled(stack)
            yield SourceFile(path=STANDARD_INPUT, stored=stored, columns=options.columns)
            continue
        for candidate in _candidates(path, options, rejected):
            yield SourceFile(path=candidate, stored=candidate, columns=options.columns)


def _spooled(stack: ExitStack) -> Path:
    """Return a temporary file with all of standard input, so that it can be read as often as any other."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="concord-")))
    with (folder / "input").open("wb") as file:
        shutil.copyfileobj(sys.stdin.buffer, file)
    return folder / "input"


def _candidates(path: Path, options: ReadOptions, rejected: list[InputError]) -> list[Path]:
    """Return the files that a path stands for, by name; in folders, hidden files and unknown endings are left."""
    known = f"{', '.join(_ENDINGS)}, each also with {_COMPRESSED}"
    if path.is_dir():
        found = sorted(
            file
            for file in path.rglob("*")
            if _ending(file) in _ENDINGS and not file.name.startswith(".") and not file.is_dir()
        )
        if not found:
            rejected.append(InputError(f"no file with a known ending in this folder (expected {known})", path=path))
        return found
    if not path.exists():
        rejected.append(InputError("no such file or folder", path=path))
        return []
    if _ending(path) not in _ENDINGS and options.format is None:
        rejected.append(InputError(f"unknown kind of file (expected an ending of {known})", path=path))
        return []
    return [path]


def _duplicate(document: Document, path: Path, origin: dict[str, str]) -> InputError | None:
    if document.document_id not in origin:
        return None
    return InputError(
        f"commitment {document.commitment_id} in language {document.lang!r} was already read"
        f" from {origin[document.document_id]}; this one is left out",
        path=path,
        line=document.line,
        field="id" if document.line is not None else None,
    )


def _place(document: Document, path: Path) -> str:
    return f"{path}" if document.line is None else f"{path}:{document.line}"
