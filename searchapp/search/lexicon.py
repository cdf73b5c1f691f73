"""The words of a keyword index by how they are written: those that start alike, and those that are nearly the same.

Words are compared without accents, as `analysis` folds them in their language, and neither stemmed nor translated.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from rapidfuzz import process
from rapidfuzz.distance import OSA

from indexer.shared.analysis import NAMES_FIELD, Token, surface_field, words_field
from indexer.shared.word_forms import fold
from searchapp.engines.base import PostingSource

__all__ = ["MAX_EXPANSIONS", "Lexicon", "NearWord"]

MAX_EXPANSIONS = 256
"""Terms of one language that a prefix stands for, the most frequent first."""

_HIGHEST = "\U0010ffff"

Numbers = npt.NDArray[np.int64]
Rows = npt.NDArray[np.int32]
Weights = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class NearWord:
    """A word of the index as it is written there, how many edits it is away, and how many rows have it."""

    word: str
    edits: int
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Surfaces:
    """The words of a language without their accents, sorted, and the numbers of their terms, int64 `(words,)`."""

    folded: Sequence[str]
    numbers: Numbers

    def between(self, low: str, high: str) -> slice:
        return slice(bisect_left(self.folded, low), bisect_left(self.folded, high))


class Lexicon:
    """The terms of one opened keyword index. A language is read when it is first needed; threads may share it."""

    def __init__(self, postings: PostingSource, vocabularies: Mapping[str, Mapping[bytes, int]]) -> None:
        """`vocabularies` holds the numbers of the terms of each field."""
        self.langs = postings.langs
        self._postings = postings
        self._vocabularies = vocabularies
        self._by_lang: dict[str, _Surfaces] = {}
        self._words_fields = [words_field(lang) for lang in self.langs]
        self._surface_fields = [surface_field(lang) for lang in self.langs]

    def has(self, lang: str, word: Token) -> bool:
        """Return whether some row of a language has a word of the query, in whichever form."""
        terms = self._vocabularies.get(words_field(lang), {})
        return word.term.encode() in terms or word.stem.encode() in terms

    def frequency(self, word: Token) -> int:
        """Return how many rows of all languages have a word of the query, by its more frequent form."""
        return max(self._frequency(self._words_fields, form) for form in {word.term, word.stem})

    def frequency_written(self, surface: str) -> int:
        """Return how many rows of all languages have a word exactly so, but for capitals."""
        return self._frequency(self._surface_fields, surface)

    def written_as_name(self, surface: str) -> int:
        """Return how many rows have a word with a capital letter inside of a sentence."""
        return self._frequency([NAMES_FIELD], surface)

    def rows_written(self, surface: str) -> Rows:
        """Return the rows of all languages that have a word exactly so, but for capitals, int32 `(n,)`."""
        found = [self._postings.posting_list(number).rows for number in self._numbers(self._surface_fields, surface)]
        return np.concatenate([np.empty(0, np.int32), *found])

    def rows_starting(self, lang: str, start: str, limit: int | None = MAX_EXPANSIONS) -> tuple[Rows, Weights]:
        """Return the rows of a language with a word that starts so: int32 `(n,)` ascending, float32 `(n,)` weights.

        A word counts if it or its stem starts so: the stem for languages that write articles and particles in front.
        The terms are taken as forms of one: a row has it as often as the one that it has most often. Of more than
        `limit`, those in the fewest rows are left out.
        """
        surfaces = self._surfaces(lang)
        found = np.concatenate(
            [
                np.array(self._postings.terms_starting(words_field(lang), start), dtype=np.int64),
                surfaces.numbers[surfaces.between(start, start + _HIGHEST)],
            ]
        )
        if limit is not None:
            found = found[np.lexsort((found, -self._postings.frequencies(found)))][:limit]
        self._postings.prepare(found.tolist())
        lists = [self._postings.posting_list(number) for number in found.tolist()]
        rows = np.concatenate([np.empty(0, np.int32), *(each.rows for each in lists)])
        weights = np.concatenate([np.empty(0, np.float32), *(each.weights for each in lists)])
        order = np.lexsort((-weights, rows))
        first = np.unique(rows[order], return_index=True)[1]
        return rows[order[first]], weights[order[first]]

    def most_frequent(self, lang: str, start: str) -> tuple[int, str]:
        """Return in how many rows the most frequent word of a language that starts so is, and the word; 0 and ""."""
        surfaces = self._surfaces(lang)
        found = surfaces.numbers[surfaces.between(start, start + _HIGHEST)]
        if not len(found):
            return 0, ""
        rows = self._postings.frequencies(found)
        return int(rows.max()), self._postings.term(int(found[rows.argmax()])).decode()

    def near(self, lang: str, word: str, edits: int) -> list[NearWord]:
        """Return the words of a language at most so many edits away from a folded word, and with its first letter.

        An edit inserts, deletes or replaces a letter, or swaps two neighbours (Damerau 1964, as optimal string
        alignment). Words with digits are no candidates.
        """
        surfaces = self._surfaces(lang)
        place = surfaces.between(word[:1], word[:1] + _HIGHEST)
        candidates = surfaces.folded[place]
        found = process.extract(word, candidates, scorer=OSA.distance, score_cutoff=edits, limit=None)
        numbers = surfaces.numbers[place][[index for _, _, index in found]]
        frequencies = self._postings.frequencies(numbers).tolist()
        return [
            NearWord(word=self._postings.term(number).decode(), edits=int(distance), rows=rows)
            for (folded, distance, _), number, rows in zip(found, numbers.tolist(), frequencies, strict=True)
            if not any(map(str.isdigit, folded))
        ]

    def _frequency(self, fields: Iterable[str], term: str) -> int:
        """Return how many rows have a term, all of these fields together."""
        found = self._numbers(fields, term)
        return int(self._postings.frequencies(np.array(found)).sum()) if found else 0

    def _numbers(self, fields: Iterable[str], term: str) -> list[int]:
        """Return the numbers that a term has in those of these fields that have it."""
        text = term.encode()
        numbers = (self._vocabularies.get(field, {}).get(text) for field in fields)
        return [number for number in numbers if number is not None]

    def _surfaces(self, lang: str) -> _Surfaces:
        if lang not in self._by_lang:
            terms = self._vocabularies.get(surface_field(lang), {})
            pairs = sorted((fold(term.decode(), lang), number) for term, number in terms.items())
            numbers = np.array([number for _, number in pairs], dtype=np.int64)
            self._by_lang[lang] = _Surfaces(folded=[folded for folded, _ in pairs], numbers=numbers)
        return self._by_lang[lang]
