"""The error tree of Concord; the command line and the web catch its base class.

ConcordError                     anything a user can be told in one line
├── InputError                   a source file, row or value that can't be used (named with its place)
├── QueryError                   a query, filter or setting that can't be used (named with its field)
│   └── NotFoundError            a commitment that the index doesn't hold
├── OverloadError                a request that there is no time or room to answer now
├── EncoderError                 an encoder that is missing, unknown or not the index's own
├── WorkerError                  processes for indexing that can't be had, or that end again and again
└── IndexStoreError              an index that is missing, damaged or not writable
    ├── EngineDownError          a database that doesn't answer at the moment
    ├── IndexFormatError         an index that another version of Concord made
    └── IndexMissingError        no index was ever built there
"""

from __future__ import annotations

from pathlib import Path

__all__ = [
    "ConcordError",
    "EncoderError",
    "EngineDownError",
    "IndexFormatError",
    "IndexMissingError",
    "IndexStoreError",
    "InputError",
    "NotFoundError",
    "OverloadError",
    "QueryError",
    "WorkerError",
]


class ConcordError(Exception):
    """Base of all errors whose message is meant for users: one line that says what, where and what was expected."""


class InputError(ConcordError):
    """A source that can't be used; the message starts with its place, `file[:line][: field]`."""

    def __init__(self, reason: str, *, path: Path | str, line: int | None = None, field: str | None = None) -> None:
        place = f"{path}:{line}" if line is not None else f"{path}"
        super().__init__(f"{place}: {field}: {reason}" if field else f"{place}: {reason}")
        self.reason = reason
        self.path = str(path)
        self.line = line
        self.field = field


class QueryError(ConcordError):
    """A request that can't be answered as asked; `field` names the parameter at fault."""

    def __init__(self, reason: str, *, field: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.reason = reason
        self.field = field


class NotFoundError(QueryError):
    """A commitment ID that the index doesn't hold."""


class OverloadError(ConcordError):
    """A request that can't be answered in time; it can after a while."""


class EncoderError(ConcordError):
    """An encoder that is unknown, not installed, or differs from the one an index was built with."""


class WorkerError(ConcordError):
    """Processes that embed texts, here or on other machines, that can't be reached or that end before they are done."""


class IndexStoreError(ConcordError):
    """An index folder that can't be read or written; broken is not empty."""


class EngineDownError(IndexStoreError):
    """An engine that doesn't answer at the moment; it may after a while."""


class IndexFormatError(IndexStoreError):
    """An index in a format that this version of Concord doesn't read."""


class IndexMissingError(IndexStoreError):
    """No index has been built in this folder yet."""
