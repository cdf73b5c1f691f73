"""The keyword leg: BM25F over the plain arrays of the keyword index.

Every language has fields of its own, and the query is read in each of them. A row's score is that of its language:

    score  = sum over the query's words of  max(bm25(term), bm25(stem)) + SURFACE_WEIGHT * bm25(surface)
    bm25   = idf * tf * (K1 + 1) / (tf + K1 * (1 - B + B * length / average length))
    idf    = log(1 + (N + PRIOR - df + 0.5) / (df + 0.5))

tf and length are weighted by the parts of a passage, see `indexer.keyword_index`; N, df and the average length are
those of the row's language. PRIOR stands for the passages that a small language lacks: with N alone every word of a
lone Spanish passage counts next to nothing, with N of the whole index every one counts as rare. BM25 as in Robertson
and Zaragoza, "The Probabilistic Relevance Framework" (2009), idf as in Lucene, never negative.

A word with a star counts as one term, whose forms are all that start so (`searchapp.search.lexicon`). A word that no
text has (`searchapp.search.spelling`) counts NEAR_WEIGHT times what the best of the words near it does, by term or
stem, but in full in the bound.

A row whose commitment ID was typed gets more than any words can give, so it comes first.

What a word gives is added up one posting list at a time, and kept for the words that were searched for last. Whoosh's
own matchers, which add up row by row, would take a hundred times as long for the same ranking; they find phrases,
exclusions and IDs. `python -m bench service` compares both.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain

import numpy as np
import numpy.typing as npt
from whoosh.formats import Format
from whoosh.matching import LeafMatcher
from whoosh.query import And, DisjunctionMax, Or, Phrase, Term
from whoosh.query import Query as WhooshQuery
from whoosh.reading import IndexReader
from whoosh.scoring import WeightingModel
from whoosh.searching import Searcher

from indexer.shared.analysis import ID_FIELD, NAMES_FIELD, Token, keyword_schema, surface_field, words_field
from indexer.shared.postings import PostingList
from searchapp.engines.base import PostingSource
from searchapp.held import Held
from searchapp.search.lexicon import Lexicon
from searchapp.search.local_query import LocalQuery, Prefix, in_language, plain_tokens
from searchapp.search.query import Query

__all__ = ["K1", "NEAR_WEIGHT", "PRIOR", "SURFACE_WEIGHT", "B", "Coverage", "KeywordLeg", "Run"]

K1 = 1.2
B = 0.75
PRIOR = 10
SURFACE_WEIGHT = 0.3
"""What the exact form of a word counts beside its stem."""

NEAR_WEIGHT = 0.75
"""What a word near a misspelt one counts beside the word itself."""

Mask = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.int32]
Places = npt.NDArray[np.int64]
Scores = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How much of a query's words each row has, in any of their forms and however often; float32 `(rows,)` both.

    `share` is from 0 to 1, each word counting its idf; `idf` is the sum over the words that the row has.
    """

    share: Scores
    idf: Scores


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What the words of a query give.

    `scores`, float32 `(rows,)`, are 0 in rows without a word of the query; phrases are not required. `bounds` say by
    language what the score of no row exceeds, that of one which has every word endlessly often, and `relative` is the
    score over the bound of the row's language, float32 `(rows,)`, from 0 to 1.
    """

    scores: Scores
    relative: Scores
    bounds: dict[str, float]
    coverage: Coverage


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """What one word of a query, or the words near one, give in one language.

    `rows` have it, int64 `(n,)`, and get `scores`, float32 `(n,)`, of which none exceeds `bound`. `idf` is what it
    counts for coverage. Both are 0 where another part stands for the word.
    """

    rows: Places
    scores: Scores
    bound: float = 0.0
    idf: float = 0.0


class KeywordLeg:
    """An opened keyword index. A search changes nothing in it, so any number of threads may share one."""

    def __init__(self, postings: PostingSource) -> None:
        self._postings = postings
        self._statistics = dict(_all_statistics(self._postings))
        self._row_langs = self._postings.row_langs.astype(np.int64)
        reader = ArrayReader(self._postings)
        self.lexicon = Lexicon(self._postings, reader.vocabularies)
        self._reader = reader
        self._searcher = Searcher(reader, weighting=_Unweighted())
        self._words: Held[tuple[str, ...], _Part] = Held(int(postings.lengths[0].sum()), size=_size)

    def prepare(self, query: Query, *, words: bool) -> None:
        """Make the index ready for a query, all of its words at once where each would take its time.

        Without `words`, only phrases, exclusions and IDs are looked up.
        """
        self._postings.prepare(self._numbers(query, words=words))

    def run(self, query: Query) -> Run:
        """Look the words of a query up in every language.

        A word with a star is one word for coverage, and so is a misspelt one, which any of the words near it stands
        for.
        """
        scores, found = (np.zeros(len(self._row_langs), dtype=np.float32) for _ in range(2))
        bounds: dict[str, float] = {}
        totals: list[float] = []
        for _, lang, local in self._local(query):
            parts = list(self._parts(lang, local))
            for part in parts:
                if len(part.rows):
                    scores[part.rows] += part.scores
                    if part.idf:
                        found[part.rows] += np.float32(part.idf)
            bounds[lang] = sum(part.bound for part in parts)
            totals.append(sum(part.idf for part in parts))
        if query.commitment_ids:
            above = 1.0 + max(bounds.values(), default=0.0)
            scores[self._rows_with(_id_query(query.commitment_ids))] += np.float32(above)
            bounds = {lang: bound + above for lang, bound in bounds.items()}
        return Run(
            scores=scores,
            relative=self._ratio(scores, bounds.values()),
            bounds=bounds,
            coverage=Coverage(share=self._ratio(found, totals), idf=found),
        )

    def required_rows(self, query: Query) -> Mask:
        """Return which rows have every quoted phrase and one of the IDs of `id:`, bool `(rows,)`.

        In a language that has nothing but stop words in a phrase, the phrase is not required.
        """
        required = self._rows_with(_id_query(query.fields.id)) if query.fields.id else self._all(value=True)
        if not query.phrases:
            return required
        for number, lang, local in self._local(query):
            if local.phrases:
                phrases = And([_phrase_query(lang, phrase) for phrase in local.phrases])
                required &= (self._postings.row_langs != number) | self._rows_with(phrases)
        return required

    def excluded_rows(self, query: Query) -> Mask:
        """Return which rows have an excluded word or phrase, bool `(rows,)`."""
        excluded = self._all(value=False)
        for _, lang, local in self._local(query):
            for phrase in local.excluded:
                excluded |= self._rows_with(_phrase_query(lang, phrase))
            for prefix in local.excluded_prefixes:
                excluded |= self._rows_starting(lang, prefix)
        return excluded

    def _numbers(self, query: Query, *, words: bool) -> Iterator[int]:
        """Give the numbers of the terms that are looked up for a query, but for those that stars stand for."""
        exact = [token.surface for token in plain_tokens(query)] if words else []
        wanted = [(NAMES_FIELD, surface) for surface in exact]
        wanted += [(ID_FIELD, each.casefold()) for each in (*query.commitment_ids, *query.fields.id)]
        for _, lang, local in self._local(query):
            required = chain.from_iterable((*local.phrases, *local.excluded))
            found = [*local.words, *chain.from_iterable(one.tokens for one in local.near)] if words else []
            wanted += [(words_field(lang), form) for form in _forms(*found, *required)]
            wanted += [(surface_field(lang), form) for form in (*exact, *(word.surface for word in found))]
        for field, term in dict.fromkeys(wanted):
            number = self._reader.vocabularies.get(field, {}).get(term.encode())
            if number is not None:
                yield number

    def _parts(self, lang: str, local: LocalQuery) -> Iterator[_Part]:
        misspelt = {term for near in local.near for term in near.terms}
        for word in local.words:
            part = self._word(lang, word)
            yield replace(part, idf=0.0) if word.term in misspelt else part
        statistics = self._statistics[words_field(lang)]
        for near in local.near:
            found = self._highest(statistics, words_field(lang), dict.fromkeys(_forms(*near.tokens)))
            idf = max(statistics.idf(min(self._frequencies(lang, word))) for word in near.tokens)
            yield _Part(rows=found.rows, scores=np.float32(NEAR_WEIGHT) * found.scores, idf=idf)
        for prefix in local.prefixes:
            rows, weights = self.lexicon.rows_starting(lang, prefix)
            idf = statistics.idf(len(rows))
            yield _Part(
                rows=rows.astype(np.int64), scores=statistics.scores(rows, weights), bound=statistics.most(idf), idf=idf
            )

    def _word(self, lang: str, word: Token) -> _Part:
        """Return what a word gives by its term or stem, whichever is more, and its surface."""
        key = (lang, word.term, word.stem, word.surface)
        part = self._words.get(key)
        if part is None:
            part = self._looked_up(lang, word)
            self._words.put(key, part)
        return part

    def _looked_up(self, lang: str, word: Token) -> _Part:
        statistics, surfaces = self._statistics[words_field(lang)], self._statistics[surface_field(lang)]
        idf = statistics.idf(min(self._frequencies(lang, word)))
        found = self._highest(statistics, words_field(lang), dict.fromkeys(_forms(word)))
        bound = statistics.most(idf)
        if word.surface:
            rows, scores = self._scores(surfaces, surface_field(lang), word.surface)
            bound += surfaces.bound(len(rows))
            if len(rows) == len(found.rows):
                found.scores[:] += scores  # whatever has the surface has the term, too
            elif len(rows):
                best = np.zeros(len(self._row_langs), dtype=np.float32)
                best[found.rows] = found.scores
                best[rows] += scores
                found = replace(found, scores=best[found.rows])
        return replace(found, bound=bound, idf=idf)

    def _highest(self, statistics: _Statistics, field: str, terms: Iterable[str]) -> _Part:
        """Return the rows of terms, each once and ascending, and the highest score that one of the terms gives them."""
        found = [
            (rows, scores) for rows, scores in (self._scores(statistics, field, term) for term in terms) if len(rows)
        ]
        if len(found) < 2:  # noqa: PLR2004 (there is nothing to compare)
            rows, scores = found[0] if found else _NOTHING
            return _Part(rows=rows.astype(np.int64), scores=scores)
        best = np.zeros(len(self._row_langs), dtype=np.float32)
        for rows, scores in found:
            best[rows] = np.maximum(best[rows], scores)
        there = np.flatnonzero(best)
        return _Part(rows=there, scores=best[there])

    def _scores(self, statistics: _Statistics, field: str, term: str) -> tuple[Rows, Scores]:
        """Return the rows that have a term, ascending, and what it gives them."""
        number = self._reader.vocabularies.get(field, {}).get(term.encode())
        if number is None:
            return _NOTHING
        found = self._postings.posting_list(number)
        return found.rows, statistics.scores(found.rows, found.weights)

    def _ratio(self, part: Scores, whole: Iterable[float]) -> Scores:
        """Return each row's part of a whole that its language has; 0 of nothing."""
        wholes = np.array([each or 1.0 for each in whole], dtype=np.float32)
        ratio: Scores = part / wholes.take(self._row_langs)
        return ratio

    def _local(self, query: Query) -> Iterator[tuple[int, str, LocalQuery]]:
        for number, lang in enumerate(self._postings.langs):
            yield number, lang, in_language(query, lang)

    def _all(self, *, value: bool) -> Mask:
        return np.full(len(self._postings.row_langs), value, dtype=np.bool_)

    def _rows_with(self, query: WhooshQuery) -> Mask:
        mask = self._all(value=False)
        mask[list(query.matcher(self._searcher).all_ids())] = True
        return mask

    def _rows_starting(self, lang: str, prefix: Prefix) -> Mask:
        """Return which rows have a word that starts so, and somewhere the words that stood before it in the query."""
        mask = self._all(value=False)
        mask[self.lexicon.rows_starting(lang, prefix.start, limit=None)[0]] = True
        return mask & self._rows_with(_phrase_query(lang, prefix.before)) if prefix.before else mask

    def _frequencies(self, lang: str, word: Token) -> tuple[int, int]:
        """Return how many rows of a language have a word's term, and its stem; its idf is that of the rarer."""
        field = words_field(lang)
        return self._frequency(field, word.term), self._frequency(field, word.stem)

    def _frequency(self, field: str, text: str) -> int:
        return int(self._reader.doc_frequency(field, text.encode()))


