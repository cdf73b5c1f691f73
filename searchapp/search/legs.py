"""Both legs of a search, as far as there is time for them, and which chunks may be shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from indexer.shared.encoder import Embeddings
from indexer.shared.errors import OverloadError
from searchapp.search.columns import Columns
from searchapp.search.exact import ExactWords
from searchapp.search.fusion import FusionWeights, lift
from searchapp.search.keyword import Coverage, KeywordLeg, Run
from searchapp.search.query import Query
from searchapp.search.ranking import Owned
from searchapp.search.results import Mode
from searchapp.search.semantic import Nearness, SemanticLeg
from searchapp.search.watch import Watch

__all__ = ["LegRunner", "Legs", "Meaning"]

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Legs:
    """Scores by chunk row, float32 `(chunks,)`.

    `keyword` holds BM25F scores (0 where no word matched). `words` tell how much of the query matched, `exact` how much
    of it in numbers and names; `words` is None in semantic mode, `meaning` in keyword mode, `exact` in both, and
    where the query has nothing exact. `best`
    chooses the passage of a document and orders documents of one language. `rows` are the chunks that may be shown.
    In `partial` ones there was no time for `meaning`.
    """

    keyword: Floats
    words: Coverage | None
    meaning: Meaning | None
    exact: Coverage | None
    best: Floats
    rows: Owned
    partial: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What a query's embedding gives.

    `vector` is the embedding, float32 `(dim,)`, `near` the similarity without sentences. With sentences it is `scores`,
    and `slots` gives languages their places in the ranking; float32 `(chunks,)` both.
    """

    vector: Floats
    near: Nearness
    scores: Floats
    slots: Floats


class LegRunner:
    """Runs the legs over one opened index; `encode` turns texts into the embeddings of queries."""

    def __init__(
        self,
        columns: Columns,
        keyword: KeywordLeg,
        semantic: SemanticLeg,
        *,
        weights: FusionWeights,
        encode: Callable[[Sequence[str]], Embeddings],
    ) -> None:
        self._document_of = columns.document_of
        self._all = Owned.of(np.arange(len(columns.document_of)), columns.document_of)
        self._keyword = keyword
        self._semantic = semantic
        self._exact = ExactWords(keyword.lexicon, columns.commitment[columns.document_of])
        self._weights = weights
        self._encode = encode

    def run(
        self, query: Query, mode: Mode, vector: Floats | None, watch: Watch, *, passing: Mask | None = None
    ) -> Legs:
        """Run the legs of a mode, words first; without the time to encode, words are all there is (OverloadError).

        `passing` says which documents pass all filters, bool `(documents,)`, for engines that compare the nearest only.
        """
        with watch.stage("keyword"):
            self._keyword.prepare(query, words=mode != "semantic")
            run = None if mode == "semantic" else self._keyword.run(query)
        if mode == "keyword" or not query.text:
            return self._word_legs(query, run)
        if vector is None:
            with watch.stage("encode"):
                vectors = watch.in_time(lambda: self._encode([query.text]))
            if vectors is None and run is None:
                raise OverloadError("comparing by meaning takes too long at the moment; try again, or by keyword")
            if vectors is None:
                return self._word_legs(query, run, partial=True)
            vector = vectors[0]
        with watch.stage("semantic"):
            return self._all_legs(query, run, vector, passing)

    def _word_legs(self, query: Query, run: Run | None, *, partial: bool = False) -> Legs:
        keyword = run.scores if run else self._no_scores()
        return Legs(
            keyword=keyword,
            words=run.coverage if run else None,
            meaning=None,
            exact=None,
            best=keyword,
            rows=self._eligible_rows(query, keyword > 0 if query.text else None),
            partial=partial,
        )

    def _all_legs(self, query: Query, run: Run | None, vector: Floats, passing: Mask | None) -> Legs:
        """Return what meaning gives, with the words if there is a run of them."""
        relative = run.relative if run else self._no_scores()
        near = self._semantic.nearness(vector, documents=passing, words=relative if run else None)
        scores = self._semantic.with_sentences(near, vector)
        slots = scores + lift(relative, self._weights)
        exact = self._exact.shares(query) if run else None
        if exact is not None and not exact.none:
            slots += np.float32(self._weights.exact) * exact.bonus
        return Legs(
            keyword=run.scores if run else relative,
            words=run.coverage if run else None,
            meaning=Meaning(vector=vector, near=near, scores=scores, slots=slots),
            exact=None if exact is None or exact.none else exact.coverage,
            best=slots + np.float32(self._weights.keyword) * relative,
            rows=self._eligible_rows(query, None),
        )

    def _no_scores(self) -> Floats:
        return np.zeros(len(self._document_of), dtype=np.float32)

    def _eligible_rows(self, query: Query, matching: Mask | None) -> Owned:
        """Return the chunks that may be shown: those that have all phrases, in documents that have nothing excluded.

        `matching` says which have a word of the query, where they must; None where they needn't.
        """
        eligible = self._keyword.required_rows(query)
        if query.excluded or query.excluded_prefixes:
            unwanted = np.unique(self._document_of[self._keyword.excluded_rows(query)])
            eligible &= ~np.isin(self._document_of, unwanted)
        if matching is not None:
            eligible &= matching
        return self._all if eligible.all() else Owned.of(np.flatnonzero(eligible), self._document_of)
