"""The regions of the world that countries belong to (data/regions.toml)."""

from __future__ import annotations

from functools import cache
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
    region = _table().get(code)
    if region is None:
        return code
    known = locale_identifiers()
    names = Locale(lang if lang in known else "en").territories
    return str(names.get(region["m49"]) or Locale("en").territories[region["m49"]])


@cache
def _table() -> dict[str, dict[str, Any]]:
    return read_table("indexer.shared", "regions.toml")


@cache
def _regions() -> dict[str, str]:
    return {country: code for code, region in _table().items() for country in region["countries"]}
