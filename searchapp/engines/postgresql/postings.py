"""The keyword index in a database: vocabulary and frequencies in memory, posting lists fetched when they are needed."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
from psycopg import sql

from indexer.shared.analysis import analysis_revision
from indexer.shared.arrays import Numbers, ranges, starts
from indexer.shared.errors import EngineDownError, IndexFormatError
from indexer.shared.postgresql.parts import array_of
from indexer.shared.postings import PostingList, TermTable
from searchapp.engines.postgresql.servers import Servers
from searchapp.held import Held

__all__ = ["DatabasePostings"]

Rows = npt.NDArray[np.int64]

_HELD = 2**26  # bytes of posting lists


class DatabasePostings(TermTable):
    """The keyword index of one generation; posting lists are kept for a while. Safe to use from several threads."""

    def __init__(self, servers: Servers, parts: Mapping[str, bytes], *, alive: sql.Composed, row_of: Rows) -> None:
        """IndexFormatError when its words were made by other rules than this program's."""
        header = msgspec.json.decode(parts["keyword"], type=_Header)
        if header.revision != analysis_revision():
            raise IndexFormatError(
                f"{servers.place}: its words were made by rules {header.revision}, but this program's are"
                f" {analysis_revision()}; index again with `concord index --engine`"
            )
        self.langs = header.langs
        self.fields = header.fields
        self.row_langs: npt.NDArray[np.int16] = array_of(parts, "row_langs")
        self.lengths: npt.NDArray[np.int32] = array_of(parts, "lengths")
        self.term_bytes = array_of(parts, "term_bytes")
        self.term_starts = array_of(parts, "term_starts")
        self._frequencies: Numbers = array_of(parts, "frequencies").astype(np.int64)
        self._field_of = sorted((span[0], name) for name, span in header.fields.items() if span[0] < span[1])
        self._servers = servers
        self._alive = alive
        self._row_of = row_of
        self._held: Held[int, PostingList] = Held(_HELD, size=_posting_bytes)

    def frequencies(self, numbers: Numbers) -> Numbers:
        """Return how many rows have each of these terms."""
        frequencies: Numbers = self._frequencies[numbers]
        return frequencies

    def posting_list(self, number: int) -> PostingList:
        """Return the rows that have a term."""
        held = self._held.get(number)
        return held if held is not None else self._fetch([number])[number]

    def prepare(self, numbers: Iterable[int]) -> None:
        """Fetch the posting lists of these terms."""
        missing = [number for number in numbers if self._held.get(number) is None]
        if missing:
            self._fetch(missing)

    def _fetch(self, numbers: Sequence[int]) -> dict[int, PostingList]:
        fields = [self._field(number) for number in numbers]
        terms = [self.term(number) for number in numbers]
        statement = sql.SQL(
            "select field, term, chunks, weights, counts, positions from concord.postings"
            " join unnest(%s::text[], %s::bytea[]) as wanted (field, term) using (field, term)"
            " where {} order by field, term, since"
        ).format(self._alive)
        rows = self._servers.rows(statement, [fields, terms])
        segments: dict[tuple[str, bytes], list[tuple[bytes, ...]]] = {}
        for field, term, *arrays in rows:
            segments.setdefault((field, term), []).append(tuple(arrays))
        found = {}
        for number, field, term in zip(numbers, fields, terms, strict=True):
            found[number] = self._joined(segments.get((field, term), []))
            if len(found[number]) != self._frequencies[number]:
                raise EngineDownError(f"{self._servers.place}: postings of {term.decode()!r} are gone; try again")
            self._held.put(number, found[number])
        return found

    def _joined(self, segments: Sequence[tuple[bytes, ...]]) -> PostingList:
        """Return the postings of one term from the generations that added to them, without chunks that are gone."""
        rows = self._row_of[_joined([one[0] for one in segments], "<i4")]
        weights = _joined([one[1] for one in segments], "<f4")
        counts = _joined([one[2] for one in segments], "<i4")
        positions = _joined([one[3] for one in segments], "<i4")
        if len(segments) == 1 and rows.min(initial=0) >= 0 and (np.diff(rows) > 0).all():
            return PostingList(rows=rows.astype(np.int32), weights=weights, starts=starts(counts), positions=positions)
        there = np.flatnonzero(rows >= 0)
        order = there[np.argsort(rows[there], kind="stable")]
        first = starts(counts)[:-1]
        return PostingList(
            rows=rows[order].astype(np.int32),
            weights=weights[order],
            starts=starts(counts[order]),
            positions=positions[ranges(first[order], counts[order])],
        )

    def _field(self, number: int) -> str:
        place = bisect_left(self._field_of, number + 1, key=lambda one: one[0])
        return self._field_of[place - 1][1]


class _Header(msgspec.Struct, frozen=True):
    langs: tuple[str, ...]
    fields: dict[str, tuple[int, int]]
    revision: str


def _posting_bytes(found: PostingList) -> int:
    return 64 + found.rows.nbytes + found.weights.nbytes + found.starts.nbytes + found.positions.nbytes


def _joined(pieces: Sequence[bytes], dtype: str) -> npt.NDArray[Any]:
    return np.frombuffer(b"".join(pieces), dtype=dtype)
