"""Rows of CSV files, read as a stream, with a place for everything that is wrong."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import regex

from indexer.readers.source_file import LONGEST_LINE, RawLine, SourceFile
from indexer.shared.errors import InputError

__all__ = ["DELIMITERS", "Header", "Row", "column_key", "header_of", "read_header", "read_rows"]

DELIMITERS = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a vertical bar"}

_LONE_RETURN = regex.compile(r"\r(?!\n)")
_REASONS = {
    "unexpected end": "a quotation mark is never closed",
    "expected after": "text follows a closing quotation mark",
    "new-line character": "a carriage return stands alone in a field (expected quotation marks around it)",
}
"""What the csv module's messages, known by a part of them, mean for the writer of a file."""

_LONGEST_RECORD = LONGEST_LINE
_MOST_BROKEN = 100
_SHOWN = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The columns of a file as it names them, and the character between them."""

    columns: tuple[str, ...]
    delimiter: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row: the line on which it begins, and its values by column."""

    line: int
    values: dict[str, str]


@dataclass(slots=True, kw_only=True)
class _Damage:
    """Lines that make no row, from `line` on, and what is wrong with the first."""

    line: int
    reason: str
    column: str | None

    def error(self, file: SourceFile, next_line: int | None) -> InputError:
        last = None if next_line is None else next_line - 1
        reason = self.reason
        if last is None or last > self.line:
            reason += f"; left out up to {'the end' if last is None else f'line {last}'}"
        return InputError(reason, path=file.path, line=self.line, field=self.column)


class _BrokenError(Exception):
    """A record that can't be cut into fields, or is too long."""


class _Records:
    """Cuts a file into records; the lines of one that failed can be given back."""

    def __init__(self, lines: Iterator[RawLine]) -> None:
        self._lines = lines
        self._pending: deque[RawLine] = deque()
        self.taken: list[RawLine] = []
        self._size = 0

    def __iter__(self) -> _Records:
        return self

    def __next__(self) -> str:
        """Give the next line to the CSV parser."""
        line = self._pending.popleft() if self._pending else next(self._lines)
        self.taken.append(line)
        self._size += len(line.text)
        if not line.complete or self._size > _LONGEST_RECORD:
            raise _BrokenError(f"too long: expected a row of at most {_LONGEST_RECORD // 2**20} MiB")
        return line.text

    def record(self, delimiter: str) -> list[str] | None:
        """Return the fields of the next record, None at the end (_BrokenError if it can't be cut into fields)."""
        self.taken, self._size = [], 0
        reader = csv.reader(self, delimiter=delimiter, strict=True)
        try:
            while not (fields := next(reader, None)) and fields is not None:
                self.taken, self._size = [], 0  # a blank line
        except csv.Error as error:
            reason = next((ours for theirs, ours in _REASONS.items() if theirs in str(error)), str(error))
            raise _BrokenError(reason) from error
        return fields

    def give_back(self) -> None:
        """Have all lines of the last record but its first read again."""
        self._pending.extendleft(reversed(self.taken[1:]))


def column_key(name: str) -> str:
    """Return a column's name for comparison: "Lead Institutions" and "lead_institutions" are the same."""
    return "_".join(name.casefold().replace("-", " ").replace("_", " ").split())


def read_header(file: SourceFile, known: Collection[str]) -> Header:
    """Return the header of a file (InputError if it has none, or one column twice)."""
    first = next(file.lines(), None)
    if first is None or not first.text.strip():
        raise InputError("no header (expected the names of the columns)", path=file.path, line=1)
    try:
        first.text.encode()
    except UnicodeEncodeError:
        raise InputError("the header is not UTF-8", path=file.path, line=1) from None
    header = header_of(first.text, known)
    twice = next((name for name in header.columns if name and header.columns.count(name) > 1), None)
    if twice is not None:
        raise InputError("this column stands twice in the header", path=file.path, line=1, field=twice)
    return header


