from __future__ import annotations

import numpy as np

from searchapp.search.ranking import Ranking, best_rows, by_year, collapse


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


def test_what_has_no_year_comes_last_in_order_of_score() -> None:
    ranking = Ranking(document=np.array([3, 1, 0, 2]), score=np.array([4, 3, 2, 1], dtype=np.float32))
    year = np.array([2012, 0, 2012, 0], dtype=np.int32)
    for newest_first in (True, False):
        ordered = by_year(ranking, year, newest_first=newest_first)
        assert ordered.document.tolist() == [0, 2, 3, 1]
        assert ordered.score.tolist() == [2, 1, 4, 3]
