"""The language that labels are in: English, unless whoever shows them speaks another.

What is shown is written in English in the code, where `N_`, `translated` and `translated_number` mark it for the
catalogs of `translations/`. Programs get English: only the pages speak other languages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache

from babel import Locale
from babel.numbers import format_decimal

__all__ = [
    "ENGLISH",
    "N_",
    "Language",
    "day_first",
    "decimal_label",
    "locale",
    "number_label",
    "speaking",
    "translated",
    "translated_number",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """A language by its code, and what gives messages in it: one, or one of two that depends on a number."""

    code: str
    gettext: Callable[[str], str]
    ngettext: Callable[[str, str, int], str]


ENGLISH = "en"
"""The code of the language that the code is written in."""

_ENGLISH = Language(
    code=ENGLISH,
    gettext=lambda message: message,
    ngettext=lambda one, many, number: one if number == 1 else many,
)
_spoken: ContextVar[Language] = ContextVar("language", default=_ENGLISH)


@contextmanager
def speaking(language: Language) -> Iterator[None]:
    """Let labels be in a language, in this thread or task."""
    token = _spoken.set(language)
    try:
        yield
    finally:
        _spoken.reset(token)


def locale() -> Locale:
    """Return the names, numbers and dates of the language that labels are in (CLDR)."""
    return _locale(_spoken.get().code)


@cache
def _locale(code: str) -> Locale:
    return Locale.parse(code)


def day_first() -> Locale:
    """Return the same for dates, with English as the British write them: 2 May 2016."""
    return Locale("en", "GB") if _spoken.get().code == ENGLISH else locale()


def N_(message: str) -> str:  # noqa: N802 (gettext's name for it)
    """Mark a message of a table, which is to be translated when it is shown."""
    return message


def translated(message: str, **values: object) -> str:
    """Return a message in the language that labels are in, its `%(name)s` filled in."""
    found = _spoken.get().gettext(message)
    return found % values if values else found


def translated_number(one: str, many: str, number: int, **values: object) -> str:
    """Return one of two messages, by a number, which `%(number)s` in them shows."""
    return _spoken.get().ngettext(one, many, number) % {"number": number_label(number), **values}


def decimal_label(number: float) -> str:
    """Return a number with two decimals, never as -0.00."""
    return str(format_decimal(round(number, 2) + 0.0, "0.00", locale=locale()))


def number_label(number: int) -> str:
    """Return a number with its thousands set apart, as the language has it."""
    return str(format_decimal(number, locale=locale()))
