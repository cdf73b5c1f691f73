"""How texts and queries become terms: the one definition that indexing, searching and highlighting share.

A word gives three forms, all lower-cased:

    term      the stem of the word without accents: equal for every spelling, with or without its accents
    stem      the stem of the word with accents, accents then dropped: stemmers know more endings when they see accents
    surface   the word itself

"données" gives donne, don, données. A query word finds a passage's word if their terms or their stems are equal. One
order alone would not do: with stemming first, 14-34 % of accented words can't be found without their accents; with
folding first, 8-50 % of the inflections that belong together come apart (es, fr, pt, ro, ca, cs, tr).

A number has one form, its digits: 1,000 and 1.000, 1 000 and ١٬٠٠٠ are all 1000, and 2,5 is 2.5.

Scripts that write no spaces, and Korean, give overlapping pairs of characters instead, whatever the text's language;
a pair has no surface. A single character is a term only where it stands alone.
"""

from __future__ import annotations

import hashlib
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import regex
from whoosh.fields import ID, FieldType, Schema
from whoosh.formats import Existence, Positions
from whoosh.lang.stopwords import stoplists

from indexer.shared.word_forms import (
    APOSTROPHES,
    GROUPED_NUMBER,
    elision,
    fold,
    normal,
    number,
    primary_tag,
    rules_digest,
    stem,
)

__all__ = [
    "ID_FIELD",
    "MAX_TERM",
    "NAMES_FIELD",
    "POSITION_DTYPE",
    "Token",
    "WeightedToken",
    "analysis_revision",
    "keyword_schema",
    "last_word",
    "spans_of",
    "surface_field",
    "tokens",
    "words_field",
]

MAX_TERM = 64
"""Longer words are cut, in code points."""

ID_FIELD = "id"
"""The Whoosh field with the commitment ID of a row, casefolded, as one term."""

NAMES_FIELD = "names"
"""The Whoosh field with the surfaces of the words that a row has as names are written, of all languages."""

POSITION_DTYPE = np.dtype("<i4")
"""How positions are written."""

_RULES = 2
"""To be raised when the code here or in `word_forms` makes other terms."""

_LONGEST_READ = 4 * MAX_TERM
_MOST_READ = 16_384  # words that are kept of a language
_NO_PIECES: frozenset[str] = frozenset()
_STOP_LIST_OF = {"nb": "no", "nn": "no"}

_PAIRED = (
    r"[[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Hang}\p{scx=Bopo}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]"
    r"&&[\p{L}\p{Nl}]]"
)
_LETTER = rf"[[\p{{L}}\p{{N}}]--{_PAIRED}]"
_INSIDE = r"[\p{M}\p{Cf}]*+"
_DECIMAL_SIGN = r"(?<=\p{Nd})[.,\u066B\u066C](?=\p{Nd})"
_APOSTROPHE = rf"(?<=[\p{{L}}\p{{M}}])[{APOSTROPHES}](?=\p{{L}})"
_WORD_OR_RUN = regex.compile(
    rf"(?P<run>(?:{_PAIRED}{_INSIDE})++)|{GROUPED_NUMBER}"
    rf"|{_LETTER}{_INSIDE}(?:(?:{_DECIMAL_SIGN}|{_APOSTROPHE})?{_LETTER}{_INSIDE})*+",
    flags=regex.VERSION1,
)
_PLAIN_LETTERS = r"\x00-\xb1\xb4-\xb8\xba\xbb\xbf-\u02c6\u02cc-\u02ff\u0370-\u0482\u048a-\u052f\u1e00-\u1fff"
_PLAIN_SIGNS = r"\u2010-\u2027\u2030-\u205e\u20a0-\u20bf\u2190-\u23ff\u2500-\u2775\ue000-\uf8ff"
_PLAIN_TEXT = re.compile(rf"[{_PLAIN_LETTERS}{_PLAIN_SIGNS}]*+")
_PLAIN_APOSTROPHE = rf"(?<=[^\W\d_])[{APOSTROPHES}](?=[^\W\d_])"
_PLAIN_REST = rf"[^\W_]*+\xad*+(?:(?:(?<=\d)[.,](?=\d)|{_PLAIN_APOSTROPHE})?[^\W_]++\xad*+)*+"
_PLAIN_NUMBER = GROUPED_NUMBER.replace(r"\p{Nd}", r"\d").replace(r"[\p{L}\p{N}]", r"[^\W_]")
_PLAIN_WORD = re.compile(rf"[^\W\d_]{_PLAIN_REST}|{_PLAIN_NUMBER}|\d{_PLAIN_REST}")
"""The same for texts of Latin, Greek and Cyrillic letters and the digits 0-9, which Python's own patterns read faster.

Among these characters its letters are those of Unicode, no digit is another, and all that is invisible is the soft
hyphen. Before 3.11.5, Python's patterns lose matches behind possessive groups (gh-106052) and aren't used.
"""
_SPACED_DIGITS = re.compile(r"\d \d")  # of a word that goes on behind a space: no other does
_RELIABLE = sys.version_info >= (3, 11, 5)

