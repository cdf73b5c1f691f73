"""How strong a hit is: strong, fair or weak, by meaning or by words, whichever says more.

By meaning, a strength is a range of evidence (`searchapp.search.calibration`). By words, a passage that has all of the
query's words, in any of their forms, is a fair match, unless they are common; that only some of them match says little
beside the meaning, unless they are the number or the rare name that the query is about (`searchapp.search.exact`),
which make a fair match, too. Where words are all there is (keyword mode), all of them make a strong match, or a fair
one if they are common; most of them make a fair match, unless they are common, and any other word a weak one. With a
corrected word among them, words make a fair match at most.

The levels were chosen on the queries of `evaluation/data/calibration` that are there for it;
`python -m evaluation.calibration` shows what they do.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from indexer.shared.calibration import Scale, scale_of
from searchapp.engines.base import Engine
from searchapp.search.calibration import Calibration
from searchapp.search.columns import Columns
from searchapp.search.exact import ABOUT
from searchapp.search.keyword import Coverage
from searchapp.search.query import Query
from searchapp.search.ranking import Owned
from searchapp.search.results import Strength
from searchapp.search.semantic import Nearness, SemanticLeg

__all__ = [
    "ALL_WORDS",
    "FAIR",
    "LEVELS",
    "MOST_WORDS",
    "NONE",
    "RARE",
    "STRENGTHS",
    "STRONG",
    "WEAK",
    "Grader",
    "by_evidence",
    "by_exact_words",
    "by_words",
]

Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]
Grades = npt.NDArray[np.int8]

NONE, WEAK, FAIR, STRONG = range(4)
"""Grades, int8: no match, and the three strengths."""

STRENGTHS: dict[int, Strength] = {STRONG: "strong", FAIR: "fair", WEAK: "weak"}
"""The strength that each grade of a hit stands for, the best first."""

LEVELS = (2.5, 3.75, 5.5)
"""The least evidence of a weak, a fair and a strong match, in standard deviations."""

ALL_WORDS = 0.999
"""Share of the query's words from which on it is all of them: 1, but for rounding."""

MOST_WORDS = 0.5
"""Share of the query's words that makes a fair match in keyword mode."""

RARE = 2.5
"""Idf of the matched words together from which on they aren't all common: that of a word in one passage of twelve."""


class Grader:
    """Grades the documents of one opened index. Safe to use from several threads."""

    def __init__(self, engine: Engine, columns: Columns, semantic: SemanticLeg) -> None:
        background, lang = engine.background, np.array(engine.chunks["lang"], dtype=np.int64)

        def scale() -> Scale:
            return engine.scale(lambda: scale_of(semantic.similarity, background, engine.vectors, lang))

        self._calibration = Calibration(semantic, background=background, scale=scale)
        self._columns = columns

    def evidence(self, vector: Floats, near: Nearness) -> Floats:
        """Return the evidence by meaning of each chunk, float32 `(chunks,)`.

        `vector` is the query's, `(dim,)`, and `near` says how near it is to the chunks' passages.
        """
        return self._calibration.evidence(vector, near)

    def grades(
        self, query: Query, rows: Owned, *, evidence: Floats | None, words: Coverage | None, exact: Coverage | None
    ) -> Grades:
        """Return the grade of each document, int8 `(documents,)`: that of the best of its chunks in these rows.

        `words` tell how much of the query each chunk has, `exact` how much of it in numbers and names; None where they
        don't count. Without `evidence`, words are all there is. A document whose ID is in the query is a strong match,
        and one that has the phrases asked for is a weak one at least.
        """
        chunks = np.full(len(self._columns.document_of), WEAK if query.phrases else NONE, dtype=np.int8)
        if evidence is not None:
            chunks = np.maximum(chunks, by_evidence(evidence))
        if words is not None:
            found = by_words(words, alone=evidence is None)
            chunks = np.maximum(chunks, np.minimum(found, FAIR) if query.corrections else found)
        if exact is not None:
            chunks = np.maximum(chunks, by_exact_words(exact))
        grades = rows.highest(chunks, len(self._columns.document_ids), least=NONE)
        for commitment_id in query.commitment_ids:
            grades[self._columns.documents_of(commitment_id)] = STRONG
        return grades


def by_evidence(evidence: Floats) -> Grades:
    """Return the grades that evidence by meaning gives."""
    weak, fair, strong = ((evidence >= level).view(np.int8) for level in LEVELS)
    grades: Grades = weak + fair + strong
    return grades


def by_exact_words(coverage: Coverage) -> Grades:
    """Return the grades that numbers and names give."""
    return np.where((coverage.share >= ABOUT) & (coverage.idf >= RARE), np.int8(FAIR), np.int8(NONE))


def by_words(coverage: Coverage, *, alone: bool) -> Grades:
    """Return the grades that words give; `alone` where there is no meaning to go by."""
    rare, complete = coverage.idf >= RARE, coverage.share >= ALL_WORDS
    if not alone:
        grades: Grades = complete.view(np.int8) + (complete & rare).view(np.int8)  # WEAK, and one more
        return grades
    mostly = (coverage.share >= MOST_WORDS) & rare
    return np.select([complete & rare, complete | mostly, coverage.share > 0], [STRONG, FAIR, WEAK], NONE).astype(
        np.int8
    )
