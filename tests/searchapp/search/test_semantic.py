from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from indexer.shared.encoder import SecondModel, unit_length
from indexer.shared.quantised import quantise
from indexer.shared.similarity import CORRELATION, SECOND_WEIGHT
from indexer.shared.storage import CHUNK_DTYPE, Centres, Sentences
from searchapp.engines import embedded
from searchapp.engines.embedded import EmbeddedEngine
from searchapp.search import semantic
from searchapp.search.semantic import SENTENCE_WEIGHT, SemanticLeg

FIRST, SECOND = 12, 8
DIM = FIRST + SECOND
LANGS = ("el", "en", "fr")
KNOWN = np.array([False, True, True])
RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def rough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have few passages compared as many are."""
    monkeypatch.setattr(embedded, "EXACT_UP_TO", 0)


def vectors(count: int) -> np.ndarray:
    """Vectors whose two parts have unit length."""
    parts = [unit_length(RNG.standard_normal((count, dim)).astype(np.float32)) for dim in (FIRST, SECOND)]
    return np.hstack(parts)


class Corpus:
    """What the leg reads of a generation: chunks in three languages, with one to four sentences each."""

    def __init__(self, chunks: int, *, second: bool = True, centred: bool = True) -> None:
        self.chunks = np.zeros(chunks, dtype=CHUNK_DTYPE)
        self.chunks["lang"] = np.arange(chunks) % len(LANGS)
        self.embeddings = vectors(chunks)
        counts = RNG.integers(1, 5, chunks)
        self.sentence_offsets = np.cumsum([0, *counts]).astype(np.uint64)
        self.of_sentences = vectors(int(counts.sum()))
        spans = np.zeros((len(self.of_sentences), 2), dtype=np.int32)
        self.all_sentences = Sentences(spans=spans, embeddings=quantise(self.of_sentences))
        centres = (0.2 * RNG.standard_normal((2, len(LANGS), DIM))).astype(np.float32)
        self.centres = Centres(passages=centres[0], sentences=centres[1]) if centred else None
        model = SecondModel(start=FIRST, langs=("en", "fr", "de")) if second else None
        self.manifest = SimpleNamespace(langs=LANGS, encoder=SimpleNamespace(second=model))

    def rows(self, chunk: int) -> slice:
        return slice(int(self.sentence_offsets[chunk]), int(self.sentence_offsets[chunk + 1]))

    def sentences(self, chunk: int) -> Sentences:
        part = self.rows(chunk)
        return Sentences(spans=self.all_sentences.spans[part], embeddings=self.all_sentences.embeddings[part])

    def leg(self) -> SemanticLeg:
        generation: Any = self
        return SemanticLeg(EmbeddedEngine(generation))


def joined(text: np.ndarray, query: np.ndarray, *, known: bool) -> float:
    """The similarity of one text, by the book."""
    first, second = text[:FIRST] @ query[:FIRST], text[FIRST:] @ query[FIRST:]
    if not known:
        return float(first)
    heard = np.linalg.norm(query[FIRST:])
    share = SECOND_WEIGHT * heard
    cosine = second / heard if heard else 0
    spread = np.sqrt((1 - share) ** 2 + share**2 + 2 * CORRELATION * share * (1 - share))
    return float(((1 - share) * first + share * cosine) / spread)


def scores(leg: SemanticLeg, query: np.ndarray) -> np.ndarray:
    return leg.with_sentences(leg.nearness(query), query)


def by_the_book(corpus: Corpus, query: np.ndarray) -> np.ndarray:
    expected = []
    for chunk, lang in enumerate(corpus.chunks["lang"]):
        assert corpus.centres is not None
        passage = joined(corpus.embeddings[chunk] - corpus.centres.passages[lang], query, known=KNOWN[lang])
        best = max(
            joined(sentence - corpus.centres.sentences[lang], query, known=KNOWN[lang])
            for sentence in corpus.of_sentences[corpus.rows(chunk)]
        )
        expected.append((1 - SENTENCE_WEIGHT) * passage + SENTENCE_WEIGHT * best)
    return np.array(expected)


@pytest.mark.parametrize("heard", [1, 0.4, 0])
def test_passage_and_best_sentence_of_both_models_are_joined_less_their_languages_centre(heard: float) -> None:
    corpus = Corpus(50)
    query = vectors(1)[0]
    query[FIRST:] *= heard
    assert scores(corpus.leg(), query) == pytest.approx(by_the_book(corpus, query), abs=5e-3)


def test_a_query_that_the_second_model_does_not_know_is_left_to_the_first() -> None:
    corpus = Corpus(30)
    query = vectors(1)[0]
    query[FIRST:] = 0
    leg = corpus.leg()
    before = scores(leg, query)
    corpus.embeddings[:, FIRST:] *= -1
    assert np.array_equal(scores(leg, query), before)


def test_an_encoder_that_has_learned_nothing_gives_plain_cosines() -> None:
    corpus = Corpus(30, second=False, centred=False)
    query = vectors(1)[0]
    assert scores(corpus.leg(), query) == pytest.approx(corpus.embeddings @ query, abs=1e-6)


def test_far_passages_keep_their_order_and_do_not_overtake_by_sentences(monkeypatch: pytest.MonkeyPatch) -> None:
    corpus = Corpus(200)
    query = vectors(1)[0]
    everything = scores(corpus.leg(), query)
    monkeypatch.setattr(semantic, "_CANDIDATES", 200)
    with monkeypatch.context() as changed:
        changed.setattr(semantic, "SENTENCE_WEIGHT", 0)
        by_passage = scores(corpus.leg(), query)
    monkeypatch.setattr(semantic, "_CANDIDATES", 40)
    found = scores(corpus.leg(), query)
    near = np.argsort(-by_passage)[:40]
    far = np.setdiff1d(np.arange(200), near)
    assert found[near] == pytest.approx(everything[near], abs=1e-6)
    by_scan = corpus.leg().nearness(query).passages
    assert np.abs(by_scan - by_passage).max() < 2e-2
    assert np.array_equal(np.argsort(found[far]), np.argsort(by_scan[far]))
    assert (found[far] <= everything[near].max()).all()


def test_a_chunk_as_a_query_is_nearest_to_itself() -> None:
    corpus = Corpus(60)
    leg = corpus.leg()
    for row, vector in enumerate(leg.as_queries(np.arange(6))):
        assert np.linalg.norm(vector[:FIRST]) == pytest.approx(1, abs=1e-5)
        assert np.linalg.norm(vector[FIRST:]) == pytest.approx(float(KNOWN[row % 3]), abs=1e-5)
        passages = corpus.embeddings @ vector
        assert passages.argmax() == row


def test_the_sentences_of_a_chunk_are_compared_one_by_one() -> None:
    corpus = Corpus(10)
    query = vectors(1)[0]
    expected = [joined(one, query, known=True) for one in corpus.of_sentences[corpus.rows(4)]]
    _, (spans, found) = corpus.leg().scored_sentences([2, 4], query)
    assert len(spans) == len(found)
    assert found == pytest.approx(np.array(expected), abs=5e-3)


def test_nothing_indexed_gives_no_scores() -> None:
    assert scores(Corpus(0).leg(), vectors(1)[0]).shape == (0,)


def test_the_nearest_passages_are_those_of_an_exact_comparison(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(semantic, "_CANDIDATES", 300)
    corpus = Corpus(30_000)
    leg = corpus.leg()
    for query in vectors(10):
        exact, near = leg.passage_scores(query), leg.nearness(query)
        nearest = np.argsort(-exact, kind="stable")[:100]
        assert np.argsort(-near.passages, kind="stable")[:100].tolist() == nearest.tolist()
        assert len(near.nearest) == 300
        assert near.passages[nearest] == pytest.approx(exact[nearest], abs=1e-6)
        assert 0 < np.abs(near.passages - exact).max() < 4e-2


def test_few_passages_are_compared_exactly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    leg, query = Corpus(3000).leg(), vectors(1)[0]
    assert leg.nearness(query).passages.tolist() == leg.passage_scores(query).tolist()


def test_many_queries_at_once_score_as_one_by_one() -> None:
    corpus, rows = Corpus(40), np.arange(10, 30)
    leg, queries, lang = corpus.leg(), vectors(5), corpus.chunks["lang"].astype(np.int64)
    many = leg.similarity.of_many(queries, corpus.embeddings[rows], lang[rows])
    for found, query in zip(many, queries, strict=True):
        assert found == pytest.approx(leg.passage_scores(query, rows), abs=1e-6)


@pytest.mark.parametrize("second", [True, False])
def test_many_queries_are_compared_with_all_passages_a_few_at_a_time(
    monkeypatch: pytest.MonkeyPatch, *, second: bool
) -> None:
    monkeypatch.setattr(semantic, "_AT_ONCE", 4)
    leg, queries = Corpus(40, second=second).leg(), vectors(5)
    many = leg.passage_scores_of_many(queries)
    assert many.shape == (5, 40)
    for found, query in zip(many, queries, strict=True):
        assert found == pytest.approx(leg.passage_scores(query), abs=1e-6)
