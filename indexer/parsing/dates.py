"""Dates as commitments give them -> ISO 8601, as precise as the source."""

from __future__ import annotations

from calendar import monthrange
from functools import cache

import regex

from indexer.shared.tables import read_table
from indexer.shared.text import fold

__all__ = ["find_dates", "parse_bare_range", "parse_date", "parse_range"]

_LONGEST = 200
_LONGEST_BARE = 70
_FEW_WORDS = 4
_MONTHS_IN_YEAR = 12

_WORD = regex.compile(r"\p{L}+")


def parse_date(text: str, *, day_first: bool | None = None) -> str | None:
    """Return the first date of a text as ISO 8601 ("2018", "2016-05", "2018-09-01"), or None.

    In "04/01/2012", `day_first` says what comes first; without it only the year is certain, and only that is returned,
    unless one of the two numbers can be no month.
    """
    return next(iter(find_dates(text, day_first=day_first)), None)


def parse_range(text: str, *, day_first: bool | None = None) -> tuple[str, str] | None:
    """Return the two dates of a text that holds exactly two ("September 1, 2018 ~ August 31, 2020"), or None."""
    found = find_dates(text, day_first=day_first)
    return (found[0], found[1]) if len(found) == 2 else None  # noqa: PLR2004 (a range has two ends)


def parse_bare_range(text: str) -> tuple[str, str] | None:
    """Return the two dates, months included, of a line that holds little else ("May 2018 - June 2020"), or None."""
    dates = parse_range(text) if len(text) <= _LONGEST_BARE else None
    words = _WORD.findall(_pattern().sub(" ", fold(text))) if dates else []
    return dates if dates and min(map(len, dates)) > len("2018") and len(words) <= _FEW_WORDS else None


def find_dates(text: str, *, day_first: bool | None = None) -> list[str]:
    """Return all dates of a text of up to 200 characters in their order, as `parse_date` gives them."""
    folded = fold(text[:_LONGEST])
    dates = (_iso(match, day_first=day_first) for match in _pattern().finditer(folded))
    return [date for date in dates if date is not None]


@cache
def _months() -> dict[str, int]:
    names = read_table("indexer", "months.toml")["names"]
    return {fold(name): number for number, month in enumerate(names, start=1) for name in month}


@cache
def _pattern() -> regex.Pattern[str]:
    month = rf"(?:{'|'.join(sorted(_months(), key=len, reverse=True))})\b\.?"
    day = r"(?<!\d)\d{1,2}(?:st|nd|rd|th|er|re|o)?"
    gap = r"[\s,]{1,3}(?:(?:of|de|do|del)\s)?"
    return regex.compile(
        rf"""
        (?<iso>(?<!\d)(?:19|20)\d\d-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01]))?(?![\d]))
        | (?<!\d)(?<first>\d{{1,2}})[/.](?<second>\d{{1,2}})[/.](?<numeric_year>(?:19|20)\d\d)(?!\d)
        | (?<!\d)(?<only_month>\d{{1,2}})/(?<month_year>(?:19|20)\d\d)(?!\d)
        | (?:(?<day>{day})[\s.]{{1,2}}(?:(?:of|de|do)\s)?)?\b(?<month>{month})
          (?:{gap}?(?<day_after>{day})(?!\d))? {gap}?(?<year>(?<!\d)(?:19|20)\d\d)(?!\d)
        | (?<!\d)(?<lone_year>(?:19|20)\d\d)(?!\d)
        """,
        regex.VERBOSE,
    )


def _iso(match: regex.Match[str], *, day_first: bool | None) -> str | None:
    if match["iso"]:
        return str(match["iso"])
    if match["lone_year"]:
        return str(match["lone_year"])
    if match["only_month"]:
        return _joined(match["month_year"], int(match["only_month"]), None)
    if match["numeric_year"]:
        return _numeric(match, day_first=day_first)
    day = match["day"] or match["day_after"]
    number = int("".join(filter(str.isdigit, day))) if day else None
    return _joined(match["year"], _months()[match["month"].rstrip(".")], number)


def _numeric(match: regex.Match[str], *, day_first: bool | None) -> str | None:
    first, second = int(match["first"]), int(match["second"])
    if day_first is None and first != second:
        day_first = True if first > _MONTHS_IN_YEAR else False if second > _MONTHS_IN_YEAR else None
        if day_first is None:
            return str(match["numeric_year"])
    day, month = (first, second) if day_first else (second, first)
    return _joined(match["numeric_year"], month, day)


def _joined(year: str, month: int, day: int | None) -> str:
    """Return year, month and day as far as the calendar has them."""
    if not 1 <= month <= _MONTHS_IN_YEAR:
        return year
    if day is None or not 1 <= day <= monthrange(int(year), month)[1]:
        return f"{year}-{month:02d}"
    return f"{year}-{month:02d}-{day:02d}"