_JAMO = r"[\u1100-\u115F]++[\u1160-\u11A7]*+[\u11A8-\u11FF]*+"
_CHARACTER = regex.compile(rf"(?:{_JAMO}|[\p{{L}}\p{{Nl}}])[\p{{M}}\p{{Cf}}\uFF9E\uFF9F]*+")
_ANY_APOSTROPHE = regex.compile(rf"[{APOSTROPHES}]")


class Token(NamedTuple):
    """One word of a text, `text[start:end]` in code points, without what elision cuts off.

    `position` counts the kept words from 0; stop words are left out and leave no gap. A tuple, as a search makes
    thousands of them.
    """

    term: str
    stem: str
    surface: str
    start: int
    end: int
    position: int


WeightedToken = tuple[Token, int]
"""A token and the weight of the part of a passage that it stands in."""

_WhooshPosting = tuple[bytes, int, float, bytes]
"""A term in UTF-8, what it adds to the length of its field, its weight, and its encoded positions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Forms:
    term: str
    stem: str
    surface: str


_Reading = tuple[_Forms, int, int]


def tokens(text: str, lang: str) -> list[Token]:
    """Return the words of a text in their order, as its language (a BCP-47 tag) has them, without its stop words.

    Every text can be read; of a language without stemmer or stop words, words are only lower-cased and folded.
    """
    lang = primary_tag(lang)
    return [
        Token(term=forms.term, stem=forms.stem, surface=forms.surface, start=start, end=end, position=position)
        for position, (forms, start, end) in enumerate(_words(text, lang))
    ]


def spans_of(forms: AbstractSet[str], text: str, lang: str) -> list[tuple[int, int]]:
    """Return the spans of the words of a text, read as `tokens` does, whose term or stem is one of these."""
    lang = primary_tag(lang)
    if not _is_plain(text) or _SPACED_DIGITS.search(text) is not None:
        return _spans(forms, text, lang)
    pieces, spans, at = text.split(" "), [], 0
    having = _pieces(lang).having(forms, set(pieces))
    for piece in pieces if having else ():
        if piece in having:
            spans += [(at + start, at + end) for start, end in _spans(forms, piece, lang)]
        at += len(piece) + 1
    return spans


def _spans(forms: AbstractSet[str], text: str, lang: str) -> list[tuple[int, int]]:
    return [(start, end) for one, start, end in _words(text, lang) if one.term in forms or one.stem in forms]


def last_word(text: str, lang: str) -> tuple[int, str]:
    """Return where the last word of a text starts, and that word without accents but not stemmed: what others begin by.

    The word is empty where it would be cut into pairs, which are found inside of longer words anyway.
    """
    lang = primary_tag(lang)
    found = list(_WORD_OR_RUN.finditer(text))
    if not found or found[-1]["run"] is not None:
        return len(text), ""
    start, end = (found[-1].start() + place for place in _without_elision(found[-1][0], lang))
    word = text[start : min(end, start + _LONGEST_READ)]
    return start, (number(word) or fold(normal(word, lang), lang))[:MAX_TERM]


def analysis_revision() -> str:
    """Return a digest of all that decides the terms, 16 hex digits: an index of another revision must be rebuilt."""
    return hashlib.sha256(b"%d" % _RULES + rules_digest()).hexdigest()[:16]


def words_field(lang: str) -> str:
    """Return the name of the Whoosh field with the terms and stems of one language's rows."""
    return f"words_{primary_tag(lang)}"


