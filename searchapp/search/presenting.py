"""What is shown of an answer: hits with their passages, marks and reasons, and the map by meaning."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from searchapp.engines.base import Engine
from searchapp.search.columns import Columns
from searchapp.search.explain import matched_words, place
from searchapp.search.facets import matching_documents
from searchapp.search.highlights import sentence_highlight, word_highlights
from searchapp.search.legs import Legs
from searchapp.search.meaning_map import MOST_HITS, draw_map
from searchapp.search.query import Query
from searchapp.search.ranking import Ranking
from searchapp.search.results import Explanation, Highlight, Hit, MeaningMap, Passage, Scores, StrengthCounts
from searchapp.search.semantic import SemanticLeg
from searchapp.search.strength import FAIR, STRENGTHS, Grader

__all__ = ["Answer", "Presenter", "count_strengths"]

_AT_ONCE = 50  # hits that are read together

Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Grades = npt.NDArray[np.int8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What all stages up to the order of commitments give.

    `grades` says how strongly each document matches, int8 `(documents,)`. `candidates` says which documents match
    without filters, bool `(documents,)`, `masks` which pass each filter, and `documents` which match and pass all.
    `unit` holds the number of the hit that each belongs to.
    """

    legs: Legs
    grades: Grades
    candidates: Mask
    masks: dict[str, Mask]
    documents: Rows
    unit: npt.NDArray[np.int32]
    ranking: Ranking

    def passage(self, document: int) -> int:
        """Return the chunk row that is shown for a document of the ranking."""
        return self.legs.rows.best_row(document, self.legs.best)

    @property
    def passing(self) -> Mask:
        """Which documents pass all filters, whether or not they match; bool `(documents,)`."""
        return matching_documents(np.ones_like(self.candidates), self.masks)


class Presenter:
    """Shows answers over one opened index."""

    def __init__(self, engine: Engine, columns: Columns, semantic: SemanticLeg, grader: Grader) -> None:
        self._engine = engine
        self._columns = columns
        self._semantic = semantic
        self._grader = grader

    def hits(
        self, query: Query, answer: Answer, positions: range, *, marked: bool = True, explain: bool = False
    ) -> tuple[Hit, ...]:
        """Return the hits at these positions of the ranking, as far as there are any.

        Where not `marked`, no sentence is said to mean the same.
        """
        there = range(positions.start, min(positions.stop, len(answer.ranking)))
        hits = tuple(self.each_hit(query, answer, there, marked=marked))
        return self._explained(hits, answer) if explain else hits

    def each_hit(self, query: Query, answer: Answer, positions: range, *, marked: bool) -> Iterator[Hit]:
        """Return these hits, which there are, some read at once when the first of them is asked for."""
        vector = answer.legs.meaning.vector if marked and answer.legs.meaning else None
        shown = np.zeros(answer.unit.max(initial=-1) + 1, dtype=np.bool_)
        shown[answer.unit[answer.ranking.document[positions.start : positions.stop]]] = True
        folded = answer.documents[shown[answer.unit[answer.documents]]]
        for start in range(0, len(positions), _AT_ONCE):
            block = positions[start : start + _AT_ONCE]
            rows = [answer.passage(int(answer.ranking.document[position])) for position in block]
            self._engine.prefetch(rows, sentences=vector is not None)
            marks = self._sentence_marks(rows, vector)
            for position, row, mark in zip(block, rows, marks, strict=True):
                yield self._hit(query, position, answer, (row, mark), folded)

    def _explained(self, hits: tuple[Hit, ...], answer: Answer) -> tuple[Hit, ...]:
        legs, meaning = answer.legs, answer.legs.meaning
        rows = legs.rows.rows[answer.passing[self._columns.document_of[legs.rows.rows]]]
        evidence = None if meaning is None else self._grader.evidence(meaning.vector, meaning.near)
        explained = []
        for hit, shown in zip(hits, answer.ranking.document[[hit.rank - 1 for hit in hits]], strict=True):
            row = answer.passage(int(shown))
            explanation = Explanation(
                keyword=place(legs.keyword, rows, row) if legs.keyword[row] else None,
                semantic=None if meaning is None else place(meaning.scores, rows, row),
                words=matched_words(hit.passage),
                word_share=None if legs.words is None else float(legs.words.share[row]),
                evidence=None if evidence is None else float(evidence[row]),
            )
            explained.append(replace(hit, explanation=explanation))
        return tuple(explained)

    def _sentence_marks(self, rows: Sequence[int], vector: Floats | None) -> list[tuple[Highlight, ...]]:
        """Return for each chunk the sentence that means what a query does; none without the query's vector."""
        if vector is None:
            return [()] * len(rows)
        return [sentence_highlight(*each) for each in self._semantic.scored_sentences(rows, vector)]

    def _hit(
        self,
        query: Query,
        position: int,
        answer: Answer,
        passage: tuple[int, tuple[Highlight, ...]],
        folded: Rows,
    ) -> Hit:
        """Return the hit at a position; `folded` are the documents of all hits that are asked for.

        Of its passage, the chunk's row is given, and the sentence that is marked.
        """
        legs, ranking = answer.legs, answer.ranking
        shown = int(ranking.document[position])
        row, sentence = passage
        document = self._engine.document(shown)
        chunk = self._engine.chunk(row, document)
        return Hit(
            rank=position + 1,
            document=document,
            passage=Passage.of(chunk, (*word_highlights(chunk.text, chunk.lang, query), *sentence)),
            scores=Scores(
                keyword=float(legs.keyword[row]) if legs.keyword[row] else None,
                semantic=None if legs.meaning is None else float(legs.meaning.scores[row]),
                fused=float(ranking.score[position]),
            ),
            strength=STRENGTHS[int(answer.grades[shown])],
            also_in=self._columns.other_langs(shown),
            near_duplicates=self._columns.folded(shown, folded, answer.unit),
        )

    def meaning_map(self, query: Query, answer: Answer) -> MeaningMap | None:
        """Return the map by meaning of an answer, None if the index has none."""
        cloud = np.flatnonzero(answer.passing)
        ranked = answer.ranking.document
        comparable = [] if query.browses else ranked[answer.grades[ranked] >= FAIR][:MOST_HITS].tolist()
        hits = [(row, STRENGTHS[int(answer.grades[row])]) for row in comparable]
        return draw_map(self._engine, self._columns, cloud, answer.unit, hits)


def count_strengths(answer: Answer) -> StrengthCounts:
    """Return how many hits of an answer have each strength."""
    grades = answer.grades[answer.ranking.document]
    return StrengthCounts(**{name: int((grades == grade).sum()) for grade, name in STRENGTHS.items()})
