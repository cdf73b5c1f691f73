"""One source file, read into memory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from indexer.shared.errors import InputError

__all__ = ["SourceFile"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """A file and its bytes."""

    path: Path
    data: bytes

    def text(self) -> str:
        """Return the bytes as UTF-8 text, without a byte order mark (InputError names the first bad byte)."""
        try:
            return self.data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = self.data.count(b"\n", 0, error.start) + 1
            reason = f"not UTF-8: byte 0x{self.data[error.start]:02x} at offset {error.start}"
            raise InputError(reason, path=self.path, line=line) from error
