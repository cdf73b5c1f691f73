"""Readers for tables of one's own, CSV and JSONL: one commitment a row, columns as in `indexer.readers.entry.FIELDS`.

Lists are JSON lists or, in CSV, separated by line breaks (institutions and policy areas by semicolons too). Other
columns are left out. `file.columns` names the field of columns that are called otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from indexer.readers.csv_rows import DELIMITERS, Header, column_key, header_of, read_header, read_rows
from indexer.readers.entry import FIELDS, Entry, build_document
from indexer.readers.source_file import LONGEST_LINE, RawLine, SourceFile
from indexer.shared.errors import InputError
from indexer.shared.records import Document

__all__ = ["is_csv", "is_jsonl", "read_csv", "read_jsonl"]

_REQUIRED = ("id", "text")
_SHOWN = 8
_FEWEST_KNOWN = 2


def is_csv(head: bytes) -> bool:
    """Say whether a file begins with a header that has two columns that are known."""
    line = head.split(b"\n", 1)[0].decode("utf-8-sig", errors="replace")
    return sum(column_key(name) in FIELDS for name in header_of(line, FIELDS).columns) >= _FEWEST_KNOWN


def is_jsonl(head: bytes) -> bool:
    """Say whether a file begins as a JSON object does."""
    return head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{")


def read_csv(file: SourceFile) -> Iterator[Document | InputError]:
    """Give the document of each row, or the reason why it has none."""
    known = {*FIELDS, *map(column_key, file.columns)}
    try:
        header = read_header(file, known)
        columns = _columns(header.columns, file.columns)
        _check_columns(header, columns, file)
    except InputError as error:
        yield error
        return
    for row in read_rows(file, header):
        if isinstance(row, InputError):
            yield row
        else:
            values = {field: row.values[column].split("\n") for field, column in columns.items()}
            yield _document(Entry(file=file, line=row.line, values=values, columns=columns))


def read_jsonl(file: SourceFile) -> Iterator[Document | InputError]:
    """Give the document of each line, or the reason why it has none."""
    try:
        for line in file.lines():
            if line.text.strip():
                yield _of_json(line, file)
    except InputError as error:
        yield error


def _columns(names: Iterable[str], given: Mapping[str, str]) -> dict[str, str]:
    """Return the column of each field: one that the user names, else the one with the field's own name."""
    chosen = {column_key(column): field for column, field in given.items()}
    found: dict[str, str] = {}
    for name in names:
        key = column_key(name)
        if key in chosen:
            found[chosen[key]] = name
        elif key in FIELDS:
            found.setdefault(key, name)
    return found


def _check_columns(header: Header, columns: Mapping[str, str], file: SourceFile) -> None:
    missing = next((field for field in _REQUIRED if field not in columns), None)
    if missing is not None:
        shown = ", ".join(repr(name[:40]) for name in header.columns[:_SHOWN])
        raise InputError(
            f"this column is missing; the header has {shown}{', …' if len(header.columns) > _SHOWN else ''} (expected"
            f" columns separated by {', '.join(DELIMITERS.values())}; --map NAME={missing} takes another column)",
            path=file.path,
            line=1,
            field=missing,
        )


def _of_json(line: RawLine, file: SourceFile) -> Document | InputError:
    try:
        values = _json_values(line)
        columns = _columns(values, file.columns)
        by_field = {field: _texts(values[name]) for field, name in columns.items()}
    except RecursionError:
        return InputError("nested too deeply (expected a flat object)", path=file.path, line=line.number)
    except (msgspec.MsgspecError, ValueError) as error:
        invalid = isinstance(error, msgspec.DecodeError) and not isinstance(error, msgspec.ValidationError)
        reason = f"not valid JSON: {error}" if invalid else str(error)
        return InputError(reason, path=file.path, line=line.number)
    return _document(Entry(file=file, line=line.number, values=by_field, columns=columns))


def _json_values(line: RawLine) -> dict[str, Any]:
    if not line.complete:
        msg = f"too long: expected a line of at most {LONGEST_LINE // 2**20} MiB"
        raise ValueError(msg)
    bad = next((character for character in line.text if "\udc80" <= character <= "\udcff"), None)
    if bad is not None:
        msg = f"not UTF-8: byte 0x{ord(bad) - 0xDC00:02x} at character {line.text.index(bad) + 1}"
        raise ValueError(msg)
    return msgspec.json.decode(line.text.encode(), type=dict[str, Any])


def _texts(value: Any) -> Sequence[str]:
    """Return a JSON value as lines; of objects, nothing."""
    if isinstance(value, bool):
        return ["yes" if value else "no"]
    if isinstance(value, (str, int, float)):
        return str(value).split("\n")
    if isinstance(value, list):
        return [line for item in value for line in _texts(item)]
    return []


def _document(entry: Entry) -> Document | InputError:
    try:
        return build_document(entry)
    except InputError as error:
        return error