def surface_field(lang: str) -> str:
    """Return the name of the Whoosh field with the surfaces of one language's rows."""
    return f"surface_{primary_tag(lang)}"


def keyword_schema(langs: Iterable[str]) -> Schema:
    """Return the Whoosh schema of an index in these languages: two fields a language, names, and the commitment IDs.

    Nothing is stored. A language has fields of its own, so that document frequencies and lengths are its own.
    """
    schema = Schema(**{ID_FIELD: ID(), NAMES_FIELD: _SurfaceField()})
    for lang in langs:
        schema.add(words_field(lang), _WordsField())
        schema.add(surface_field(lang), _SurfaceField())
    return schema


class _PlainPositions(Positions):  # type: ignore[misc]  # Whoosh has no types
    """Positions as 32-bit integers; Whoosh's own class pickles them."""

    def encode(self, poslist: Sequence[int]) -> bytes:
        return np.array(poslist, dtype=POSITION_DTYPE).tobytes()

    def decode_positions(self, valuestring: bytes) -> list[int]:
        positions: list[int] = np.frombuffer(valuestring, dtype=POSITION_DTYPE).tolist()
        return positions


class _WordsField(FieldType):  # type: ignore[misc]  # Whoosh has no types
    """Terms and stems with positions. Its values are weighted tokens, already made by `tokens`."""

    def __init__(self) -> None:
        super().__init__(format=_PlainPositions(), analyzer=None, scorable=True)

    def index(self, value: Sequence[WeightedToken], **_: object) -> Iterator[_WhooshPosting]:
        """Yield what Whoosh writes of each distinct term; a token counts once in the length, by its term."""
        weights: Counter[str] = Counter()
        lengths: Counter[str] = Counter()
        positions: defaultdict[str, list[int]] = defaultdict(list)
        for token, weight in value:
            lengths[token.term] += weight
            for term in {token.term, token.stem}:
                weights[term] += weight
                positions[term].append(token.position)
        for term, found in positions.items():
            yield term.encode(), lengths[term], float(weights[term]), self.format.encode(found)


class _SurfaceField(FieldType):  # type: ignore[misc]  # Whoosh has no types
    """Surfaces without positions. Its values are weighted tokens, too."""

    def __init__(self) -> None:
        super().__init__(format=Existence(), analyzer=None, scorable=True)

    def index(self, value: Sequence[WeightedToken], **_: object) -> Iterator[_WhooshPosting]:
        """Yield what Whoosh writes of each distinct surface."""
        weights: Counter[str] = Counter()
        for token, weight in value:
            if token.surface:
                weights[token.surface] += weight
        for surface, weight in weights.items():
            yield surface.encode(), weight, float(weight), b""


def _words(text: str, lang: str) -> Iterator[tuple[_Forms, int, int]]:
    pattern = _PLAIN_WORD if _is_plain(text) else _WORD_OR_RUN
    readings = _readings(lang)
    for match in pattern.finditer(text):
        word, at = match[0], match.start()
        if match.lastgroup == "run":
            yield from _pairs(word, at)
            continue
        read = readings[word]
        if read is not None:
            forms, start, end = read
            yield forms, at + start, at + end


def _is_plain(text: str) -> bool:
    return _RELIABLE and _PLAIN_TEXT.fullmatch(text) is not None


