"""One source file: its bytes, decompressed and decoded, as a whole or line by line."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import BinaryIO

from indexer.readers.recall import Memory
from indexer.shared.errors import InputError

__all__ = ["LARGEST_PAGE", "LONGEST_LINE", "RawLine", "SourceFile"]

LARGEST_PAGE = 32 * 2**20
"""Bytes of the largest file that is read as one document."""

LONGEST_LINE = 4 * 2**20
"""Bytes of the longest line of a table."""

_HEAD = 64 * 2**10
_PIECE = 2**20
_BOM = b"\xef\xbb\xbf"
_GZIP = b"\x1f\x8b"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True, kw_only=True)
class RawLine:
    """One line of a table: bytes that are not UTF-8 are lone surrogates; of a line that is too long only the start."""

    number: int
    text: str
    complete: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """A file, plain or gzip-compressed: `path` is its name for people, `stored` where its bytes lie.

    `columns` says which field a column of a table holds, by the column's name (for names that the tables don't know).
    `memory` spares readers to make documents that earlier runs have made.
    """

    path: Path
    stored: Path
    columns: Mapping[str, str] = field(default_factory=dict)
    memory: Memory = field(default_factory=Memory)

    def sha256(self) -> str:
        """Return the SHA-256 of the file as it is stored."""
        with self.stored.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def head(self) -> bytes:
        """Return the first 64 KiB of the content."""
        with self._open() as stream:
            return stream.read(_HEAD)

    def data(self) -> bytes:
        """Return the content of a page (InputError if it is larger than 32 MiB)."""
        with self._open() as stream:
            data = stream.read(LARGEST_PAGE + 1)
        if len(data) > LARGEST_PAGE:
            raise InputError(f"larger than {LARGEST_PAGE // 2**20} MiB: no page of one commitment", path=self.path)
        return data

    def text(self, encoding: str = "utf-8") -> str:
        """Return the content of a page as text, without a byte order mark (InputError names the first bad byte)."""
        data = self.data()
        try:
            return data.decode("utf-8-sig" if encoding == "utf-8" else encoding)
        except UnicodeDecodeError as error:
            bad = error.object[error.start]
            line = data.count(b"\n", 0, error.start) + 1
            reason = f"not {encoding.upper()}: byte 0x{bad:02x} at offset {error.start}"
            raise InputError(reason, path=self.path, line=line) from error

    def lines(self) -> Iterator[RawLine]:
        """Give the lines of a table with their ends (InputError, at its line, if the rest can't be read)."""
        number = 0
        try:
            with self._open() as stream:
                while raw := stream.readline(LONGEST_LINE):
                    number += 1
                    yield self._line(raw, number, stream)
        except InputError as error:
            raise InputError(error.reason, path=self.path, line=error.line or number + 1) from error

    def _line(self, raw: bytes, number: int, stream: BinaryIO) -> RawLine:
        if number == 1 and raw.startswith(_UTF16):
            reason = "UTF-16; expected UTF-8 (save it so, for instance as “CSV UTF-8”)"
            raise InputError(reason, path=self.path, line=number)
        complete = raw.endswith(b"\n") or len(raw) < LONGEST_LINE
        if not complete:
            _skip_line(stream)
        text = (raw.removeprefix(_BOM) if number == 1 else raw).decode("utf-8", errors="surrogateescape")
        return RawLine(number=number, text=text, complete=complete)

    @contextmanager
    def _open(self) -> Iterator[BinaryIO]:
        try:
            with self.stored.open("rb") as file:
                compressed = file.read(len(_GZIP)) == _GZIP
                file.seek(0)
                if compressed:
                    with gzip.open(file) as stream:
                        yield stream  # type: ignore[misc]  # a GzipFile reads as a BinaryIO does
                else:
                    yield file
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise InputError(f"the gzip data is cut off or damaged ({error})", path=self.path) from error
        except OSError as error:
            raise InputError(f"can't be read ({error.strerror})", path=self.path) from error


def _skip_line(stream: BinaryIO) -> None:
    for piece in iter(partial(stream.readline, _PIECE), b""):
        if piece.endswith(b"\n"):
            return
