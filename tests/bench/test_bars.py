from __future__ import annotations

import pytest

from bench.bars import Bar, Case, Estimate, bar_table


def case(margin: float, name: str = "") -> Case:
    return Case(name=name, legs={"raw": "0.500", "hybrid": "0.600"}, estimate="+0.100", margin=margin)


def bar(*margins: float) -> Bar:
    cases = tuple(case(margin, name) for margin, name in zip(margins, "abc", strict=False))
    return Bar(data="some set", what="nDCG@10", limit="hybrid ≥ raw", cases=cases)


def rows(*bars: Bar, each: bool = False) -> list[list[str]]:
    lines = list(bar_table(bars, each=each))
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:-2]]


def test_a_bar_that_is_missed_says_no() -> None:
    [row] = rows(bar(-0.001))
    assert row[-1] == "no"


def test_a_bar_that_is_just_reached_says_yes() -> None:
    assert [row[-1] for row in rows(bar(0.0), bar(0.1 + 0.2 - 0.3 - 1e-12))] == ["yes", "yes"]


def test_a_bar_is_missed_when_any_of_its_cases_misses_it() -> None:
    [row] = rows(bar(0.2, -0.1, 0.3))
    assert row[-1] == "no"


def test_of_several_cases_the_narrowest_is_shown() -> None:
    [row] = rows(bar(0.2, 0.1, 0.3))
    assert row[1] == "nDCG@10, lowest of 3: b"


def test_each_case_is_shown_with_its_own_answer_on_request() -> None:
    shown = rows(bar(0.2, -0.1), each=True)
    assert [(row[1], row[-1]) for row in shown] == [("nDCG@10: a", "yes"), ("nDCG@10: b", "no")]


def test_legs_stand_in_their_columns_and_those_that_were_not_run_are_blank() -> None:
    [row] = rows(bar(0.1))
    assert row == ["some set", "nDCG@10", "0.500", "", "", "0.600", "+0.100", "hybrid ≥ raw", "yes"]


def test_data_is_named_once_for_rows_that_follow_each_other() -> None:
    assert [row[0] for row in rows(bar(0.1), bar(0.1))] == ["some set", ""]


def test_every_row_has_as_many_cells_as_the_header() -> None:
    lines = [line for line in bar_table([bar(0.1), bar(-0.1, 0.1)], each=True) if line.startswith("|")]
    assert len({line.count("|") for line in lines}) == 1


def test_the_table_ends_with_how_many_are_met() -> None:
    *_, last = bar_table([bar(0.1), bar(-0.1), bar(0.2, 0.1)])
    assert last == "2 of 3 bars are met."


@pytest.mark.parametrize(
    ("estimate", "shown"),
    [
        (Estimate(mean=0.9041, low=0.89, high=0.92), "0.904 [0.890, 0.920]"),
        (Estimate(mean=0.07, low=-0.0001, high=0.1, difference=True), "+0.070 [+0.000, +0.100]"),
        (Estimate(mean=-0.0312, low=-0.05, high=0, difference=True), "-0.031 [-0.050, +0.000]"),
    ],
)
def test_differences_have_signs_and_levels_have_none(estimate: Estimate, shown: str) -> None:
    assert str(estimate) == shown