def _pairs(run: str, offset: int) -> Iterator[tuple[_Forms, int, int]]:
    spans = [match.span() for match in _CHARACTER.finditer(run)]
    pairs = pairwise(spans) if len(spans) > 1 else [(span, span) for span in spans]
    for (start, _), (_, end) in pairs:
        term = fold(normal(run[start : min(end, start + _LONGEST_READ)], ""), "")[:MAX_TERM]
        yield _Forms(term=term, stem=term, surface=""), offset + start, offset + end


def _without_elision(word: str, lang: str) -> tuple[int, int]:
    """Return the span of the word proper in a word."""
    start, end = 0, len(word)
    parts = [] if word.isalnum() else _ANY_APOSTROPHE.split(word)
    if len(parts) < 2:  # noqa: PLR2004 (there is nothing to cut off)
        return start, end
    prefixes, suffixes, suffixing = elision()
    while len(parts) > 1 and parts[0].lower() in prefixes:
        start += len(parts.pop(0)) + 1
    if lang in suffixing:
        end = start + len(parts[0])
    elif len(parts) > 1 and parts[-1].lower() in suffixes:
        end -= len(parts[-1]) + 1
    return start, end


class _Readings(dict[str, _Reading | None]):
    """Of a language's words their forms and the span of the word proper, None for those not to search for.

    They are kept for the next time as far as there is room, unless a word is a long one.
    """

    def __init__(self, lang: str) -> None:
        self._lang = lang

    def __missing__(self, word: str) -> _Reading | None:
        start, end = _without_elision(word, self._lang)
        forms = _forms(word[start : min(end, start + _LONGEST_READ)], self._lang)
        read = None if forms is None else (forms, start, end)
        if len(word) <= _LONGEST_READ:
            if len(self) >= _MOST_READ:
                self.clear()
            self[word] = read
        return read


@cache
def _readings(lang: str) -> _Readings:
    return _Readings(lang)


class _Pieces:
    """Pieces of a language's plain texts, between spaces, as far as they were met, by what is in them."""

    def __init__(self, lang: str) -> None:
        self._lang = lang
        self._met: tuple[set[str], dict[str, set[str]]] = set(), {}  # all, and those by term and stem

    def having(self, forms: AbstractSet[str], pieces: set[str]) -> set[str]:
        """Return the pieces with a word whose term or stem is one of these; of very long pieces all.

        Sets are compared as a whole, which takes a third less than looking at one piece after the other.
        """
        known, by_form = self._met
        if len(known) >= _MOST_READ:
            known, by_form = self._met = set(), {}
        found = set()
        for piece in pieces - known:
            if len(piece) > _LONGEST_READ:
                found.add(piece)
                continue
            for one, _, _ in _words(piece, self._lang):
                for form in (one.term, one.stem):
                    by_form.setdefault(form, set()).add(piece)
            known.add(piece)  # last: another thread may look
        for form in forms:
            found |= pieces & by_form.get(form, _NO_PIECES)
        return found


@cache
def _pieces(lang: str) -> _Pieces:
    return _Pieces(lang)


def _forms(word: str, lang: str) -> _Forms | None:
    """Return the forms of a word, or None for a stop word and for one of which nothing is left."""
    value = number(word)
    if value is not None:
        value = value[:MAX_TERM]
        return _Forms(term=value, stem=value, surface=value)
    surface = normal(word, lang)[:MAX_TERM]
    folded = fold(surface, lang)[:MAX_TERM]
    if not folded or folded in _stop_words(lang):
        return None
    term = _stem_without_accents(folded, lang)
    return _Forms(term=term, stem=term if surface == folded else _stem_without_accents(surface, lang), surface=surface)


def _stem_without_accents(word: str, lang: str) -> str:
    return fold(stem(word, lang), lang) or word


@cache
def _stop_words(lang: str) -> frozenset[str]:
    return frozenset(fold(word, lang) for word in stoplists.get(_STOP_LIST_OF.get(lang, lang), ()))
