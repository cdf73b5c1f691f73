"""Reader for the database of the Independent Reporting Mechanism (IRM): CSV, 93 columns, one commitment a row.

The rows have no IDs. A row's is `IRM-<country>-<action plan number>-<commitment number>`, all in the database's own
numbers ("IRM-MK-2-1.1"). Where several rows share it, each gets a suffix made from its title ("IRM-MK-2-1.1-3F0A") or,
if that is the same too, from title and text: so IDs don't depend on the order of rows, nor on the other columns.
Source of the columns: the IRM's data file for action plans of 2011 to 2014; columns that no fact needs are left out.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache

import regex

from indexer.parsing.countries import find_country
from indexer.parsing.facts import is_nothing
from indexer.readers.csv_rows import Header, Row, header_of, read_header, read_rows
from indexer.readers.entry import Entry, build_document
from indexer.readers.source_file import SourceFile
from indexer.shared.errors import InputError
from indexer.shared.records import Document
from indexer.shared.tables import read_table
from indexer.shared.taxonomy import irm_column_areas
from indexer.shared.text import fold

__all__ = ["is_irm", "read"]

_COUNTRY, _PLAN, _NUMBER, _TITLE, _TEXT = (
    "Country",
    "Action Plan Number",
    "Comm No",
    "Commitment Title",
    "Full Text",
)
_NEEDED = (_COUNTRY, _PLAN, _NUMBER, _TITLE, _TEXT)
_FEWEST_NEEDED = 3
_STARS = (
    "Starred (current formula) end of term",
    "Starred (current formula) progress report",
    "Starred (2015 only)",
    "Starred (pre-June 2014 assessments)",
)
_DATES = ("start_date", "end_date")
_SUFFIX = 4
_MONTHS = 12

_LETTER = regex.compile(r"[a-e]\.\s+")
_TITLE_NUMBER = regex.compile(r"\d{1,3}(?:\.\d{1,3})*[.:)]\s*(?=\p{L})|\d{1,3}(?:\.\d{1,3})+\s+(?=\p{L})")
_NOT_IN_ID = regex.compile(r"[^A-Z0-9.]+")
_NUMERIC_DATE = regex.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")


def is_irm(head: bytes) -> bool:
    """Say whether a file begins with the header of the database, complete or nearly so."""
    line = head.split(b"\n", 1)[0].decode("utf-8-sig", errors="replace")
    return len(set(_NEEDED) & set(header_of(line, ()).columns)) >= _FEWEST_NEEDED


def read(file: SourceFile) -> Iterator[Document | InputError]:
    """Give the document of each row, or the reason why it has none; the file is read twice, first for the IDs alone.

    A missing column that only facts need is named, and the rows are read without it.
    """
    try:
        header = read_header(file, ())
        missing = [name for name in _expected() if name not in header.columns]
        for name in missing:
            yield InputError("this column of the IRM database is missing", path=file.path, line=1, field=name)
        if any(name in _NEEDED for name in missing):
            return
        repeated = _repeated(file, header)
    except InputError as error:
        yield error
        return
    for row in read_rows(file, header):
        yield row if isinstance(row, InputError) else _document(row, file, repeated)


def _document(row: Row, file: SourceFile, repeated: Counter[str]) -> Document | InputError:
    values = {field: [row.values[column]] for field, column in _columns().items() if column in row.values}
    values |= _derived(row.values)
    base = _base_id(row.values)
    key = _unique_key(row.values, repeated)
    values["id"] = [base if key is None else f"{base}-{_digest(key)}"]
    entry = Entry(
        file=file,
        line=row.line,
        values={field: [line for text in texts for line in text.split("\n")] for field, texts in values.items()},
        columns={**_columns(), "country": _COUNTRY, "title": _TITLE, "text": _TEXT, "id": _NUMBER},
    )
    try:
        return build_document(entry)
    except InputError as error:
        return error


def _derived(values: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the fields that more is done to than copying."""
    columns = _columns()
    derived = {field: [_LETTER.sub("", values.get(columns[field], ""), count=1)] for field in _lettered()}
    derived |= {field: [_date(values.get(columns[field], ""))] for field in _DATES}
    derived["title"] = [_TITLE_NUMBER.sub("", values[_TITLE].strip(), count=1)]
    derived["country"] = [values[_COUNTRY]]
    derived["text"] = [values[_TEXT]]
    derived["action_plan"] = [f"{values[_COUNTRY]}, action plan {values[_PLAN]}"]
    derived["policy_areas"] = [
        code for column, code in irm_column_areas().items() if values.get(column, "").strip() == "1"
    ]
    derived["starred"] = [next((star for name in _STARS if not is_nothing(star := values.get(name, "ND"))), "")]
    return derived


def _date(value: str) -> str:
    """Return a date whose order of day and month is certain: months stand there as their first day, in either order.

    Of "04/01/2012" and "01/04/2012", both April 2012, the month is given; "31/12/2016" is left to the general rules,
    and of "12/11/2013" those take the year.
    """
    match = _NUMERIC_DATE.fullmatch(value.strip())
    first, other = sorted(map(int, match.groups()[:2])) if match else (0, 0)
    return f"{match[3]}-{other:02d}" if match and first == 1 and other <= _MONTHS else value


def _repeated(file: SourceFile, header: Header) -> Counter[str]:
    """Return how often each ID without suffix stands in a file, and each together with a title."""
    counts: Counter[str] = Counter()
    for row in read_rows(file, header):
        if isinstance(row, Row):
            base = _base_id(row.values)
            counts.update([base, _titled(base, row.values)])
    return counts


def _unique_key(values: Mapping[str, str], repeated: Counter[str]) -> str | None:
    """Return what tells a row from others with its ID, None if there are no others."""
    base = _base_id(values)
    if repeated[base] <= 1:
        return None
    titled = _titled(base, values)
    return titled if repeated[titled] <= 1 else f"{titled}\n{fold(values[_TEXT])}"


def _titled(base: str, values: Mapping[str, str]) -> str:
    return f"{base}\n{fold(values[_TITLE])}"


def _base_id(values: Mapping[str, str]) -> str:
    country = _country_code(values[_COUNTRY])
    return "-".join(["IRM", country, *(_id_part(values[column]) for column in (_PLAN, _NUMBER))])


@cache
def _country_code(name: str) -> str:
    return find_country(name) or "XX"


def _id_part(text: str) -> str:
    return _NOT_IN_ID.sub("-", text.strip().upper()).strip("-.")[:20] or "0"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_SUFFIX].upper()


@cache
def _columns() -> dict[str, str]:
    columns: dict[str, str] = read_table("indexer", "irm_columns.toml")["columns"]
    return columns


@cache
def _lettered() -> tuple[str, ...]:
    return tuple(read_table("indexer", "irm_columns.toml")["lettered"])


@cache
def _expected() -> tuple[str, ...]:
    optional = read_table("indexer", "irm_columns.toml")["optional"]
    own = [column for field, column in _columns().items() if field not in optional]
    return (*_NEEDED, *own, *irm_column_areas(), *_STARS)
