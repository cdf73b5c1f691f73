"""What a typed query says: a small parser of our own, whose work grows with the length of the query alone.

    open data            words, any of which may match
    "open data"          a phrase that must occur
    -health -"open data" words and phrases that must not occur
    lang:fr country:KR year:2016 year:2016-2018 id:UK0066
                         values of a field; several of one field are alternatives
    UK0066               a commitment ID, which is a word, too

Everything else is plain text: `or`, `NOT`, `*`, brackets, a lone quote, a minus inside a word, an unknown field.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import regex

from indexer.shared.analysis import Token, tokens
from indexer.shared.errors import QueryError
from indexer.shared.word_forms import primary_tag

__all__ = [
    "MAX_CLAUSES",
    "MAX_QUERY",
    "MAX_TERMS",
    "LocalQuery",
    "Query",
    "QueryFields",
    "in_language",
    "parse_query",
    "plain_query",
]

MAX_QUERY = 1_000
"""Longest query, in code points."""

MAX_TERMS = 64
"""Words of a query, and of a phrase, that are looked up; those after them reach only the encoder."""

MAX_CLAUSES = 16
"""Most phrases and exclusions in a query."""

_QUOTES = str.maketrans(dict.fromkeys("“”„‟«»＂", '"'))
_ITEM = regex.compile(
    r"""(?P<minus>(?<!\S)-)?"(?P<phrase>[^"]*)"
      | (?P<word_minus>(?<!\S)-(?=\w))?(?P<word>\S(?:(?!(?<!\w)"[^"]*")\S)*)  # ends where a phrase starts""",
    flags=regex.VERBOSE,
)
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
class Query:
    """A parsed query.

    `text` is what the encoder gets: words and phrases in their order, without exclusions and fields; empty if only
    `id:` was given. `terms` are the words and `phrases` the phrases as typed, `excluded` words and phrases alike.
    `commitment_ids` are the words that look like a commitment ID, and the values of `id:`, in upper case.
    """

    text: str
    terms: tuple[str, ...]
    phrases: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    fields: QueryFields = QueryFields()
    commitment_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalQuery:
    """A query as one language reads it; phrases and exclusions of which nothing is left are gone.

    `loose` are the tokens outside of phrases and `words` all tokens, each term once. An excluded word is a phrase of
    its tokens.
    """

    loose: tuple[Token, ...]
    words: tuple[Token, ...]
    phrases: tuple[tuple[Token, ...], ...]
    excluded: tuple[tuple[Token, ...], ...]


def parse_query(text: str) -> Query:
    """Return what a typed query says.

    Raises QueryError (field `q`) when it is too long, has too many phrases and exclusions, or nothing to search for.
    """
    if len(text) > MAX_QUERY:
        raise QueryError(f"at most {MAX_QUERY:,} characters are searched for, this has {len(text):,}", field="q")
    parts = _Parts()
    for match in _ITEM.finditer(_printable(text).translate(_QUOTES)):
        parts.add(match)
    query = parts.query()
    if len(query.phrases) + len(query.excluded) > MAX_CLAUSES:
        raise QueryError(f"at most {MAX_CLAUSES} quoted phrases and exclusions fit in one search", field="q")
    if not (query.terms or query.phrases or query.commitment_ids):
        raise QueryError(_nothing_to_search_for(text, query), field="q")
    return query


def plain_query(text: str) -> Query:
    """Return the query for a text that no one typed into a search box: a passage, a title, a question of a test set.

    Nothing in it is an operator: quotes, minuses and colons are plain text. It may be of any length; MAX_TERMS of its
    words are looked up. Raises QueryError (field `q`) when it has nothing to search for.
    """
    parts = _Parts()
    for word in _printable(text).split():
        parts.add_word(word)
    query = parts.query()
    if not query.terms:
        raise QueryError(_nothing_to_search_for(text, query), field="q")
    return query


@lru_cache(maxsize=512)
def in_language(query: Query, lang: str) -> LocalQuery:
    """Return the query as texts of one language (BCP-47 tag) are analysed, at most MAX_TERMS words of it."""
    phrases = _token_phrases(query.phrases, lang)
    loose = _distinct(token for term in query.terms for token in tokens(term, lang))
    return LocalQuery(
        loose=loose,
        words=_distinct([*(token for phrase in phrases for token in phrase), *loose]),
        phrases=phrases,
        excluded=_token_phrases(query.excluded, lang),
    )


def _token_phrases(texts: Iterable[str], lang: str) -> tuple[tuple[Token, ...], ...]:
    phrases = [tuple(tokens(text, lang)[:MAX_TERMS]) for text in texts]
    return tuple(phrase for phrase in phrases if phrase)


def _distinct(found: Iterable[Token]) -> tuple[Token, ...]:
    by_term: dict[str, Token] = {}
    for token in found:
        by_term.setdefault(token.term, token)
    return tuple(by_term.values())[:MAX_TERMS]


class _Parts:
    """Sorts the items of a query by what they mean."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._terms: list[str] = []
        self._phrases: list[str] = []
        self._excluded: list[str] = []
        self._fields: dict[str, list[Any]] = {name: [] for name in _FIELDS}

    def add(self, match: regex.Match[str]) -> None:
        phrase, word = match["phrase"], match["word"]
        if match["minus"] or match["word_minus"]:
            self._add_text(phrase or word or "", self._excluded)
        elif phrase is not None:
            self._add_text(phrase, self._phrases)
        elif not self._add_field(word):
            self.add_word(word)

    def add_word(self, word: str) -> None:
        """Take a word as it stands, whatever it looks like."""
        self._add_text(word, self._terms)

    def query(self) -> Query:
        ids = [_PUNCTUATION_AROUND.sub("", text).upper() for text in (*self._terms, *self._phrases)]
        fields = {name: tuple(dict.fromkeys(values)) for name, values in self._fields.items()}
        return Query(
            text=" ".join(self._texts) if self._terms or self._phrases else "",
            terms=tuple(self._terms[:MAX_TERMS]),
            phrases=tuple(self._phrases),
            excluded=tuple(self._excluded),
            fields=QueryFields(**fields),
            commitment_ids=tuple(dict.fromkeys([*fields["id"], *filter(_COMMITMENT_ID.fullmatch, ids)])),
        )

    def _add_text(self, text: str, kind: list[str]) -> None:
        if _LETTER_OR_DIGIT.search(text):
            kind.append(text.strip())
        if kind is not self._excluded and text.strip():
            self._texts.append(text.strip())

    def _add_field(self, word: str) -> bool:
        """Take the word as `field:value` if it is one of a known field, in its form."""
        name, _, typed = word.partition(":")
        value = _FIELDS[name.lower()](typed) if name.lower() in _FIELDS else None
        if value is not None:
            self._fields[name.lower()].append(value)
        return value is not None


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


def _printable(text: str) -> str:
    """Return the text in NFC, without control and invisible characters; spaces stay spaces."""
    kept = [" " if char.isspace() else char for char in text if _is_kept(char)]
    return unicodedata.normalize("NFC", "".join(kept))


def _is_kept(char: str) -> bool:
    return char.isspace() or char in _JOINERS or unicodedata.category(char) not in {"Cc", "Cf", "Cs"}


def _nothing_to_search_for(text: str, query: Query) -> str:
    if query.excluded:
        return "there are only words to leave out; add a word to search for"
    if query.fields != QueryFields():
        return "there are only filters; add a word to search for"
    if text.strip():
        return f"there is no word to search for in {text.strip()[:40]!r}"
    return "type some words to search for"
