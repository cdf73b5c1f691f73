"""The order of the search stages: parse, run both legs, filter, fuse, collapse, count, present. It stands only here."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from indexer.shared.encoder import AUTO, Embeddings, load_encoder
from indexer.shared.errors import EncoderError, IndexStoreError, NotFoundError, OverloadError
from indexer.shared.records import Document
from searchapp.engines.base import Engine
from searchapp.engines.opening import Folder, Store
from searchapp.search.columns import load_columns
from searchapp.search.compare import CommitmentComparer, check_ids
from searchapp.search.facets import count_facets, matching_documents
from searchapp.search.fusion import FusionWeights, fuse
from searchapp.search.keyword import KeywordLeg
from searchapp.search.legs import LegRunner, Legs
from searchapp.search.overview import count_overview
from searchapp.search.presenting import Answer, Presenter, count_strengths
from searchapp.search.query import Query, parse_query, respelt
from searchapp.search.ranking import Ranking, by_year, collapse, first_of_each
from searchapp.search.recent import QueryEncoder, RecentQueries
from searchapp.search.results import (
    BY_WORDS_ALONE,
    CompareRequest,
    Comparison,
    FacetCounts,
    Filters,
    Hit,
    IndexInfo,
    Mode,
    Overview,
    SearchRequest,
    SearchResult,
    SimilarRequest,
    SimilarResult,
)
from searchapp.search.semantic import SemanticLeg
from searchapp.search.similar import SimilarCommitments
from searchapp.search.spelling import corrected, spelt_out
from searchapp.search.strength import FAIR, NONE, STRONG, WEAK, Grader
from searchapp.search.watch import Watch

__all__ = ["Searcher"]

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
Grades = npt.NDArray[np.int8]

NEAREST = 3
"""How many of the nearest commitments are offered when none is comparable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What a request was taken to ask, and its whole answer."""

    query: Query
    filters: Filters
    answer: Answer


class Searcher:
    """One opened index generation, ready to answer. Safe to use from several threads."""

    def __init__(
        self,
        engine: Engine,
        *,
        encoder: QueryEncoder | None = None,
        weights: FusionWeights | None = None,
        runtime: str = AUTO,
    ) -> None:
        self._engine = engine
        self._columns = load_columns(engine)
        self._keyword = KeywordLeg(engine.postings)
        self._semantic = SemanticLeg(engine)
        self._similar = SimilarCommitments(engine, self._columns, self._semantic)
        self._comparer = CommitmentComparer(engine, self._columns, self._similar)
        self._grader = Grader(engine, self._columns, self._semantic)
        self._weights = weights or FusionWeights()
        self._legs = LegRunner(self._columns, self._keyword, self._semantic, weights=self._weights, encode=self.encode)
        self._presenter = Presenter(engine, self._columns, self._semantic, self._grader)
        self._encoder = encoder
        self._runtime = runtime
        self._warm = False
        self._lock = threading.Lock()

    @classmethod
    def open(
        cls,
        index: Path | Store,
        *,
        encoder: QueryEncoder | None = None,
        weights: FusionWeights | None = None,
        paranoid: bool = False,
        runtime: str = AUTO,
    ) -> Searcher:
        """Open the current generation of an index (IndexStoreError when missing or damaged).

        Without `encoder`, the index's own is loaded when a search first needs it, to be computed by `runtime`; it
        remembers what it was asked last.
        `paranoid` compares the SHA-256 of every file.
        """
        return cls._over(_store(index).open(paranoid=paranoid), encoder, weights, runtime)

    @classmethod
    def _over(
        cls, engine: Engine, encoder: QueryEncoder | None, weights: FusionWeights | None, runtime: str
    ) -> Searcher:
        """Return a searcher; IndexStoreError when rows of the generation name others that aren't there."""
        try:
            return cls(engine, encoder=encoder, weights=weights, runtime=runtime)
        except (IndexError, ValueError) as error:
            raise IndexStoreError(f"{engine.place}: damaged ({error}); `concord verify` names the file") from error

    def renewed(self, index: Path | Store, *, paranoid: bool = False) -> Searcher:
        """Open the current generation of an index, warmed up (as `open` and `warm_up`; EncoderError, too).

        A loaded encoder is shared if it made the new generation, too.
        """
        engine = _store(index).open(paranoid=paranoid)
        same = self._encoder is not None and self._encoder.revision == engine.manifest.encoder.revision
        searcher = Searcher._over(engine, self._encoder if same else None, self._weights, self._runtime)
        searcher.warm_up()
        return searcher

    @property
    def info(self) -> IndexInfo:
        """Which index answers."""
        manifest = self._engine.manifest
        return IndexInfo(digest=manifest.digest, encoder=manifest.encoder.name, built_at=manifest.built_at)

    def warm_up(self) -> None:
        """Load the encoder, calibrate and encode one query, so that the first search is as fast as the next."""
        self.evidence("warm up")
        self._warm = True

    @property
    def is_warm(self) -> bool:
        """Whether `warm_up` is done."""
        return self._warm

    def commitment(self, commitment_id: str) -> tuple[Document, ...]:
        """Return all language versions of a commitment, ordered by language (NotFoundError if there is none)."""
        return tuple(self._engine.document(row) for row in self._versions(commitment_id))

    def search(self, request: SearchRequest, *, watch: Watch | None = None) -> SearchResult:
        """Answer a request, in the time that the watch leaves.

        Raises QueryError for an unusable query, EncoderError if the index's encoder can't be had, and OverloadError
        when there was no time to compare by meaning and nothing else was asked for.
        """
        watch = watch or Watch()
        found = self._find(request, watch, browse=request.filters != Filters())
        query, answer, tries = found.query, found.answer, None
        if not len(answer.ranking):
            tries = self._answer(query, answer.legs, answer.masks, answer.unit)
        with watch.stage("present"):
            page = range(request.offset, request.offset + request.limit)
            return SearchResult(
                request=request,
                total=len(answer.ranking),
                strengths=count_strengths(answer),
                hits=self._presenter.hits(query, answer, page, explain=request.explain),
                nearest=self._presenter.hits(query, tries, range(NEAREST), marked=False) if tries else (),
                facets=count_facets(self._columns, answer.unit, answer.candidates, answer.masks, found.filters),
                index=self.info,
                took_ms=watch.elapsed_ms,
                notes=(BY_WORDS_ALONE,) if answer.legs.partial else (),
                corrections=query.corrections,
                corrected_query=respelt(request.query, query.corrections) if query.corrections else None,
                partial=answer.legs.partial,
            )

    def facets(self, request: SearchRequest, *, watch: Watch | None = None) -> FacetCounts:
        """Return the facets of a request's result, as `overview` takes it; raises like `search`.

        Hits are counted as the request has them folded; its grouping, order and page don't matter.
        """
        watch = watch or Watch()
        found = self._find(replace(request, group_by="commitment"), watch, browse=True)
        answer = found.answer
        return FacetCounts(
            request=request,
            total=len(answer.ranking),
            facets=count_facets(self._columns, answer.unit, answer.candidates, answer.masks, found.filters),
            index=self.info,
            took_ms=watch.elapsed_ms,
            partial=answer.legs.partial,
        )

    def all_hits(self, request: SearchRequest, *, watch: Watch | None = None) -> Iterator[Hit]:
        """Return every hit of a request's result, in order, whatever its `limit` and `offset`; raises like `search`.

        The search is done at once, and once; each hit is read when it is asked for. OverloadError when the time is up:
        there are no partial results here.
        """
        found = self._find(request, watch or Watch(), browse=request.filters != Filters())
        if found.answer.legs.partial:
            raise OverloadError("comparing by meaning takes too long at the moment; try again, or by keyword")
        everything = range(len(found.answer.ranking))
        return self._presenter.each_hit(found.query, found.answer, everything, marked=True)

    def _find(self, request: SearchRequest, watch: Watch, *, browse: bool) -> _Found:
        """Answer a request whole; `browse` says whether it may go without a query, for all that passes the filters."""
        query = self._understood(_parsed(request, browse=browse), request.mode)
        filters = _with_fields(request.filters, query)
        masks = self._columns.filter_masks(filters)
        legs = self._legs.run(query, request.mode, None, watch, passing=self._passing(masks))
        with watch.stage("rank"):
            grades = self._grades(query, legs, request)
            answer = self._answer(query, legs, masks, self._unit(request), grades=grades)
            ranking = answer.ranking
            if request.sort != "relevance" or query.browses:
                ranking = by_year(ranking, self._columns.year, newest_first=request.sort != "oldest")
            if request.group_by == "country":
                ranking = first_of_each(ranking, self._columns.country_units())
        return _Found(query=query, filters=filters, answer=replace(answer, ranking=ranking))

    def overview(self, request: SearchRequest, *, watch: Watch | None = None) -> Overview:
        """Count how the whole result of a request is spread; without a query, that is all that passes the filters.

        Raises like `search`.
        """
        found = self._find(replace(request, sort="relevance"), watch or Watch(), browse=True)
        answer = found.answer
        counted = count_overview(self._columns, answer.unit, answer.documents, request, self.info)
        return replace(counted, meaning=self._presenter.meaning_map(found.query, answer), partial=answer.legs.partial)

    def similar(self, request: SimilarRequest) -> SimilarResult:
        """Return the commitments of other countries that are most like one (NotFoundError if there is none such).

        Stored embeddings are compared, so that no encoder is needed.
        """
        watch = Watch()
        total, hits = self._similar.find(self._versions(request.commitment_id), request)
        return SimilarResult(
            request=request,
            total=total,
            hits=hits,
            index=self.info,
            took_ms=watch.elapsed_ms,
        )

    def compare(self, request: CompareRequest) -> Comparison:
        """Return commitments side by side (QueryError for IDs that can't be compared, NotFoundError for unknown ones).

        Stored embeddings are compared, so that no encoder is needed.
        """
        watch = Watch()
        check_ids(request.commitment_ids)
        versions = [self._versions(commitment_id) for commitment_id in request.commitment_ids]
        commitments, aligned = self._comparer.compare(versions, request.lang)
        return Comparison(
            request=request,
            commitments=commitments,
            aligned=aligned,
            index=self.info,
            took_ms=watch.elapsed_ms,
        )

    def rank(
        self, query: Query, mode: Mode, *, filters: Filters | None = None, vector: Floats | None = None
    ) -> Ranking:
        """Return all commitments in the order of `search`, however weakly they match, without passages and facets.

        The ranking's document rows count in `document_ids`. `vector` is the embedding of `query.text`, float32
        `(dim,)`, as `encode` gives it for many queries at once; without it the text is encoded.
        """
        query = self._understood(query, mode)
        masks = self._columns.filter_masks(_with_fields(filters or Filters(), query))
        legs = self._legs.run(query, mode, vector, Watch(), passing=self._passing(masks))
        return self._answer(query, legs, masks, self._columns.commitment).ranking

    def evidence(self, text: str) -> Floats:
        """Return the evidence by meaning that each chunk answers a query, float32 `(chunks,)`."""
        vector = self.encode([text])[0]
        return self._grader.evidence(vector, self._semantic.nearness(vector))

    @property
    def document_ids(self) -> tuple[str, ...]:
        """The document of each row."""
        return self._columns.document_ids

    def encode(self, texts: Sequence[str]) -> Embeddings:
        """Return the embeddings of n queries, float32 `(n, dim)` (EncoderError if the encoder isn't the index's)."""
        with self._lock:
            if self._encoder is None:
                name = self._engine.manifest.encoder.name
                loaded = load_encoder(name, learned=self._engine.learned, runtime=self._runtime)
                self._encoder = RecentQueries(loaded)
        identity = self._engine.manifest.encoder
        if self._encoder.revision != identity.revision:
            raise EncoderError(
                f"the index was built with {identity.name} revision {identity.revision}, but this encoder is"
                f" {self._encoder.name} revision {self._encoder.revision}; rebuild with `concord index --rebuild`"
            )
        return self._encoder.encode_queries(texts)

    def _versions(self, commitment_id: str) -> list[int]:
        """Return the document rows of a commitment's language versions (NotFoundError if there are none)."""
        rows = self._columns.documents_of(commitment_id)
        if not rows:
            raise NotFoundError(f"there is no commitment {commitment_id[:40]!r} in this index", field="id")
        return rows

    def _understood(self, query: Query, mode: Mode) -> Query:
        """Return the query with what the index knows: its IDs, words that start so, and nearly so if words count."""
        known = self._columns.ids_by_casefold
        typed = {word.casefold() for word in (*query.commitment_ids, *query.terms)}
        query = replace(query, commitment_ids=tuple(sorted(known[word] for word in typed & known.keys())))
        query = spelt_out(query, self._keyword.lexicon)
        return query if mode == "semantic" else corrected(query, self._keyword.lexicon, across=mode == "keyword")

    def _passing(self, masks: dict[str, Mask]) -> Mask | None:
        """Return which documents pass all filters, bool `(documents,)`; None where there are none."""
        return matching_documents(np.ones(len(self._columns.document_ids), dtype=np.bool_), masks) if masks else None

    def _unit(self, request: SearchRequest) -> npt.NDArray[np.int32]:
        """Return the number of the hit that each document belongs to, int32 `(documents,)`."""
        return self._columns.group if request.fold else self._columns.commitment

    def _grades(self, query: Query, legs: Legs, request: SearchRequest) -> Grades:
        if query.browses:
            return np.full(len(self._columns.document_ids), STRONG, dtype=np.int8)
        meaning = legs.meaning
        evidence = None if meaning is None else self._grader.evidence(meaning.vector, meaning.near)
        grades = self._grader.grades(query, legs.rows, evidence=evidence, words=legs.words, exact=legs.exact)
        return np.where(grades >= FAIR, grades, NONE).astype(np.int8) if request.comparable else grades

    def _answer(
        self,
        query: Query,
        legs: Legs,
        masks: dict[str, Mask],
        unit: npt.NDArray[np.int32],
        *,
        grades: Grades | None = None,
    ) -> Answer:
        """Rank the documents whose grade isn't NONE, by scores that don't depend on which they are.

        Without grades, rank all of them, as weak matches.
        """
        if grades is None:
            grades = np.full(len(self._columns.document_ids), WEAK, dtype=np.int8)
        there, graded = legs.rows.there(len(grades)), grades != NONE
        passing = matching_documents(there, masks)
        scores = self._document_scores(query, legs, passing)
        documents = np.flatnonzero(passing & graded)
        return Answer(
            legs=legs,
            grades=grades,
            candidates=there & graded,
            masks=masks,
            documents=documents,
            unit=unit,
            ranking=collapse(documents, scores, unit),
        )

    def _document_scores(self, query: Query, legs: Legs, documents: Mask) -> Floats:
        """Return the scores that order these documents, float32 by document row; others have any."""
        scores = legs.rows.highest(legs.best, len(documents))
        if legs.meaning is not None:
            slots = legs.rows.highest(legs.meaning.slots, len(documents))
            langs = self._columns.langs
            if not documents.all():
                langs = tuple(rows[documents.take(rows)] for rows in langs)
            scores = fuse(slots, scores, langs)
        for commitment_id in query.commitment_ids:  # above everything that words or meaning can give
            highest = np.abs(scores[documents]).max(initial=0)
            scores[self._columns.documents_of(commitment_id)] += np.float32(1 + highest)
        return scores


def _store(index: Path | Store) -> Store:
    return Folder(index) if isinstance(index, Path) else index


def _parsed(request: SearchRequest, *, browse: bool) -> Query:
    """Return what the request's query says; where it may `browse`, no query asks for all that passes the filters."""
    return Query(text="", terms=()) if browse and not request.query.strip() else parse_query(request.query)


def _with_fields(filters: Filters, query: Query) -> Filters:
    """Return the filters narrowed by what the query says in fields, `lang:fr country:KR year:2016-2018`."""
    fields = query.fields
    return replace(
        filters,
        lang=_both(filters.lang, fields.lang),
        country=_both(filters.country, fields.country),
        year_from=min((first for first, _ in fields.year), default=filters.year_from),
        year_to=max((last for _, last in fields.year), default=filters.year_to),
    )


def _both(chosen: tuple[str, ...], typed: tuple[str, ...]) -> tuple[str, ...]:
    """Return the values that satisfy both; where nothing does, the typed ones, which stand in plain sight."""
    return tuple(value for value in chosen if value in typed) or typed or chosen
