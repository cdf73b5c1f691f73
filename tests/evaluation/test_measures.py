from __future__ import annotations

import math

import pytest

from evaluation.measures import MEASURES, measure


def values(qrels: dict[str, int], ranked: list[str]) -> dict[str, float]:
    return dict(zip(MEASURES, measure({"q": qrels}, {"q": ranked})["q"].tolist(), strict=True))


def test_measures_are_those_of_the_textbook() -> None:
    ranked = [f"d{rank}" for rank in range(1, 121)]
    found = values({"d2": 1, "d4": 3, "d20": 1, "d60": 1, "d110": 1, "d1": 0}, ranked)
    gained = 1 / math.log2(3) + 3 / math.log2(5)
    ideal = 3 + sum(1 / math.log2(rank + 1) for rank in (2, 3, 4, 5))
    assert found == pytest.approx(
        {"ndcg@10": gained / ideal, "r@10": 2 / 5, "r@25": 3 / 5, "r@100": 4 / 5, "mrr@10": 1 / 2, "p@1": 0}
    )


def test_only_the_order_of_a_ranking_counts() -> None:
    assert values({"a": 1}, ["z", "a"])["mrr@10"] == values({"z": 1}, ["a", "z"])["mrr@10"] == 1 / 2


def test_an_answer_after_the_tenth_is_worth_nothing_to_mrr() -> None:
    ranked = [f"d{rank}" for rank in range(1, 12)]
    assert values({"d10": 1}, ranked)["mrr@10"] == pytest.approx(0.1)
    assert values({"d11": 1}, ranked)["mrr@10"] == 0


def test_a_topic_that_found_nothing_has_zeros() -> None:
    found = measure({"q": {"a": 1}, "r": {"a": 1}}, {"q": []})
    assert found["q"].tolist() == found["r"].tolist() == [0] * len(MEASURES)
