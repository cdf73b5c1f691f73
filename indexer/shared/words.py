"""Measuring text in words, in scripts with and without spaces."""

from __future__ import annotations

import regex

__all__ = ["count_words", "word_spans"]

_UNSPACED_LONG = r"\p{Han}\p{Hiragana}\p{Katakana}"
_UNSPACED_SHORT = r"\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_WORD = regex.compile(rf"[{_UNSPACED_LONG}]{{1,2}}|[{_UNSPACED_SHORT}]{{1,4}}|[^\s{_UNSPACED_LONG}{_UNSPACED_SHORT}]+")


def word_spans(text: str) -> list[tuple[int, int]]:
    """Return the spans of the words of a text, in code points.

    Where a script writes no spaces, two Chinese or Japanese characters, or four characters of Thai, Lao, Khmer or
    Burmese, stand for a word: about the average length of one.
    """
    return [match.span() for match in _WORD.finditer(text)]


def count_words(text: str) -> int:
    """Return how many words `word_spans` finds."""
    return len(word_spans(text))
