"""Policy areas and kinds of sections: their codes, their names in four languages, and texts that mean them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

import regex

from indexer.shared.tables import read_table
from indexer.shared.text import fold

__all__ = [
    "LABEL_LANGUAGES",
    "irm_column_areas",
    "policy_area_code",
    "policy_area_codes",
    "policy_area_label",
    "section_kinds",
    "section_label",
]

LABEL_LANGUAGES = ("en", "fr", "es", "pt")
"""The languages in which codes have names; English stands in for any other."""

_LETTERS_AND_DIGITS = regex.compile(r"[\p{L}\p{N}]+")


def policy_area_codes() -> tuple[str, ...]:
    """Return the codes of all policy areas ("access-to-information", ...), in alphabetical order."""
    return tuple(_policy_areas())


def policy_area_label(code: str, lang: str = "en") -> str:
    """Return a policy area's name in a language, in English if it has none there; an unknown code is its own name."""
    return _label(_policy_areas(), code, lang)


def policy_area_code(text: str) -> str | None:
    """Return the code of the policy area that a text names in any of the four languages, or None."""
    return _area_of_key().get(_area_key(text))


def irm_column_areas() -> Mapping[str, str]:
    """Return the policy area's code for each tick column of the IRM database, by the column's name."""
    return MappingProxyType({column: code for code, area in _policy_areas().items() for column in area.get("irm", ())})


def section_kinds() -> tuple[str, ...]:
    """Return the kinds of sections, in the order in which documents have them."""
    return tuple(_sections())


def section_label(kind: str, lang: str = "en") -> str:
    """Return a section kind's name in a language, in English if it has none there; an unknown kind is its own name."""
    return _label(_sections(), kind, lang)


@cache
def _table() -> dict[str, Any]:
    return read_table("indexer.shared", "policy_areas.toml")


@cache
def _policy_areas() -> dict[str, dict[str, Any]]:
    return dict(sorted(_table()["areas"].items()))


@cache
def _sections() -> dict[str, dict[str, Any]]:
    return read_table("indexer.shared", "sections.toml")


def _label(table: dict[str, dict[str, Any]], code: str, lang: str) -> str:
    names = table.get(code, {})
    return str(names.get(lang) or names.get("en") or code)


@cache
def _area_of_key() -> dict[str, str]:
    """Return the code for each key of a name; a name that stands for two codes is an error of the table."""
    found: dict[str, str] = {}
    for code, area in _policy_areas().items():
        for name in (code, *(area[lang] for lang in LABEL_LANGUAGES), *area.get("also", ()), *area.get("irm", ())):
            key = _area_key(name)
            if found.setdefault(key, code) != code:
                msg = f"policy_areas.toml: {name!r} stands for {found[key]} and for {code}"
                raise ValueError(msg)
    return found


def _area_key(text: str) -> str:
    words = _LETTERS_AND_DIGITS.findall(fold(text))
    return " ".join(word for word in words if word not in _ignored_words())


@cache
def _ignored_words() -> frozenset[str]:
    return frozenset(_table()["ignored"])
