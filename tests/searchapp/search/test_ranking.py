from __future__ import annotations

import numpy as np

from searchapp.search.ranking import best_rows, collapse


def test_the_best_chunk_of_each_document_is_found_and_ties_take_the_lower_row() -> None:
    scores = np.array([0.1, 0.9, 0.9, 0.3], dtype=np.float32)
    document = np.array([0, 0, 0, 2], dtype=np.int32)
    assert best_rows(scores, np.arange(4), document, 3).tolist() == [1, -1, 3]


def test_chunks_that_are_not_eligible_are_passed_over() -> None:
    scores = np.array([0.1, 0.9], dtype=np.float32)
    assert best_rows(scores, np.array([0]), np.array([0, 0], dtype=np.int32), 1).tolist() == [0]


def test_a_commitment_appears_once_with_its_best_document() -> None:
    ranking = collapse(
        np.arange(4), np.array([0.5, 0.8, 0.8, 0.1], dtype=np.float32), np.array([0, 0, 1, 2], dtype=np.int32)
    )
    assert ranking.document.tolist() == [1, 2, 3]
    assert ranking.score.tolist() == np.array([0.8, 0.8, 0.1], dtype=np.float32).tolist()


def test_nothing_to_rank_is_an_empty_ranking() -> None:
    assert (
        len(collapse(np.array([], dtype=np.int64), np.array([], dtype=np.float32), np.array([], dtype=np.int32))) == 0
    )
