"""The keyword index on disk: which rows have which terms, as plain arrays.

    keyword.json             revision of the word rules, languages, and the range of terms of each field
    term_bytes.npy           uint8: the terms in UTF-8, one after the other; sorted within each field
    term_starts.npy          int64 (terms + 1,): where each term starts in them
    posting_starts.npy       int64 (terms + 1,): where the postings of each term start
    rows.npy                 int32 (postings,): rows that have the term, ascending
    weights.npy              float32 (postings,): how often each has it, by the weights of the parts of a passage
    position_starts.npy      int64 (postings + 1,): where the positions of each posting start
    positions.npy            int32: the positions of the term in the row
    row_langs.npy            int16 (rows,): number of each row's language
    lengths.npy              int32 (2, rows): weighted length of each row in terms, and in surfaces

Whoosh's own files hold pickles throughout (postings, block headers, table of contents); these are read without
unpickling, memory-mapped, by any number of threads.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from indexer.shared.arrays import load_array, save_array
from indexer.shared.errors import IndexStoreError

__all__ = ["PostingList", "Postings", "TermTable", "load_postings", "save_postings"]

_HEADER = "keyword.json"


class _Header(msgspec.Struct, frozen=True, kw_only=True):
    revision: str
    langs: tuple[str, ...]
    fields: dict[str, tuple[int, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PostingList:
    """The n postings of one term.

    `rows`, int32 `(n,)`, are ascending and have it; `weights`, float32 `(n,)`, say how often. The positions of posting
    p are those from `starts[p]` up to `starts[p + 1]` of `positions`; int64 `(n + 1,)` and int32.
    """

    rows: npt.NDArray[np.int32]
    weights: npt.NDArray[np.float32]
    starts: npt.NDArray[np.int64]
    positions: npt.NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.rows)

    def positions_of(self, posting: int) -> npt.NDArray[np.int32]:
        """Return the positions of the term in the row of a posting."""
        return self.positions[self.starts[posting] : self.starts[posting + 1]]


class TermTable:
    """Terms by number: what is known of `fields`, `term_bytes` and `term_starts`, as in the files."""

    __slots__ = ()

    fields: dict[str, tuple[int, int]]
    term_bytes: npt.NDArray[np.uint8]
    term_starts: npt.NDArray[np.int64]

    def vocabulary(self, field: str) -> dict[bytes, int]:
        """Return the numbers of the terms of a field; empty for a field that no row has."""
        first, last = self.fields.get(field, (0, 0))
        starts = self.term_starts[first : last + 1].tolist()
        text = self.term_bytes[: starts[-1]].tobytes()
        return {text[start:end]: first + number for number, (start, end) in enumerate(pairwise(starts))}

    def term(self, number: int) -> bytes:
        """Return a term by its number, in UTF-8."""
        return self.term_bytes[self.term_starts[number] : self.term_starts[number + 1]].tobytes()

    def terms_starting(self, field: str, start: str) -> range:
        """Return the numbers of the terms of a field that start with some letters."""
        first, last = self.fields.get(field, (0, 0))
        terms, low = range(first, last), start.encode()
        high = low + b"\xff"  # above every continuation, as UTF-8 has no such byte
        return terms[bisect_left(terms, low, key=self.term) : bisect_left(terms, high, key=self.term)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Postings(TermTable):
    """All arrays of a keyword index; shapes and meaning as in the files."""

    revision: str
    langs: tuple[str, ...]
    fields: dict[str, tuple[int, int]]
    term_bytes: npt.NDArray[np.uint8]
    term_starts: npt.NDArray[np.int64]
    posting_starts: npt.NDArray[np.int64]
    rows: npt.NDArray[np.int32]
    weights: npt.NDArray[np.float32]
    position_starts: npt.NDArray[np.int64]
    positions: npt.NDArray[np.int32]
    row_langs: npt.NDArray[np.int16]
    lengths: npt.NDArray[np.int32]

    def frequencies(self, numbers: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Return how many rows have each of these terms, int64 `(n,)`."""
        frequencies: npt.NDArray[np.int64] = self.posting_starts[numbers + 1] - self.posting_starts[numbers]
        return frequencies

    def posting_list(self, number: int) -> PostingList:
        """Return the postings of a term, without copying."""
        start, end = int(self.posting_starts[number]), int(self.posting_starts[number + 1])
        return PostingList(
            rows=self.rows[start:end],
            weights=self.weights[start:end],
            starts=self.position_starts[start : end + 1],
            positions=self.positions,
        )

    def prepare(self, numbers: Iterable[int]) -> None:
        """Do nothing: what is mapped is at hand."""


_ARRAYS = {
    "term_bytes": np.uint8,
    "term_starts": np.int64,
    "posting_starts": np.int64,
    "rows": np.int32,
    "weights": np.float32,
    "position_starts": np.int64,
    "positions": np.int32,
    "row_langs": np.int16,
    "lengths": np.int32,
}


def save_postings(folder: Path, postings: Postings) -> None:
    """Write all files into an existing folder."""
    header = _Header(revision=postings.revision, langs=postings.langs, fields=postings.fields)
    (folder / _HEADER).write_bytes(msgspec.json.format(msgspec.json.encode(header), indent=2))
    for name in _ARRAYS:
        save_array(folder / f"{name}.npy", getattr(postings, name))


def load_postings(folder: Path, *, revision: str) -> Postings:
    """Open the files of a folder, memory-mapped.

    Raises IndexStoreError when they are missing or damaged, or hold terms made by other rules than `revision`.
    """
    try:
        header = msgspec.json.decode((folder / _HEADER).read_bytes(), type=_Header)
        arrays = {name: np.asarray(load_array(folder / f"{name}.npy")) for name in _ARRAYS}
    except (OSError, ValueError) as error:
        raise IndexStoreError(
            f"{folder}: the keyword index can't be read ({error}); rebuild with `concord index --rebuild SOURCE...`"
        ) from error
    if header.revision != revision:
        raise IndexStoreError(
            f"{folder}: its words were made by rules {header.revision}, but this program's are {revision};"
            " rebuild with `concord index --rebuild SOURCE...`"
        )
    postings = Postings(revision=header.revision, langs=header.langs, fields=header.fields, **arrays)
    if not _fits(postings):
        raise IndexStoreError(
            f"{folder}: the keyword index is damaged; rebuild with `concord index --rebuild SOURCE...`"
        )
    return postings


def _fits(postings: Postings) -> bool:
    """Return whether types and lengths of the arrays fit together."""
    terms = len(postings.term_starts) - 1
    return (
        all(getattr(postings, name).dtype == dtype for name, dtype in _ARRAYS.items())
        and terms >= 0
        and len(postings.posting_starts) == terms + 1
        and postings.term_starts[-1] == len(postings.term_bytes)
        and postings.posting_starts[-1] == len(postings.rows) == len(postings.weights)
        and len(postings.position_starts) == len(postings.rows) + 1
        and postings.position_starts[-1] == len(postings.positions)
        and postings.lengths.shape == (2, len(postings.row_langs))
        and all(0 <= first <= last <= terms for first, last in postings.fields.values())
    )
