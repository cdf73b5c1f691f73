from __future__ import annotations

import numpy as np

from indexer.centres import language_centres
from indexer.shared.quantised import quantise
from indexer.shared.storage import Centres

DIM = 6
RNG = np.random.default_rng(0)


def centres(passages: np.ndarray, documents: list[int], langs: list[int], sentences: int = 2) -> Centres:
    """The centres when each passage has so many sentences, all equal to it."""
    return language_centres(
        passages,
        quantise(np.repeat(passages, sentences, axis=0)),
        counts=np.full(len(passages), sentences),
        documents=np.array(documents),
        langs=np.array(langs),
    )


def test_languages_with_many_documents_lose_what_each_has_in_common() -> None:
    shift = np.array([[1.0], [-1.0]]) * np.eye(DIM)[0]
    langs = [number % 2 for number in range(400)]
    passages = (shift[langs] + 0.1 * RNG.standard_normal((400, DIM))).astype(np.float32)
    found = centres(passages, list(range(400)), langs)
    assert np.allclose(found.passages, shift, atol=0.08)
    assert np.allclose(found.sentences, found.passages, atol=0.02)


def test_a_language_with_one_document_keeps_its_topic_however_long_that_is() -> None:
    topic = np.eye(DIM)[0]
    short = np.vstack([RNG.standard_normal((50, DIM)), topic]).astype(np.float32)
    long = np.vstack([short, np.tile(topic, (99, 1))]).astype(np.float32)
    one = centres(short, list(range(51)), [0] * 50 + [1])
    hundred = centres(long, list(range(51)) + [50] * 99, [0] * 50 + [1] * 100)
    assert np.allclose(one.passages, hundred.passages, atol=1e-5)
    assert np.linalg.norm(hundred.passages[1]) < 0.15


def test_the_sections_of_a_document_count_in_their_own_languages() -> None:
    passages = RNG.standard_normal((3, DIM)).astype(np.float32)
    together = centres(passages, [0, 0, 0], [0, 0, 1])
    apart = centres(passages, [0, 0, 1], [0, 0, 1])
    assert np.allclose(together.passages, apart.passages)


def test_one_language_alone_has_its_centre_in_the_mean_of_all() -> None:
    found = centres(RNG.standard_normal((5, DIM)).astype(np.float32), [0, 1, 2, 3, 4], [0] * 5)
    assert np.allclose(found.passages, 0, atol=1e-6)
    assert np.allclose(found.sentences, 0, atol=1e-6)


def test_documents_without_sentences_do_no_harm() -> None:
    passages = RNG.standard_normal((3, DIM)).astype(np.float32)
    found = language_centres(
        passages,
        quantise(passages[:0]),
        counts=np.zeros(3, dtype=np.int64),
        documents=np.arange(3),
        langs=np.array([0, 0, 1]),
    )
    assert np.isfinite(found.sentences).all()
