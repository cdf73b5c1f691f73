"""Where sentences end: sentencex (Wikimedia's rules for some 300 languages) behind one function."""

from __future__ import annotations

import sentencex

from indexer.shared.text import Span

__all__ = ["sentence_spans"]


def sentence_spans(text: str, start: int, end: int, lang: str) -> list[Span]:
    """Return the sentences of `text[start:end]` as spans of `text`, without white space at their ends.

    A line break ends a sentence. Offsets are exact: sentencex gives its pieces in order and drops none.
    """
    spans = []
    position = start
    for line in text[start:end].split("\n"):
        offset = position
        for piece in sentencex.segment(lang, line) if line.strip() else ():
            stripped = piece.strip()
            first = text.index(stripped, offset, end)
            offset = first + len(stripped)
            if stripped:
                spans.append((first, offset))
        position += len(line) + 1
    return spans
