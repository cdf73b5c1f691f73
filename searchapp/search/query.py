"""What a typed query says: a small parser of our own, whose work grows with the length of the query alone.

    open data            words, any of which may match
    "open data"          a phrase that must occur
    transpar*            words that start so
    -health -"open data" words and phrases that must not occur; -transpar* works, too
    lang:fr country:KR year:2016 year:2016-2018 id:UK0066
                         values of a field; several of one field are alternatives
    UK0066               a commitment ID, which is a word, too

A star ends a word after three letters or more. It is refused after fewer and inside a word, where it would promise
what isn't done; elsewhere, as alone, doubled or inside a phrase, it is punctuation. Where a language writes no spaces,
words are found inside longer ones anyway, and a star changes nothing.

Everything else is plain text: `or`, `NOT`, brackets, a lone quote, a minus inside a word, an unknown field.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import regex

from indexer.shared.analysis import last_word
from indexer.shared.errors import QueryError
from indexer.shared.settings import number
from indexer.shared.word_forms import GROUPED_NUMBER, primary_tag

__all__ = [
    "MAX_CLAUSES",
    "MAX_QUERY",
    "MAX_TERMS",
    "MIN_PREFIX",
    "Correction",
    "Query",
    "QueryFields",
    "parse_query",
    "plain_query",
    "replace_words",
    "respelt",
]

MAX_QUERY = number("max-query")
"""Longest query, in code points."""

MAX_TERMS = number("max-terms")
"""Words of a query, and of a phrase, that are looked up; those after them reach only the encoder."""

MAX_CLAUSES = number("max-clauses")
"""Most phrases, exclusions and words with a star in a query."""

MIN_PREFIX = 3
"""Letters that a word with a star needs."""

_QUOTES = str.maketrans(dict.fromkeys("“”„‟«»＂", '"'))
_NUMBER = rf"{GROUPED_NUMBER}[^\s\p{{L}}\p{{N}}\"]*+(?!\S)"
_ITEM = regex.compile(
    r'(?P<minus>(?<!\S)-)?"(?P<phrase>[^"]*)"'
    rf"|(?P<word_minus>(?<!\S)-(?=\w))?(?P<word>{_NUMBER}"
    r'|\S(?:(?!(?<!\w)"[^"]*")\S)*)'  # ends where a phrase starts
)
_PLAIN_NUMBER = regex.compile(_NUMBER)
_PLAIN_WORD = regex.compile(rf"{_NUMBER}|\S+")
_STAR_INSIDE = regex.compile(r"[\p{L}\p{M}\p{N}]\*+[\p{L}\p{N}]")
_PREFIX = regex.compile(r"[^\p{L}\p{N}*]*+([^*]*[\p{L}\p{M}\p{N}])\*[^\p{L}\p{N}*]*+")
_COMMITMENT_ID = regex.compile(r"[a-z][a-z0-9]*[-_.]?[0-9]{3,}", flags=regex.IGNORECASE)
_LETTER_OR_DIGIT = regex.compile(r"[\p{L}\p{N}]")
_PUNCTUATION_AROUND = regex.compile(r"^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$")
_JOINERS = "\u200c\u200d"


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryFields:
    """Values asked for by field: lower-case language tags, upper-case countries and IDs, first and last years."""

    lang: tuple[str, ...] = ()
    country: tuple[str, ...] = ()
    year: tuple[tuple[int, int], ...] = ()
    id: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """A word as typed, which no text has, and what is searched for too: pairs of a language and a word of it."""

    word: str
    near: tuple[tuple[str, str], ...]

    @property
    def used(self) -> tuple[str, ...]:
        """The words searched for, each once, the best first."""
        return tuple(dict.fromkeys(word for _, word in self.near))


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A parsed query.

    `text` is what the encoder gets: words and phrases in their order, without exclusions, fields and stars; empty if
    only `id:` was given. `terms` are the words and `phrases` the phrases as typed, `excluded` words and phrases alike;
    `prefixes` and `excluded_prefixes` are words that had a star, without it. `commitment_ids` are the words that look
    like a commitment ID, and the values of `id:`, in upper case. `corrections` are none until an index has been asked.
    """

    text: str
    terms: tuple[str, ...]
    phrases: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    excluded_prefixes: tuple[str, ...] = ()
    fields: QueryFields = QueryFields()
    commitment_ids: tuple[str, ...] = ()
    corrections: tuple[Correction, ...] = ()

    @property
    def browses(self) -> bool:
        """Whether nothing is searched for: all that passes the filters is wanted."""
        return not (self.terms or self.phrases or self.prefixes or self.commitment_ids)


