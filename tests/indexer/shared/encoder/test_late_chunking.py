from __future__ import annotations

import numpy as np

from indexer.shared.encoder.late_chunking import sentence_sums

TOKENS = np.array([[9, 9], [1, 0], [3, 0], [0, 2], [9, 9]], dtype=np.float32)
PLACES = [(0, 0), (0, 4), (4, 9), (9, 12), (0, 0)]


def test_a_sentence_has_its_tokens_without_special_ones() -> None:
    sums, counts = sentence_sums(TOKENS, PLACES, [(0, 9), (9, 12)], marks=False)
    assert (sums.tolist(), counts.tolist()) == ([[4, 0], [0, 2]], [2, 1])


def test_marks_may_be_part_of_every_sentence() -> None:
    sums, counts = sentence_sums(TOKENS, PLACES, [(0, 9), (9, 12)], marks=True)
    assert (sums.tolist(), counts.tolist()) == ([[22, 18], [18, 20]], [4, 3])


def test_the_middle_of_a_token_decides_whose_it_is() -> None:
    sums, counts = sentence_sums(TOKENS, PLACES, [(0, 6), (6, 12)], marks=False)
    assert (sums.tolist(), counts.tolist()) == ([[1, 0], [3, 2]], [1, 2])


def test_a_sentence_without_tokens_of_its_own_has_none() -> None:
    for marks in (False, True):
        for tokens, places in ((TOKENS, PLACES), (TOKENS[:0], [])):
            sums, counts = sentence_sums(tokens, places, [(12, 20)], marks=marks)
            assert (sums.tolist(), counts.tolist()) == ([[0, 0]], [0])


def test_no_sentences_are_empty_arrays() -> None:
    sums, counts = sentence_sums(TOKENS, PLACES, [], marks=False)
    assert (sums.shape, counts.shape) == ((0, 2), (0,))
