"""Which words of a text are written like names: with a capital letter where the rules of the sentence ask for none.

No text alone can tell that a word is a name: headings capitalise common words, too. So the keyword index keeps in how
many passages a word stands like this, and the search compares it with how many have the word at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from indexer.shared.analysis import Token
from indexer.shared.word_forms import APOSTROPHES, primary_tag

__all__ = ["written_as_names"]

_CAPITAL_NOUNS = frozenset({"de", "lb"})
"""Languages that give every noun a capital letter, which therefore says nothing."""

_INSIDE = frozenset(f",(-\u2010\u2011{APOSTROPHES}")
"""What stands before a word inside of a sentence, besides letters and digits."""


def written_as_names(text: str, found: Sequence[Token], lang: str) -> Iterator[Token]:
    """Yield those of a text's words that have a capital letter inside of a sentence."""
    if primary_tag(lang) in _CAPITAL_NOUNS:
        return
    for token in found:
        if token.surface and text[token.start].isupper() and _is_inside(text, token.start):
            yield token


def _is_inside(text: str, start: int) -> bool:
    before = text[max(0, start - 2) : start].rstrip(" ")[-1:]
    return before.isalnum() or before in _INSIDE