_NOTHING: tuple[Rows, Scores] = (np.empty(0, np.int32), np.empty(0, np.float32))


def _size(part: _Part) -> int:
    return 1 + len(part.rows)


def _forms(*words: Token) -> Iterator[str]:
    for word in words:
        yield from (word.term, word.stem)


def _word_query(lang: str, *words: Token) -> WhooshQuery:
    return DisjunctionMax([Term(words_field(lang), form) for form in dict.fromkeys(_forms(*words))])


def _phrase_query(lang: str, phrase: tuple[Token, ...]) -> WhooshQuery:
    if len(phrase) == 1:
        return _word_query(lang, phrase[0])
    return Phrase(words_field(lang), [word.term for word in phrase])


def _id_query(commitment_ids: Iterable[str]) -> WhooshQuery:
    return Or([Term(ID_FIELD, each.casefold()) for each in commitment_ids])


def _all_statistics(postings: PostingSource) -> Iterator[tuple[str, _Statistics]]:
    counts = np.bincount(postings.row_langs, minlength=len(postings.langs))
    for field_of, lengths, weight in zip(
        (words_field, surface_field), postings.lengths, (1.0, SURFACE_WEIGHT), strict=True
    ):
        sums = np.bincount(postings.row_langs, lengths, minlength=len(postings.langs))
        averages = np.maximum(sums / np.maximum(counts, 1), 1.0)
        norms = (K1 * (1 - B + B * lengths / averages[postings.row_langs])).astype(np.float32)
        for number, lang in enumerate(postings.langs):
            yield field_of(lang), _Statistics(weight=weight, rows=int(counts[number]), norms=norms)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Statistics:
    """What scoring needs of a field: its weight, how many rows its language has, and what their lengths come to.

    `norms`, float32 by row of the index, are K1 * (1 - B + B * length / average length).
    """

    weight: float
    rows: int
    norms: Scores

    def idf(self, frequency: int) -> float:
        """Return the inverse document frequency of a term that so many rows have."""
        return math.log(1 + (self.rows + PRIOR - frequency + 0.5) / (frequency + 0.5))

    def most(self, idf: float) -> float:
        """Return what a term gives at most."""
        return self.weight * idf * (K1 + 1)

    def bound(self, frequency: int) -> float:
        """Return what a term that so many rows have gives at most."""
        return self.most(self.idf(frequency))

    def scores(self, rows: Rows, weights: Scores) -> Scores:
        """Return what a term gives to its rows, by its weights there."""
        found: Scores = np.float32(self.bound(len(rows))) * weights
        found /= weights + self.norms.take(rows)
        return found


