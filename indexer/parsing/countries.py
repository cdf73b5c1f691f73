"""The countries that texts name, as ISO 3166-1 alpha-2 codes."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from babel import Locale
from babel.core import get_global
from babel.localedata import locale_identifiers

from indexer.shared.tables import read_table
from indexer.shared.taxonomy import LABEL_LANGUAGES
from indexer.shared.text import fold

__all__ = ["find_country"]

_ISO_LENGTH = 2


def find_country(text: str) -> str | None:
    """Return the code of the country that a text as a whole names, or None.

    A text is a code itself ("GB", "GBR", "UK"), a name in any language of the Unicode CLDR, or one of the aliases in
    data/countries.toml. A name that means two countries in two languages counts only if one of them is English, French,
    Spanish or Portuguese.
    """
    name = text.strip()
    code = name.upper()
    if len(name) == _ISO_LENGTH and _is_country(code):
        return code
    alias = get_global("territory_aliases").get(code)
    if name.isalpha() and alias and len(alias) == 1 and _is_country(alias[0]):
        return str(alias[0])
    key = fold(name)
    return _main_names().get(key) or (_all_names().get(key) if key else None)


def _is_country(code: str) -> bool:
    return len(code) == _ISO_LENGTH and code.isalpha() and code in Locale("en").territories and code not in _GROUPS


_GROUPS = frozenset({"EU", "EZ", "UN", "QO", "XA", "XB", "ZZ"})
"""Two-letter codes of the CLDR that are no countries."""


@cache
def _main_names() -> dict[str, str]:
    """Return codes by folded names: the aliases, then the names in the four languages that pages are written in."""
    aliases = read_table("indexer", "countries.toml")["aliases"]
    names = {fold(name): code for code, others in aliases.items() for name in others}
    for lang in LABEL_LANGUAGES:
        for name, code in _names_in([lang]):
            names.setdefault(name, code)
    return names


@cache
def _all_names() -> dict[str, str]:
    """Return codes by folded names in all languages, those left out that mean two countries."""
    found: dict[str, set[str]] = {}
    for name, code in _names_in(lang for lang in locale_identifiers() if "_" not in lang):
        found.setdefault(name, set()).add(code)
    return {name: min(codes) for name, codes in found.items() if len(codes) == 1}


def _names_in(langs: Iterable[str]) -> Iterable[tuple[str, str]]:
    for lang in langs:
        for code, name in Locale(lang).territories.items():
            if _is_country(code):
                yield fold(name), code
