"""Cutting a document's sections into chunks of 80 to 150 words that end where sentences end.

Sizes follow a measurement on the seed pages: chunks of 80-150 words found the right commitment more often than
chunks of 250 words, and more often still with the commitment's title in front (see `passage_text`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from indexer.sentences import sentence_spans
from indexer.shared.records import Chunk, Document, Section
from indexer.shared.text import Span
from indexer.shared.words import count_words, word_spans

if TYPE_CHECKING:
    from indexer.shared.encoder import Encoder

__all__ = ["MAX_WORDS", "MIN_WORDS", "TokenLimit", "chunk_document", "passage_text"]

MIN_WORDS = 80
MAX_WORDS = 150
_TARGET_WORDS = (MIN_WORDS + MAX_WORDS) // 2
_CONTEXT_WORDS = 40
_CUT_INSIDE_PARAGRAPH = 40.0**2  # as bad as a chunk that is 40 words off the target
_UNSEARCHED_SECTIONS = frozenset({"at_glance", "notes"})
"""Shown, not searched: the one repeats the facts, the other cites what others have done and written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenLimit:
    """How long a passage may be for an encoder: `count(passages)` gives tokens, of which it reads `limit`."""

    count: Callable[[Sequence[str]], list[int]]
    limit: int

    @classmethod
    def of(cls, encoder: Encoder) -> TokenLimit:
        """Return the limit of an encoder."""
        return cls(count=encoder.count_tokens, limit=encoder.max_tokens)


def passage_text(document: Document, section: Section, text: str) -> str:
    """Return what the encoder reads for a chunk: the commitment's title and the section's heading, then the chunk."""
    context = [_head(part) for part in (document.title, section.heading) if part]
    return "\n".join([*context, text])


def chunk_document(document: Document, tokens: TokenLimit | None = None) -> list[Chunk]:
    """Return the chunks of a document in the order of its text.

    A section shorter than 80 words is one chunk. A chunk is longer than 150 words never, and shorter than 80 only
    where its section or its sentences leave no choice. With `tokens`, no passage exceeds the encoder's limit.
    """
    searched = [section for section in document.sections if section.kind not in _UNSEARCHED_SECTIONS]
    spans = [
        (section, span)
        for section in searched or document.sections
        for span in _section_spans(document, section, tokens)
    ]
    return [Chunk.of(document, section, number, span) for number, (section, span) in enumerate(spans)]


def _head(text: str) -> str:
    """Return the first words of a title or heading, so that context never crowds out the passage."""
    spans = word_spans(text)
    return text if len(spans) <= _CONTEXT_WORDS else text[: spans[_CONTEXT_WORDS - 1][1]]


def _section_spans(document: Document, section: Section, tokens: TokenLimit | None) -> Iterator[Span]:
    sentences = sentence_spans(document.text, section.start, section.end, section.lang or document.lang)
    pieces = [piece for span in sentences for piece in _short_pieces(document.text, span)]
    for first, last in _pack(document.text, pieces):
        span = (pieces[first][0], pieces[last - 1][1])
        yield from [span] if tokens is None else _within_limit(document, section, span, tokens)


def _short_pieces(text: str, span: Span) -> Iterator[Span]:
    """Halve a sentence until no part has more than 150 words."""
    if count_words(text[span[0] : span[1]]) <= MAX_WORDS:
        yield span
        return
    for half in _halves(text, span):
        yield from _short_pieces(text, half)


def _halves(text: str, span: Span) -> tuple[Span, Span]:
    """Cut a span in two, before its middle word; a single word in its middle."""
    start, end = span
    words = word_spans(text[start:end])
    middle = start + words[len(words) // 2][0] if len(words) > 1 else (start + end) // 2
    return (start, start + len(text[start:middle].rstrip())), (middle, end)


def _pack(text: str, pieces: Sequence[Span]) -> list[tuple[int, int]]:
    """Group consecutive pieces into runs `[first, last)` whose sizes are as near to 115 words as possible.

    Dynamic programming over the last cut: the sum of squared deviations from the target is smallest, runs above
    150 words are impossible, and a cut at a paragraph's end is preferred to one inside it.
    """
    sizes = [count_words(text[start:end]) for start, end in pieces]
    best: list[tuple[float, int]] = [(0.0, 0)]
    for last in range(1, len(pieces) + 1):
        options = []
        size = 0
        for first in range(last - 1, -1, -1):
            size += sizes[first]
            if size > MAX_WORDS and first < last - 1:
                break
            cost = (size - _TARGET_WORDS) ** 2 + _cut_cost(text, pieces, last)
            options.append((best[first][0] + cost, first))
        best.append(min(options))
    return _cuts(best)


def _cuts(best: Sequence[tuple[float, int]]) -> list[tuple[int, int]]:
    runs = []
    last = len(best) - 1
    while last > 0:
        first = best[last][1]
        runs.append((first, last))
        last = first
    return runs[::-1]


def _cut_cost(text: str, pieces: Sequence[Span], last: int) -> float:
    """Return the price of cutting before piece `last`: nothing at a paragraph's end."""
    if last == len(pieces):
        return 0.0
    return 0.0 if "\n" in text[pieces[last - 1][1] : pieces[last][0]] else _CUT_INSIDE_PARAGRAPH


def _within_limit(document: Document, section: Section, span: Span, tokens: TokenLimit) -> Iterator[Span]:
    """Halve a span until the encoder can read it whole together with its context."""
    [length] = tokens.count([passage_text(document, section, document.text[span[0] : span[1]])])
    if length <= tokens.limit or span[1] - span[0] < 2:  # noqa: PLR2004 (a single character can't be cut)
        yield span
        return
    for half in _halves(document.text, span):
        yield from _within_limit(document, section, half, tokens)
