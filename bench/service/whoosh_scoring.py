"""The same ranking by Whoosh's own matchers, collector and BM25F, over the same index: what Concord's must be equal to.

Whoosh has Concord's terms, postings, weights of parts and lengths, and K1 and B; of its weighting only the idf is
Concord's, and the average length is that of the language instead of the whole index.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
from whoosh.query import DisjunctionMax, Or, Term
from whoosh.query import Query as WhooshQuery
from whoosh.reading import TermInfo
from whoosh.scoring import BM25F
from whoosh.searching import Searcher

from indexer.shared.analysis import analysis_revision, surface_field, words_field
from indexer.shared.postings import Postings, load_postings
from indexer.shared.storage import Generation
from searchapp.engines.embedded import EmbeddedEngine
from searchapp.search.keyword import K1, PRIOR, SURFACE_WEIGHT, ArrayReader, B, KeywordLeg
from searchapp.search.local_query import in_language
from searchapp.search.query import Query

__all__ = ["SHOWN", "WhooshRanking", "same_share"]

SHOWN = 10
"""How many chunks must be the same."""

_CLOSE = 1e-5  # by how much scores that are added up in 32 and in 64 bits may differ, as a share of them


class WhooshRanking:
    """Whoosh over an opened generation's keyword index."""

    def __init__(self, generation: Generation) -> None:
        postings = load_postings(generation.keyword_folder, revision=analysis_revision())
        fields = dict(_fields(postings))
        self._langs = postings.langs
        self._searcher = _Searcher(_Reader(postings, fields), fields)

    def first(self, query: Query, count: int) -> list[int]:
        """Return the rows of the highest scores, highest first.

        All rows are scored: with a limit, Whoosh 2.7.4 passes over some that score higher than those it gives.
        """
        clauses = [clause for lang in self._langs for clause in _clauses(query, lang)]
        if not clauses:
            return []
        results = self._searcher.search(Or(clauses), limit=None, optimize=False)
        return [int(row) for _, row in results.top_n[:count]]


def same_share(generation: Generation, queries: Sequence[Query]) -> float:
    """Return the share of queries whose first chunks are Whoosh's, but for the order of equal scores."""
    leg, whoosh = KeywordLeg(EmbeddedEngine(generation).postings), WhooshRanking(generation)
    same = [_is_same(leg.run(query).scores, whoosh.first(query, SHOWN)) for query in queries]
    return sum(same) / len(same)


def _is_same(scores: npt.NDArray[np.float32], rows: Sequence[int]) -> bool:
    ours = -np.sort(-scores)[:SHOWN]
    ours = ours[ours > 0]
    return len(rows) == len(ours) and bool(np.allclose(scores[list(rows)], ours, rtol=_CLOSE, atol=0))


def _clauses(query: Query, lang: str) -> Iterator[WhooshQuery]:
    for word in in_language(query, lang).words:
        yield DisjunctionMax([Term(words_field(lang), form) for form in dict.fromkeys((word.term, word.stem))])
        if word.surface:
            yield Term(surface_field(lang), word.surface, boost=SURFACE_WEIGHT)


def _fields(postings: Postings) -> Iterator[tuple[str, tuple[int, float, npt.NDArray[np.int32]]]]:
    """Give each field with the number of its language's rows, their average length, and the lengths of all rows."""
    for number, lang in enumerate(postings.langs):
        own = postings.row_langs == number
        for field, lengths in zip((words_field(lang), surface_field(lang)), postings.lengths, strict=True):
            average = float(lengths[own].mean()) if own.any() else 0.0
            yield field, (int(own.sum()), max(average, 1.0), lengths)


_Fields = dict[str, tuple[int, float, npt.NDArray[np.int32]]]


class _Idf(BM25F):  # type: ignore[misc]  # Whoosh has no types
    """Whoosh's BM25F with Concord's idf."""

    def idf(self, searcher: _Searcher, fieldname: str, text: bytes) -> float:
        rows, frequency = searcher.fields[fieldname][0], searcher.doc_frequency(fieldname, text)
        return float(np.log(1 + (rows + PRIOR - frequency + 0.5) / (frequency + 0.5)))


class _Searcher(Searcher):  # type: ignore[misc]  # the same
    """Whoosh's searcher with average lengths by language, whatever the default asked for."""

    def __init__(self, reader: _Reader, fields: _Fields) -> None:
        self.fields = fields
        super().__init__(reader, weighting=_Idf(B=B, K1=K1))

    def avg_field_length(self, fieldname: str, default: float | None = None) -> float | None:  # noqa: ARG002
        return self.fields[fieldname][1]


class _Reader(ArrayReader):
    """The index with what Whoosh's scorers ask of one."""

    def __init__(self, postings: Postings, fields: _Fields) -> None:
        super().__init__(postings)
        self._fields = fields

    def doc_field_length(self, docnum: int, fieldname: str, default: int = 0) -> int:
        return int(self._fields[fieldname][2][docnum]) if fieldname in self._fields else default

    def term_info(self, fieldname: str, text: bytes) -> TermInfo:
        """Return the highest weight of a term, and the least length."""
        found = self._postings.posting_list(self.vocabularies[fieldname][text])
        return TermInfo(df=len(found), minlength=1, maxweight=float(found.weights.max()))