def parse_query(text: str) -> Query:
    """Return what a typed query says.

    Raises QueryError (field `q`) when it is too long, has too many phrases, exclusions and stars, a star that can't be
    answered, or neither something to search for nor a filter.
    """
    if len(text) > MAX_QUERY:
        raise QueryError(f"at most {MAX_QUERY:,} characters are searched for, this has {len(text):,}", field="q")
    parts = _Parts()
    for match in _ITEM.finditer(_readable(text)):
        parts.add(match)
    query = parts.query()
    if len(query.phrases) + len(query.excluded) + len(query.prefixes) + len(query.excluded_prefixes) > MAX_CLAUSES:
        raise QueryError(f"at most {MAX_CLAUSES} quoted phrases, exclusions and stars fit in one search", field="q")
    if query.browses and (query.fields == QueryFields() or query.excluded or query.excluded_prefixes):
        raise QueryError(_nothing_to_search_for(text, query), field="q")
    return query


def plain_query(text: str) -> Query:
    """Return the query for a text that no one typed into a search box: a passage, a title, a question of a test set.

    Nothing in it is an operator: quotes, minuses, colons and stars are plain text. It may be of any length; MAX_TERMS
    of its words are looked up. Raises QueryError (field `q`) when it has nothing to search for.
    """
    parts = _Parts()
    for word in _PLAIN_WORD.findall(_printable(text)):
        parts.add_word(word)
    query = parts.query()
    if not query.terms:
        raise QueryError(_nothing_to_search_for(text, query), field="q")
    return query


def respelt(text: str, corrections: Iterable[Correction]) -> str:
    """Return a typed query with the best correction in the place of each misspelt word; all else stays."""
    best = {correction.word: correction.used[0] for correction in corrections}

    def corrected(match: regex.Match[str]) -> str:
        typed = match["word"]
        if (
            typed is None
            or match["word_minus"]
            or "*" in typed
            or _field_value(typed)
            or _PLAIN_NUMBER.fullmatch(typed)
        ):
            return match[0]
        return replace_words(match[0], best)

    return _ITEM.sub(corrected, _readable(text)) if best else text


def replace_words(text: str, words: Mapping[str, str]) -> str:
    """Return a text with some words replaced by others, where they stand by themselves."""
    wanted = "|".join(map(regex.escape, words))
    word = regex.compile(rf"(?<![\p{{L}}\p{{M}}\p{{N}}])(?:{wanted})(?![\p{{L}}\p{{M}}\p{{N}}])")
    return word.sub(lambda found: words[found[0]], text) if words else text


