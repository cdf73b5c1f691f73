"""Words that a query has in part or misspelt: what it may have meant by a word that no text has.

A word is misspelt if no row of any language has it, by term or stem, and no language of the index takes it for a stop
word. What is near it is looked for among the words of all languages, as they are written: one edit away for words of
MIN_LETTERS letters, two for those of LETTERS_FOR_TWO. The words of the fewest edits are taken, the most frequent first.

Both bounds are measured, on three corpora in 2, 12 and 25 languages. Of right words that an index lacks, a third or so
at most have something near them within these bounds; at four letters, or with two edits at six, more than half would.
Of words with one edit, 19 in 20 have the word meant as the first near one; of long ones with two, 9 in 10.

Numbers, IDs and whatever has a digit, quoted words, exclusions and words with a star are left as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from indexer.shared.analysis import Token, last_word
from searchapp.search.lexicon import Lexicon
from searchapp.search.local_query import term_tokens
from searchapp.search.query import Correction, Query, replace_words

__all__ = ["LETTERS_FOR_TWO", "MAX_CORRECTIONS", "MAX_NEAR", "MIN_LETTERS", "corrected", "spelt_out"]

MIN_LETTERS = 5
LETTERS_FOR_TWO = 8

MAX_NEAR = 3
"""Words that are searched for in the place of a misspelt one, in all languages together."""

MAX_CORRECTIONS = 4
"""Words of a query that are corrected, the first ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Word:
    """A word of the query as typed, how many edits it may be away from another, and the languages that know it."""

    text: str
    edits: int
    langs: frozenset[str]


def corrected(query: Query, lexicon: Lexicon, *, across: bool) -> Query:
    """Return the query with the corrections of its misspelt words, in their order.

    Without `across`, a word is only corrected into languages that know half of the query's other words: a word that is
    right in a language of its own, which the index lacks, is not for words to bridge where meaning does.
    """
    ids = {commitment_id.casefold() for commitment_id in query.commitment_ids}
    terms = [term for term in query.terms if term.casefold() not in ids]
    if all(_is_known(term, lexicon) for term in terms):
        return query
    words = [word for term in terms for word in _words(term, lexicon)]
    misspelt = {word.text: word for word in words if word.edits and not word.langs}
    found = []
    for word in list(misspelt.values())[:MAX_CORRECTIONS]:
        near = _near(word, lexicon, lexicon.langs if across else _knowing_others(word, words, lexicon.langs))
        if near:
            found.append(Correction(word=word.text, near=near))
    return replace(query, corrections=tuple(found)) if found else query


def spelt_out(query: Query, lexicon: Lexicon) -> Query:
    """Return the query with the most frequent word that starts so in its text, in the place of each that had a star."""
    words = {prefix: _spelt_out(prefix, lexicon) for prefix in query.prefixes}
    return replace(query, text=replace_words(query.text, words)) if words else query


def _spelt_out(prefix: str, lexicon: Lexicon) -> str:
    ends = {lang: last_word(prefix, lang) for lang in lexicon.langs}
    found = [(*lexicon.most_frequent(lang, start), at) for lang, (at, start) in ends.items()]
    rows, word, at = max(found, default=(0, "", 0))
    return prefix[:at] + word if rows else prefix


def _is_known(term: str, lexicon: Lexicon) -> bool:
    """Return whether no word of a term can be misspelt; languages are asked until one knows it."""
    return all(
        not _edits(token.surface)
        or any(_knows(lexicon, lang, term_tokens(term, lang), token) for lang in lexicon.langs)
        for token in term_tokens(term, "")
    )


def _words(term: str, lexicon: Lexicon) -> Iterator[_Word]:
    readings = {lang: term_tokens(term, lang) for lang in lexicon.langs}
    for token in term_tokens(term, ""):
        known = (lang for lang, found in readings.items() if _knows(lexicon, lang, found, token))
        yield _Word(text=term[token.start : token.end], edits=_edits(token.surface), langs=frozenset(known))


def _knows(lexicon: Lexicon, lang: str, found: Sequence[Token], word: Token) -> bool:
    same = [token for token in found if token.start < word.end and word.start < token.end]
    return not same or any(lexicon.has(lang, token) for token in same)


def _knowing_others(word: _Word, words: Sequence[_Word], langs: Sequence[str]) -> list[str]:
    others = [other for other in words if other.text != word.text]
    return [lang for lang in langs if 2 * sum(lang in other.langs for other in others) >= len(others)]


def _near(word: _Word, lexicon: Lexicon, langs: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Return the nearest words as pairs of language and word."""
    folded = {lang: last_word(word.text, lang)[1] for lang in langs}
    found = [(near, lang) for lang in langs for near in lexicon.near(lang, folded[lang], word.edits)]
    fewest = min((near.edits for near, _ in found), default=0)
    nearest = sorted((-near.rows, near.word, lang) for near, lang in found if near.edits == fewest)
    return tuple((lang, near) for _, near, lang in nearest[:MAX_NEAR])


def _edits(word: str) -> int:
    """Return how many edits away a word may be from what was meant; 0 for what is not corrected."""
    if len(word) < MIN_LETTERS or any(map(str.isdigit, word)):
        return 0
    return 1 if len(word) < LETTERS_FOR_TWO else 2
