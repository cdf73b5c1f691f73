from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from searchapp.search.ranking import Owned, Ranking, by_year, collapse, descending


def test_the_best_chunk_of_each_document_is_found_and_ties_take_the_lower_row() -> None:
    scores = np.array([0.1, 0.9, 0.9, 0.3], dtype=np.float32)
    owned = Owned.of(np.arange(4), np.array([0, 0, 0, 2], dtype=np.int32))
    assert [owned.best_row(document, scores) for document in (0, 2)] == [1, 3]
    assert owned.there(3).tolist() == [True, False, True]
    assert owned.highest(scores, 3).tolist() == [scores[1], -np.inf, scores[3]]


def test_chunks_that_are_not_eligible_are_passed_over() -> None:
    scores = np.array([0.1, 0.9], dtype=np.float32)
    owned = Owned.of(np.array([0]), np.array([0, 0], dtype=np.int32))
    assert owned.best_row(0, scores) == 0
    assert owned.highest(scores, 1).tolist() == scores[:1].tolist()


def test_what_is_no_higher_than_the_least_counts_as_the_least() -> None:
    grades = np.array([0, 3, -1, 1], dtype=np.int8)
    owned = Owned.of(np.arange(4), np.array([0, 0, 1, 3], dtype=np.int32))
    assert owned.highest(grades, 4, least=0).tolist() == [3, 0, 0, 1]


def test_without_eligible_chunks_no_document_has_any() -> None:
    owned = Owned.of(np.arange(0), np.array([0, 0], dtype=np.int32))
    assert not owned.there(2).any()
    assert owned.highest(np.array([0.1, 0.9], dtype=np.float32), 2).tolist() == [-np.inf, -np.inf]


@given(st.lists(st.floats(width=32, allow_nan=False, allow_subnormal=False) | st.just(-0.0), max_size=40))
def test_scores_are_put_in_order_as_a_stable_sort_does(scores: list[float]) -> None:
    given_scores = np.array(scores, dtype=np.float32)
    assert descending(given_scores).tolist() == np.argsort(-given_scores, kind="stable").tolist()


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