class _Parts:
    """Sorts the items of a query by what they mean."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._terms: list[str] = []
        self._phrases: list[str] = []
        self._excluded: list[str] = []
        self._prefixes: list[str] = []
        self._excluded_prefixes: list[str] = []
        self._fields: dict[str, list[Any]] = {name: [] for name in _FIELDS}

    def add(self, match: regex.Match[str]) -> None:
        phrase, word = match["phrase"], match["word"]
        excluded = bool(match["minus"] or match["word_minus"])
        if phrase is not None:
            self._add_text(phrase, self._phrases, excluded=excluded)
        elif excluded or not self._add_field(word):
            self._add_typed(word, excluded=excluded)

    def add_word(self, word: str) -> None:
        """Take a word as it stands, whatever it looks like."""
        self._add_text(word, self._terms)

    def query(self) -> Query:
        ids = [_PUNCTUATION_AROUND.sub("", text).upper() for text in (*self._terms, *self._phrases)]
        fields = {name: tuple(dict.fromkeys(values)) for name, values in self._fields.items()}
        return Query(
            text=" ".join(self._texts) if self._terms or self._phrases or self._prefixes else "",
            terms=tuple(self._terms[:MAX_TERMS]),
            phrases=tuple(self._phrases),
            excluded=tuple(self._excluded),
            prefixes=tuple(self._prefixes),
            excluded_prefixes=tuple(self._excluded_prefixes),
            fields=QueryFields(**fields),
            commitment_ids=tuple(dict.fromkeys([*fields["id"], *filter(_COMMITMENT_ID.fullmatch, ids)])),
        )

    def _add_typed(self, word: str, *, excluded: bool) -> None:
        """Take a word that may have a star."""
        if _STAR_INSIDE.search(word):
            raise QueryError(f"a star can only end a word, as in innova*; this is {word[:40]!r}", field="q")
        starred = _PREFIX.fullmatch(word)
        text = starred[1] if starred else word
        start = last_word(text, "")[1] if starred else ""
        if 0 < len(start) < MIN_PREFIX:
            raise QueryError(
                f"at least {MIN_PREFIX} letters must stand before a star, as in innova*; this is {word[:40]!r}",
                field="q",
            )
        if start and excluded:
            self._excluded_prefixes.append(text)
        elif start:
            self._add_text(text, self._prefixes)
        else:
            self._add_text(text, self._terms, excluded=excluded)

    def _add_text(self, text: str, kind: list[str], *, excluded: bool = False) -> None:
        text = text.strip()
        if _LETTER_OR_DIGIT.search(text):
            (self._excluded if excluded else kind).append(text)
        if text and not excluded:
            self._texts.append(text)

    def _add_field(self, word: str) -> bool:
        """Take the word as `field:value` if it is one of a known field, in its form."""
        found = _field_value(word)
        if found is not None:
            name, value = found
            self._fields[name].append(value)
        return found is not None


def _field_value(word: str) -> tuple[str, object] | None:
    name, _, typed = word.partition(":")
    value = _FIELDS[name.lower()](typed) if name.lower() in _FIELDS else None
    return None if value is None else (name.lower(), value)


def _lang(typed: str) -> str | None:
    return primary_tag(typed) if regex.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]+)*+", typed) else None


def _country(typed: str) -> str | None:
    return typed.upper() if regex.fullmatch(r"[A-Za-z]{2}", typed) else None


def _year(typed: str) -> tuple[int, int] | None:
    years = regex.fullmatch(r"([0-9]{4})(?:-([0-9]{4}))?", typed)
    return (int(years[1]), int(years[2] or years[1])) if years else None


def _id(typed: str) -> str | None:
    return typed.upper() if regex.fullmatch(r"[\w.-]+", typed) else None


_FIELDS: Mapping[str, Callable[[str], object | None]] = {"lang": _lang, "country": _country, "year": _year, "id": _id}


def _readable(text: str) -> str:
    """Return a typed text with `"` for every kind of quotation mark."""
    return _printable(text).translate(_QUOTES)


def _printable(text: str) -> str:
    """Return the text in NFC, without control and invisible characters; spaces stay spaces."""
    kept = [" " if char.isspace() else char for char in text if _is_kept(char)]
    return unicodedata.normalize("NFC", "".join(kept))


def _is_kept(char: str) -> bool:
    return char.isspace() or char in _JOINERS or unicodedata.category(char) not in {"Cc", "Cf", "Cs"}


def _nothing_to_search_for(text: str, query: Query) -> str:
    if query.excluded or query.excluded_prefixes:
        return "there are only words to leave out; add a word to search for"
    if text.strip():
        return f"there is no word to search for in {text.strip()[:40]!r}"
    return "type some words to search for"
