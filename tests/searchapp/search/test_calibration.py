from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from indexer.shared import calibration
from indexer.shared.calibration import Scale, scale_of
from searchapp.search.calibration import Calibration
from searchapp.search.semantic import Nearness

Floats = npt.NDArray[np.float32]

CHUNKS, TEXTS, DIM = 7, 5, 4


class LinearLeg:
    """Similarities that are inner products, shifted and scaled as another encoder's might be."""

    def __init__(self, chunks: Floats, *, scale: float = 1.0, shift: float = 0.0) -> None:
        self.chunks, self.scale, self.shift = chunks, scale, shift

    def passage_scores(self, vector: Floats, rows: npt.NDArray[np.int64] | None = None) -> Floats:
        return self.scale * (self.chunks if rows is None else self.chunks[rows]) @ vector + self.shift

    def of_many(self, vectors: Floats, passages: Floats, lang: npt.NDArray[np.int64]) -> Floats:
        assert len(lang) == len(passages)
        return self.scale * vectors @ passages.T + self.shift

    def nearness(self, vector: Floats) -> Nearness:
        return Nearness(passages=self.passage_scores(vector), nearest=np.arange(0))

    @property
    def similarity(self) -> LinearLeg:
        return self

    @staticmethod
    def others(vectors: Floats) -> Floats:
        return vectors

    def of_queries(self, vector: Floats, others: Floats) -> Floats:
        return self.scale * others @ vector + self.shift


@pytest.fixture
def vectors() -> tuple[Floats, Floats, Floats]:
    """Chunks, background and queries."""
    rng = np.random.default_rng(7)
    chunks, background, queries = (rng.standard_normal((n, DIM)).astype(np.float32) for n in (CHUNKS, TEXTS, 3))
    return chunks, background, queries


def calibrated(leg: LinearLeg, background: Floats) -> Calibration:
    similarity: Any = leg
    langs = np.zeros(len(leg.chunks), dtype=np.int64)

    def scale() -> Scale:
        return scale_of(similarity, background, lambda rows: leg.chunks[rows], langs)

    return Calibration(similarity, background=background, scale=scale)


def evidence(leg: LinearLeg, background: Floats, query: Floats) -> Floats:
    return calibrated(leg, background).evidence(query, leg.nearness(query))


def test_evidence_is_what_its_formula_says(vectors: tuple[Floats, Floats, Floats]) -> None:
    chunks, background, queries = vectors
    among = [float(one @ other) for i, one in enumerate(background) for j, other in enumerate(background) if i != j]
    for query in queries:
        level = np.mean([query @ text for text in background])
        expected = []
        for chunk in chunks:
            similarity = chunk @ query
            to_chunk = [chunk @ text for text in background]
            by_chunk = (similarity - np.mean(to_chunk)) / np.std(to_chunk)
            expected.append((by_chunk + (similarity - level) / np.std(among)) / 2)
        found = evidence(LinearLeg(chunks), background, query)
        assert found.dtype == np.float32
        assert found == pytest.approx(expected, rel=1e-4)


def test_evidence_does_not_depend_on_scale_and_zero_of_an_encoders_similarities(
    vectors: tuple[Floats, Floats, Floats],
) -> None:
    chunks, background, [query, *_] = vectors
    plain = evidence(LinearLeg(chunks), background, query)
    other = evidence(LinearLeg(chunks, scale=0.1, shift=0.8), background, query)
    assert other == pytest.approx(plain, abs=1e-3)


def test_evidence_of_a_chunk_does_not_depend_on_the_other_chunks(vectors: tuple[Floats, Floats, Floats]) -> None:
    chunks, background, [query, *_] = vectors
    leg = LinearLeg(chunks[2:3])
    alone = calibrated(leg, background)
    assert alone.evidence(query, leg.nearness(query))[0] == pytest.approx(
        evidence(LinearLeg(chunks), background, query)[2]
    )


def test_blocks_of_chunks_add_up(vectors: tuple[Floats, Floats, Floats], monkeypatch: pytest.MonkeyPatch) -> None:
    chunks, background, [query, *_] = vectors
    whole = evidence(LinearLeg(chunks), background, query)
    monkeypatch.setattr(calibration, "_BLOCK", 3)
    assert evidence(LinearLeg(chunks), background, query).tolist() == whole.tolist()


def test_a_chunk_that_all_texts_are_equally_similar_to_gives_no_infinite_evidence() -> None:
    chunks = np.zeros((CHUNKS, DIM), dtype=np.float32)
    background = np.eye(TEXTS, DIM, dtype=np.float32)
    assert np.isfinite(evidence(LinearLeg(chunks), background, background[0])).all()


def test_threads_that_calibrate_at_once_get_the_same_evidence(vectors: tuple[Floats, Floats, Floats]) -> None:
    chunks, background, [query, *_] = vectors
    expected = evidence(LinearLeg(chunks), background, query).tolist()
    leg = LinearLeg(chunks)
    shared, near = calibrated(leg, background), leg.nearness(query)
    with ThreadPoolExecutor(8) as pool:
        for found in pool.map(shared.evidence, [query] * 16, [near] * 16):
            assert found.tolist() == expected
