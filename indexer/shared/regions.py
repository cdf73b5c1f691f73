"""The regions of the world that countries belong to (data/regions.toml)."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any

from babel import Locale
from babel.localedata import locale_identifiers

from indexer.shared.tables import read_table

__all__ = ["region_codes", "region_label", "region_of"]


def region_codes() -> tuple[str, ...]:
    """Return the codes of all regions ("africa", ...), in alphabetical order."""
    return tuple(sorted(_table()))


def region_of(country: str | None) -> str | None:
    """Return the code of the region of a country (ISO 3166-1 alpha-2), or None if it has none."""
    return _regions().get(country or "")


def region_label(code: str, lang: str = "en") -> str:
    """Return a region's name in a language, in English if it has none there; an unknown code is its own name."""
    return _names(lang).get(code, code)


@lru_cache(maxsize=64)
def _names(lang: str) -> dict[str, str]:
    english = Locale("en").territories
    names = Locale(lang).territories if lang in locale_identifiers() else english
    numbers = {code: region["m49"] for code, region in _table().items()}
    return {code: str(names.get(number) or english[number]) for code, number in numbers.items()}


@cache
def _table() -> dict[str, dict[str, Any]]:
    return read_table("indexer.shared", "regions.toml")


@cache
def _regions() -> dict[str, str]:
    return {country: code for code, region in _table().items() for country in region["countries"]}
