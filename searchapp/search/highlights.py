"""Where a passage matches a query: its words, across inflections and accents, and the sentence nearest in meaning."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

import numpy as np
import numpy.typing as npt

from indexer.shared.analysis import Token, spans_of, tokens
from indexer.shared.word_forms import fold, primary_tag
from searchapp.search.local_query import in_language
from searchapp.search.query import Query
from searchapp.search.results import Highlight

__all__ = ["nearest_sentence", "sentence_highlight", "word_highlights"]

_FEWEST = 3
"""Sentences among which one can stand out: of two, each lies one standard deviation from their mean."""


def word_highlights(text: str, lang: str, query: Query) -> tuple[Highlight, ...]:
    """Return the spans of a passage that match words of the query, in order, apart from each other, in code points.

    Both are read as the passage's language (a BCP-47 tag) reads them. A quoted phrase is marked as a whole, and its
    words nowhere else. Words that start as one with a star does are marked, and those used for a misspelt one. Pairs of
    characters that overlap or touch become one span.
    """
    local = in_language(query, lang)
    single = [phrase[0] for phrase in local.phrases if len(phrase) == 1]
    words = [*local.loose, *single, *chain.from_iterable(near.tokens for near in local.near)]
    spans = spans_of({form for word in words for form in (word.term, word.stem)}, text, lang)
    if local.prefixes or local.phrases:
        found = tokens(text, lang)
        spans += [(token.start, token.end) for token in found if _starts(token, lang, local.prefixes)]
        for phrase in local.phrases:
            spans += _phrase_spans(found, phrase)
    return tuple(Highlight(start=start, end=end, kind="word") for start, end in _merged(spans))


def sentence_highlight(spans: npt.NDArray[np.int32], scores: npt.NDArray[np.float32]) -> tuple[Highlight, ...]:
    """Return the sentence of a passage that means most nearly what the query does; none where none stands out.

    `spans` is int32 `(sentences, 2)`, `scores` their similarities to the query, float32 `(sentences,)`. Some sentence
    of a passage is always the nearest, be it by a hair. It stands out when its similarity lies more than a standard
    deviation above the mean of the passage's: what counts as much is read off the passage, whatever the encoder, the
    language and the query. One or two sentences never do. To be nearer than the whole passage is no sign: where the
    title matches too, even the right sentence isn't.
    """
    if len(scores) < _FEWEST:
        return ()
    values = scores.tolist()  # for which numpy takes several times as long
    mean = sum(values) / len(values)
    if max(values) <= mean + math.sqrt(sum((value - mean) ** 2 for value in values) / len(values)):
        return ()
    return nearest_sentence(spans, scores)


def nearest_sentence(spans: npt.NDArray[np.int32], scores: npt.NDArray[np.float32]) -> tuple[Highlight, ...]:
    """Return the sentence of the highest score, whether or not it stands out; spans and scores as above.

    None where the passage is one sentence, which would be marked whole.
    """
    if len(scores) < 2:  # noqa: PLR2004 (one sentence is the whole)
        return ()
    start, end = spans[int(scores.argmax())]
    return (Highlight(start=int(start), end=int(end), kind="semantic"),)


def _starts(token: Token, lang: str, prefixes: tuple[str, ...]) -> bool:
    return token.term.startswith(prefixes) or fold(token.surface, primary_tag(lang)).startswith(prefixes)


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
