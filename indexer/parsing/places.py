"""The country, and the locality of an OGP Local member, that a commitment belongs to."""

from __future__ import annotations

from functools import cache
from typing import Any

from babel import Locale

from indexer.parsing.countries import find_country
from indexer.shared.tables import read_table
from indexer.shared.text import fold

__all__ = ["find_place"]

_ISO_LENGTH = 2


def find_place(commitment_id: str, line: str = "") -> tuple[str | None, str | None]:
    """Return the country's ISO 3166-1 code and the locality's name of a commitment, None where unknown.

    The letters of the ID decide. Only if no table knows them, the page's own line is read: "Paris, France", "Scotland".
    """
    prefix = commitment_id.rstrip("0123456789")
    table = _table()
    for member in table["local"]:
        if member.get("prefix") == prefix:
            return member["country"], member["name"]
    if prefix in table["exceptions"]:
        return table["exceptions"][prefix], None
    if prefix in table["members"] or (len(prefix) == _ISO_LENGTH and prefix in Locale("en").territories):
        return prefix, None
    return _place_of_line(line)


def _place_of_line(line: str) -> tuple[str | None, str | None]:
    locality, _, country = (part.strip() for part in line.rpartition(","))
    code = find_country(country)
    if code is not None:
        return code, _local_names().get(fold(locality), (code, locality or None))[1]
    return _local_names().get(fold(line), (None, None))


@cache
def _table() -> dict[str, Any]:
    return read_table("indexer", "countries.toml")


@cache
def _local_names() -> dict[str, tuple[str, str]]:
    return {fold(member["name"]): (member["country"], member["name"]) for member in _table()["local"]}
