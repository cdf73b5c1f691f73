"""How each language reads a query: as the tokens that its texts are indexed by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from indexer.shared.analysis import Token, last_word, tokens
from indexer.shared.word_forms import primary_tag
from searchapp.search.query import MAX_TERMS, Correction, Query

__all__ = ["LocalQuery", "NearWords", "Prefix", "in_language", "plain_tokens", "term_tokens"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prefix:
    """What words start with, folded, and the tokens that stand before it, as `e` does in `e-gov*`."""

    start: str
    before: tuple[Token, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NearWords:
    """The tokens that stand for a misspelt word, and its own terms, which no text has."""

    tokens: tuple[Token, ...]
    terms: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalQuery:
    """A query as one language reads it; phrases and exclusions of which nothing is left are gone.

    `loose` are the tokens outside of phrases and `words` all tokens, each term once. An excluded word is a phrase of
    its tokens. `near` holds the corrections into this language.
    """

    loose: tuple[Token, ...]
    words: tuple[Token, ...]
    phrases: tuple[tuple[Token, ...], ...]
    excluded: tuple[tuple[Token, ...], ...]
    prefixes: tuple[str, ...]
    excluded_prefixes: tuple[Prefix, ...]
    near: tuple[NearWords, ...]


@lru_cache(maxsize=16_384)
def term_tokens(term: str, lang: str) -> tuple[Token, ...]:
    """Return the tokens of one word of a query in a language; the words that people type are mostly the same."""
    return tuple(tokens(term, lang))


def plain_tokens(query: Query) -> list[Token]:
    """Return the tokens of a query's words and phrases, read as no language in particular."""
    phrases = (token for phrase in query.phrases for token in tokens(phrase, ""))
    return [*(token for term in query.terms for token in term_tokens(term, "")), *phrases]


@lru_cache(maxsize=512)
def in_language(query: Query, lang: str) -> LocalQuery:
    """Return the query as texts of one language (BCP-47 tag) are analysed, at most MAX_TERMS words of it."""
    phrases = _token_phrases(query.phrases, lang)
    prefixes = _prefixes(query.prefixes, lang)
    loose = _distinct(
        [
            *(token for term in query.terms for token in term_tokens(term, lang)),
            *(token for prefix in prefixes for token in prefix.before),
        ]
    )
    words = _distinct([*(token for phrase in phrases for token in phrase), *loose])
    corrections = query.corrections if len(words) < MAX_TERMS else ()  # whose words must be among these
    return LocalQuery(
        loose=loose,
        words=words,
        phrases=phrases,
        excluded=_token_phrases(query.excluded, lang),
        prefixes=tuple(dict.fromkeys(prefix.start for prefix in prefixes)),
        excluded_prefixes=_prefixes(query.excluded_prefixes, lang),
        near=tuple(_near_words(corrections, lang)),
    )


def _near_words(corrections: Iterable[Correction], lang: str) -> Iterator[NearWords]:
    for correction in corrections:
        near = [word for tag, word in correction.near if tag == primary_tag(lang)]
        found = tuple(token for word in near for token in tokens(word, lang))
        if found:
            yield NearWords(tokens=found, terms=frozenset(token.term for token in tokens(correction.word, lang)))


def _prefixes(texts: Iterable[str], lang: str) -> tuple[Prefix, ...]:
    ends = [(text, *last_word(text, lang)) for text in texts]
    return tuple(
        Prefix(start=start, before=tuple(token for token in tokens(text, lang) if token.end <= at))
        for text, at, start in ends
        if start
    )


def _token_phrases(texts: Iterable[str], lang: str) -> tuple[tuple[Token, ...], ...]:
    phrases = [tuple(tokens(text, lang)[:MAX_TERMS]) for text in texts]
    return tuple(phrase for phrase in phrases if phrase)


def _distinct(found: Iterable[Token]) -> tuple[Token, ...]:
    by_term: dict[str, Token] = {}
    for token in found:
        by_term.setdefault(token.term, token)
    return tuple(by_term.values())[:MAX_TERMS]
