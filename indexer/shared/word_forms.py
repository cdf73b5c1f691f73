"""The forms of a single word: normal form, without accents, stem, number. Letters and algorithms come from tables."""

from __future__ import annotations

import hashlib
import threading
import tomllib
import unicodedata
from collections.abc import Callable
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from typing import Any

import regex
import Stemmer

__all__ = [
    "APOSTROPHES",
    "GROUPED_NUMBER",
    "elision",
    "fold",
    "normal",
    "number",
    "primary_tag",
    "rules_digest",
    "stem",
]

APOSTROPHES = "'\u2018\u2019\u02bc\uff07"
"""What is typed for an apostrophe."""

_GROUPING = " \u00a0\u2009\u202f\u066c"
"""What only ever groups digits: spaces and the Arabic thousands separator."""

GROUPED_NUMBER = (
    rf"(?<!\p{{Nd}})\p{{Nd}}{{1,3}}(?:[{_GROUPING}]\p{{Nd}}{{3}}){{1,4}}+(?:[.,\u066b]\p{{Nd}}++)?+(?![\p{{L}}\p{{N}}])"
)
"""A pattern of the library `regex` for a number whose digits stand in up to five groups, apart from each other."""

_TABLES = ("elision.toml", "folding.toml", "stemmers.toml")
_DOTLESS_I = frozenset({"az", "tr"})

_DROPPED = regex.compile(rf"[\p{{Cf}}{APOSTROPHES}]+")
_DIGIT = regex.compile(r"\p{Nd}")

_NUMBER = regex.compile(rf"\p{{Nd}}++(?:[{_GROUPING}.,\u066b]\p{{Nd}}++)*+")
_THOUSANDS = regex.compile(
    r"[1-9][0-9]{0,2}(?:(?P<sign>[.,])[0-9]{3}(?:(?P=sign)[0-9]{3})*+(?!(?P=sign))|(?:,[0-9]{2}(?=,))++,[0-9]{3})(?![0-9])"
)
_TO_POINT = str.maketrans({",": ".", "\u066b": "."})
_UNGROUPED = str.maketrans("", "", _GROUPING)

_GENERAL_MARKS = range(0x0300, 0x0370)
_HEBREW_POINTS = range(0x0591, 0x05C8)
_ARABIC_VOWEL_SIGNS = (*range(0x0610, 0x061B), 0x0640, *range(0x064B, 0x0654), 0x0670, *range(0x06D6, 0x06EE))
_DROPPED_MARKS = frozenset({*_GENERAL_MARKS, *_HEBREW_POINTS, *_ARABIC_VOWEL_SIGNS})


def primary_tag(lang: str) -> str:
    """Return the language part of a BCP-47 tag: "pt" for "pt-BR"."""
    return lang.partition("-")[0].lower()


def normal(word: str, lang: str) -> str:
    """Return a word in NFKC, lower-cased as its language does it, without invisible characters and apostrophes."""
    word = _DROPPED.sub("", unicodedata.normalize("NFKC", word))
    if lang in _DOTLESS_I:
        word = word.replace("İ", "i").replace("I", "ı")
    return unicodedata.normalize("NFC", word.lower())


def fold(word: str, lang: str) -> str:
    """Return a normal word without the accents, vowel points and variants of letters that its readers type at will.

    A letter that is one of its own in the language stays: ñ in Spanish, å in Swedish, й in every language.
    """
    return word.translate(_folds(lang))


def stem(word: str, lang: str) -> str:
    """Return the stem of a normal word; the word itself if it has digits or its language has no stemmer."""
    algorithm = _table("stemmers.toml").get(lang)
    if algorithm is None or _DIGIT.search(word):
        return word
    return _stemmer(algorithm)(word) or word


def number(word: str) -> str | None:
    """Return a number in ASCII digits with a point before its fraction, as in 1234.5; None for any other word.

    A point or a comma before exactly three digits groups digits, unless the number begins with a nought: 1.234 is a
    thousand and more in most languages. Indian groups of two digits (1,00,000) are read, too.
    """
    if not _NUMBER.fullmatch(word):
        return None
    digits = "".join(str(unicodedata.decimal(char, char)) for char in word.translate(_UNGROUPED))
    thousands = _THOUSANDS.match(digits)
    if thousands:
        digits = regex.sub("[.,]", "", thousands[0]) + digits[thousands.end() :]
    return digits.translate(_TO_POINT)


@cache
def elision() -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """Return what is cut off at an apostrophe: prefixes, suffixes, and the languages where every ending is a suffix."""
    table = _table("elision.toml")
    return frozenset(table["prefixes"]), frozenset(table["suffixes"]), frozenset(table["suffixing_languages"])


def rules_digest() -> bytes:
    """Return a digest of the tables and of the stemmers' version."""
    digest = hashlib.sha256(version("PyStemmer").encode())
    for name in _TABLES:
        digest.update(_data(name))
    return digest.digest()


class _Folds(dict[int, str]):
    """What each code point is folded to in one language, worked out when first met."""

    def __init__(self, lang: str) -> None:
        table = _table("folding.toml")
        self._letters: dict[str, str] = {**table["letters"], **table["language"].get(lang, {})}
        self._distinct: str = table["distinct"].get(lang, "")

    def __missing__(self, code: int) -> str:
        folded = self[code] = self._folded(chr(code))
        return folded

    def _folded(self, letter: str) -> str:
        if letter in self._distinct:
            return letter
        if letter in self._letters:
            return self._letters[letter]
        if ord(letter) in _DROPPED_MARKS:
            return ""
        if unicodedata.name(letter, "").startswith(("LATIN", "GREEK")):
            parts = unicodedata.normalize("NFD", letter)
            return "".join(self._letters.get(part, part) for part in parts if ord(part) not in _DROPPED_MARKS)
        digit = unicodedata.decimal(letter, None)
        return letter if digit is None else str(digit)


@cache
def _folds(lang: str) -> _Folds:
    return _Folds(lang)


class _Stemmers(threading.local):
    """One stemmer of each algorithm a thread: a stemmer holds the word that it works on."""

    def __init__(self) -> None:
        self.by_algorithm: dict[str, Callable[[str], str]] = {}


_STEMMERS = _Stemmers()


def _stemmer(algorithm: str) -> Callable[[str], str]:
    """Return the function that stems a word."""
    stemmers = _STEMMERS.by_algorithm
    if algorithm not in stemmers:
        stemmers[algorithm] = Stemmer.Stemmer(algorithm, 0).stemWord
    return stemmers[algorithm]


@cache
def _table(name: str) -> dict[str, Any]:
    return tomllib.loads(_data(name).decode("utf-8"))


def _data(name: str) -> bytes:
    return files("indexer.shared").joinpath("data", name).read_bytes()
