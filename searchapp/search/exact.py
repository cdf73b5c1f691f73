"""Words that languages write alike: numbers, and rare names. They may lift a passage above those of other languages.

Fusion lets words reorder the passages of one language only. That buries the one passage that has the name or the
number asked for, if the query is in another language. So exact words give a passage a bonus on its cosine:

    idf      = log(1 + (N - df + 0.5) / (df + 0.5)), over all passages of all languages
    share    = sum of the idf of the exact words that the passage has / sum of the weights of the query's words
    bonus    = NUMBER_WEIGHT * share of numbers + max(0, share of names - ABOUT) / (1 - ABOUT)

A word weighs its idf; half of it if no text has it, and as a pair of characters, of which a word has about two. In a
long question a number is one hint among many, in "project 4711" it is what is asked for. A name counts only in a query
that is about it, for at least a third: in longer ones, names lift passages that merely mention them.

Names are told by how the index writes them: with a capital letter inside of sentences, in half of their passages or
more; words that have both letters and digits (COP26) are names, too. Rare is what at most RARE commitments have, and at
most RARE_SHARE of all: among five commitments no word is rare, and meaning finds its way. Exact
means the same letters and accents, whatever the capitals. Numbers need two digits, and their writing is made equal by
`analysis`. `python -m bench exact` shows what the bonus gives, and what it costs questions of other kinds.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from indexer.shared.analysis import Token
from indexer.shared.word_forms import number
from searchapp.search.keyword import Coverage
from searchapp.search.lexicon import Lexicon
from searchapp.search.local_query import plain_tokens
from searchapp.search.query import MAX_TERMS, Query

__all__ = ["ABOUT", "NUMBER_WEIGHT", "RARE", "RARE_SHARE", "ExactShares", "ExactWords"]

NUMBER_WEIGHT = 0.75
ABOUT = 1 / 3
RARE = 3
RARE_SHARE = 0.02

_PARTIAL = 0.5
_FEWEST_DIGITS = 2
_REMEMBERED = 4096  # words that were asked for last: some 2 MB

Kind = Literal["number", "name"]

Scores = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Word:
    """A word of the query, its weight, and what kind of exact word it is, if it is one."""

    surface: str
    weight: float
    kind: Kind | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExactShares:
    """The shares of a query's words that each row has by kind, float32 `(rows,)`, and the weight of all its words.

    Where `none` of the words is exact, all shares are 0.
    """

    number: Scores
    name: Scores
    weight: float
    none: bool

    @property
    def coverage(self) -> Coverage:
        """How much of the query's words are numbers and names that each row has."""
        share = self.number + self.name
        return Coverage(share=share, idf=share * np.float32(self.weight))

    @property
    def bonus(self) -> Scores:
        """What is added to each row's cosine, float32 `(rows,)`, from 0 to 1."""
        names = np.maximum(0, self.name - np.float32(ABOUT)) / np.float32(1 - ABOUT)
        bonus: Scores = np.float32(NUMBER_WEIGHT) * self.number + names
        return bonus


class ExactWords:
    """The numbers and names of one opened keyword index. Safe to use from several threads."""

    def __init__(self, lexicon: Lexicon, commitment: npt.NDArray[np.int32]) -> None:
        """Take the words of an index, and the number of each row's commitment, int32 `(rows,)`."""
        self._lexicon = lexicon
        self._commitment = commitment
        chunks = np.bincount(commitment)
        self._rare = min(RARE, RARE_SHARE * np.count_nonzero(chunks))
        self._most = self._rare * chunks.max(initial=0)  # rows that so many commitments can have
        self._remembered = lru_cache(_REMEMBERED)(self._word)

    def shares(self, query: Query) -> ExactShares:
        """Return how much of a query is exact words that each row has."""
        words = list(self._words(query))
        total = sum(word.weight for word in words)
        kinds: tuple[Kind, ...] = get_args(Kind)
        shares = {kind: np.zeros(len(self._commitment), dtype=np.float32) for kind in kinds}
        for word in words:
            if word.kind is not None:
                shares[word.kind][self._lexicon.rows_written(word.surface)] += np.float32(word.weight / total)
        none = all(word.kind is None for word in words)
        return ExactShares(number=shares["number"], name=shares["name"], weight=total, none=none)

    def _words(self, query: Query) -> Iterator[_Word]:
        """Yield the distinct words of the query, read as no language in particular."""
        distinct = {token.term: token for token in plain_tokens(query)}
        for token in list(distinct.values())[:MAX_TERMS]:
            yield self._remembered(token)

    def _word(self, token: Token) -> _Word:
        written = self._lexicon.frequency_written(token.surface)
        frequency = written or self._lexicon.frequency(token)
        partial = not frequency or not token.surface
        return _Word(
            surface=token.surface,
            weight=self._idf(frequency) * (_PARTIAL if partial else 1),
            kind=self._kind(token.surface, written),
        )

    def _kind(self, surface: str, written: int) -> Kind | None:
        """Return what kind of exact word one is that so many rows have."""
        digits = sum(map(str.isdigit, surface))
        if number(surface) is not None:
            return "number" if digits >= _FEWEST_DIGITS else None
        if not 0 < written <= self._most or not (digits or 2 * self._lexicon.written_as_name(surface) >= written):
            return None
        commitments = np.unique(self._commitment[self._lexicon.rows_written(surface)])
        return "name" if len(commitments) <= self._rare else None

    def _idf(self, frequency: int) -> float:
        return math.log(1 + (len(self._commitment) - frequency + 0.5) / (frequency + 0.5))