class _Unweighted(WeightingModel):  # type: ignore[misc]  # Whoosh has no types
    """Tells Whoosh to score nothing."""

    def scorer(self, *_: object, **__: object) -> None:
        return None


class ArrayReader(IndexReader):  # type: ignore[misc]  # Whoosh has no types
    """What Whoosh's queries ask of an index, answered from the arrays."""

    def __init__(self, postings: PostingSource) -> None:
        self.schema = keyword_schema(postings.langs)
        self._postings = postings
        self.vocabularies = {field: postings.vocabulary(field) for field in postings.fields}

    def __contains__(self, term: tuple[str, bytes]) -> bool:
        field, text = term
        return text in self.vocabularies.get(field, ())

    def doc_count_all(self) -> int:
        return len(self._postings.row_langs)

    def doc_count(self) -> int:
        return self.doc_count_all()

    def doc_frequency(self, fieldname: str, text: bytes) -> int:
        number = self.vocabularies.get(fieldname, {}).get(text)
        return 0 if number is None else int(self._postings.frequencies(np.array([number]))[0])

    def postings(self, fieldname: str, text: bytes, scorer: object = None) -> ArrayMatcher:
        """Return the rows of a term that is in the index."""
        found = self._postings.posting_list(self.vocabularies[fieldname][text])
        return ArrayMatcher(found, self.schema[fieldname].format, scorer)


class ArrayMatcher(LeafMatcher):  # type: ignore[misc]  # Whoosh has no types
    """The rows of one term, to be walked through one by one or taken as a whole."""

    def __init__(self, found: PostingList, format_: Format, scorer: object) -> None:
        self.format = format_
        self.scorer = scorer
        self._found = found
        self._at = 0

    @cached_property
    def _ids(self) -> list[int]:
        ids: list[int] = self._found.rows.tolist()
        return ids

    def is_active(self) -> bool:
        return self._at < len(self._found)

    def id(self) -> int:
        return self._ids[self._at]

    def next(self) -> None:
        self._at += 1

    def skip_to(self, row: int) -> None:
        self._at = bisect_left(self._ids, row, self._at)

    def all_ids(self) -> Iterator[int]:
        return iter(self._ids)

    def weight(self) -> float:
        return float(self._found.weights[self._at])

    def value(self) -> bytes:
        return self._found.positions_of(self._at).tobytes()
