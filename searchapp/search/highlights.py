"""Where the words of a query stand in a passage, across inflections and accents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from indexer.shared.analysis import Token, tokens
from searchapp.search.query import Query, in_language
from searchapp.search.results import Highlight

__all__ = ["word_highlights"]


def word_highlights(text: str, lang: str, query: Query) -> tuple[Highlight, ...]:
    """Return the spans of a passage that match words of the query, in order, apart from each other, in code points.

    Both are read as the passage's language (a BCP-47 tag) reads them. A quoted phrase is marked as a whole, and its
    words nowhere else. Pairs of characters that overlap or touch become one span.
    """
    found = tokens(text, lang)
    local = in_language(query, lang)
    single = [phrase[0] for phrase in local.phrases if len(phrase) == 1]
    spans = list(_word_spans(found, [*local.loose, *single]))
    for phrase in local.phrases:
        spans += _phrase_spans(found, phrase)
    return tuple(Highlight(start=start, end=end, kind="word") for start, end in _merged(spans))


def _word_spans(found: Iterable[Token], words: Iterable[Token]) -> Iterator[tuple[int, int]]:
    wanted = {form for word in words for form in (word.term, word.stem)}
    for token in found:
        if token.term in wanted or token.stem in wanted:
            yield token.start, token.end


def _phrase_spans(found: Sequence[Token], phrase: Sequence[Token]) -> Iterator[tuple[int, int]]:
    for first in range(len(found) - len(phrase) + 1):
        place = found[first : first + len(phrase)]
        if all(word.term in (token.term, token.stem) for word, token in zip(phrase, place, strict=True)):
            yield place[0].start, place[-1].end


def _merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
