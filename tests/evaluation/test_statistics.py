from __future__ import annotations

import numpy as np
import pytest

from evaluation.statistics import bootstrap_intervals, randomisation_p_values

EACH = np.arange(400)


def test_an_interval_is_about_two_standard_errors_to_each_side() -> None:
    values = np.random.default_rng(1).normal(0.5, 0.2, size=(400, 1))
    [[low, high]] = bootstrap_intervals(values, EACH)
    error = 1.96 * values.std() / 20
    assert low == pytest.approx(values.mean() - error, abs=0.004)
    assert high == pytest.approx(values.mean() + error, abs=0.004)


def test_an_interval_of_equal_values_is_that_value() -> None:
    assert bootstrap_intervals(np.full((4, 2), 0.25), np.arange(4)).tolist() == [[0.25, 0.25], [0.25, 0.25]]


def test_copies_of_a_query_make_nothing_surer() -> None:
    values = np.random.default_rng(1).normal(0.5, 0.2, size=(400, 1))
    once = bootstrap_intervals(values, EACH)
    fourfold = bootstrap_intervals(np.repeat(values, 4, axis=0), np.repeat(EACH, 4))
    assert fourfold == pytest.approx(once)


def test_p_is_small_for_a_difference_on_every_query_and_large_for_none() -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, size=(400, 1))
    sure, none = randomisation_p_values(np.hstack([noise + 0.1, noise - noise.mean()]), EACH)
    assert sure < 0.001
    assert none > 0.9


def test_p_of_few_queries_is_the_share_of_signs_as_extreme() -> None:
    [p] = randomisation_p_values(np.ones((3, 1)), np.arange(3))
    assert p == pytest.approx(2 / 8, abs=0.02)  # all plus or all minus, of eight


def test_no_difference_at_all_has_p_1() -> None:
    assert randomisation_p_values(np.zeros((5, 1)), np.arange(5)).tolist() == [1.0]


def test_figures_are_the_same_every_time() -> None:
    values = np.random.default_rng(1).normal(0.5, 0.2, size=(40, 2))
    units = np.arange(40)
    assert bootstrap_intervals(values, units).tolist() == bootstrap_intervals(values, units).tolist()
    assert randomisation_p_values(values, units).tolist() == randomisation_p_values(values, units).tolist()