def header_of(line: str, known: Collection[str]) -> Header:
    """Return the columns of a header, cut where that gives most of the `known` names (their keys), or most columns."""

    def cut(delimiter: str) -> Header:
        try:
            fields = next(csv.reader([line], delimiter=delimiter), [])
        except csv.Error:  # a lone carriage return, or a name of 128 KiB
            fields = [line]
        return Header(columns=tuple(field.strip() for field in fields), delimiter=delimiter)

    def value(header: Header) -> tuple[int, int]:
        return sum(column_key(name) in known for name in header.columns), len(header.columns)

    return max(map(cut, DELIMITERS), key=value)


def read_rows(file: SourceFile, header: Header) -> Iterator[Row | InputError]:
    """Give the rows under the header, and an InputError for each that can't be used.

    After a row that can't be cut into as many fields as the header has, reading goes on with the next line that begins
    a good one, so that an unclosed quotation mark costs its row and not the rest of the file. After 100 such places the
    rest is left out. Memory: one record, of at most 4 MiB.
    """
    csv.field_size_limit(_LONGEST_RECORD)
    lines = file.lines()
    damage: _Damage | None = None
    broken = 0
    try:
        next(lines, None)
        records = _Records(lines)
        while broken < _MOST_BROKEN:
            result = _next_row(records, header, file)
            if isinstance(result, _Damage):
                damage = damage or result
                continue
            if damage is not None:
                yield damage.error(file, None if result is None else result.line)
                damage = None
                broken += 1
            if result is None:
                return
            if isinstance(result, InputError) or any(map(str.strip, result.values.values())):
                yield result
    except InputError as error:
        if damage is not None:
            yield damage.error(file, None)
        yield error
        return
    yield InputError(f"more than {_MOST_BROKEN} broken places; the rest is left out", path=file.path)


def _next_row(records: _Records, header: Header, file: SourceFile) -> Row | InputError | _Damage | None:
    try:
        fields = records.record(header.delimiter)
    except _BrokenError as error:
        damage = _damage(records.taken, header, str(error))
        records.give_back()
        return damage
    if fields is None:
        return None
    line = records.taken[0].number
    if len(fields) != len(header.columns):
        records.give_back()
        found = f"{len(fields)} field{'s' if len(fields) > 1 else ''} where the header has {len(header.columns)}"
        reason = f"{found} (expected {DELIMITERS[header.delimiter]} between fields)"
        missing = header.columns[len(fields)] if len(fields) < len(header.columns) else None
        return _Damage(line=line, reason=reason, column=missing)
    return _checked(Row(line=line, values=dict(zip(header.columns, fields, strict=True))), file)


def _checked(row: Row, file: SourceFile) -> Row | InputError:
    """Return the row, or an InputError if a value holds bytes that are not UTF-8."""
    for column, value in row.values.items():
        bad = next((position for position, character in enumerate(value) if "\udc80" <= character <= "\udcff"), None)
        if bad is not None:
            shown = value[max(0, bad - _SHOWN // 2) : bad + _SHOWN // 2]
            text = shown.encode("utf-8", errors="surrogateescape").decode("utf-8", errors="replace")
            reason = f"not UTF-8: byte 0x{ord(value[bad]) - 0xDC00:02x} in {text!r}"
            return InputError(reason, path=file.path, line=row.line, field=column)
    return row


def _damage(taken: Sequence[RawLine], header: Header, reason: str) -> _Damage:
    text = "".join(line.text for line in taken)
    lone = _LONE_RETURN.search(text) if reason == _REASONS["new-line character"] else None
    text = text[: lone.start()] if lone else text  # the return's field is the last one then
    number = _broken_field(text, header.delimiter)
    column = header.columns[number] if number < len(header.columns) else None
    return _Damage(line=taken[0].number, reason=reason, column=column)


def _broken_field(text: str, delimiter: str) -> int:
    """Return the number of the first field of a record whose quotation marks don't match, or of its last field."""
    number = start = 0
    while True:
        end = _after_quoted(text, start) if text.startswith('"', start) else text.find(delimiter, start)
        if end < 0 or not text.startswith(delimiter, end):
            return number
        number += 1
        start = end + 1


def _after_quoted(text: str, start: int) -> int:
    """Return where the quoted field that begins at `start` is over, -1 if it never is."""
    end = text.find('"', start + 1)
    while end >= 0 and text.startswith('""', end):
        end = text.find('"', end + 2)
    return end + 1 if end >= 0 else -1
