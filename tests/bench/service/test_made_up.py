from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bench.service.made_up import MadeUpEncoder
from indexer.shared.encoder import Embeddings
from tests.fakes import FakeEncoder


def test_texts_with_common_words_are_nearer_and_both_models_parts_have_unit_length() -> None:
    encoder = MadeUpEncoder()
    vectors = encoder.encode_passages(["open budget data", "Open budget", "forest fires"])
    assert vectors.shape == (3, encoder.dim)
    start = encoder.second.start
    for part in (vectors[:, :start], vectors[:, start:]):
        assert np.allclose(np.linalg.norm(part, axis=1), 1, atol=1e-6)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.5


def test_sentences_are_embedded_like_passages() -> None:
    encoder = MadeUpEncoder()
    _, sentences = encoder.encode_passages_with_sentences(["one two", "three"], [[(0, 3), (4, 7)], [(0, 5)]])
    assert np.array_equal(sentences, encoder.encode_passages(["one", "two", "three"]))


def test_a_real_encoder_reads_the_queries_and_changes_nothing() -> None:
    class Reading(FakeEncoder):
        def encode_queries(self, queries: Sequence[str]) -> Embeddings:
            self.passages_seen += queries
            return super().encode_queries(queries)

    real = Reading()
    assert np.array_equal(MadeUpEncoder(real).encode_queries(["a b"]), MadeUpEncoder().encode_queries(["a b"]))
    assert real.passages_seen == ["a b"]


def test_only_passages_count_as_time_spent_on_embeddings() -> None:
    encoder = MadeUpEncoder()
    encoder.encode_queries(["a"])
    assert encoder.seconds == 0
    encoder.encode_passages(["a"])
    assert encoder.seconds > 0
