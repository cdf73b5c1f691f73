from __future__ import annotations

import numpy as np

from indexer.shared.encoder.late_chunking import sentence_means

TOKENS = np.array([[9, 9], [1, 0], [3, 0], [0, 2], [9, 9]], dtype=np.float32)
PLACES = [(0, 0), (0, 4), (4, 9), (9, 12), (0, 0)]
WHOLE = np.array([5, 5], dtype=np.float32)


def test_a_sentence_is_the_mean_of_its_tokens_without_special_ones() -> None:
    assert sentence_means(TOKENS, PLACES, [(0, 9), (9, 12)], otherwise=WHOLE).tolist() == [[2, 0], [0, 2]]


def test_the_middle_of_a_token_decides_whose_it_is() -> None:
    assert sentence_means(TOKENS, PLACES, [(0, 6), (6, 12)], otherwise=WHOLE).tolist() == [[1, 0], [1.5, 1]]


def test_a_sentence_without_tokens_has_the_vector_of_its_passage() -> None:
    assert sentence_means(TOKENS, PLACES, [(12, 20)], otherwise=WHOLE).tolist() == [[5, 5]]
    assert sentence_means(TOKENS[:0], [], [(0, 20)], otherwise=WHOLE).tolist() == [[5, 5]]


def test_no_sentences_are_an_empty_array() -> None:
    assert sentence_means(TOKENS, PLACES, [], otherwise=WHOLE).shape == (0, 2)
