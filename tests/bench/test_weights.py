from __future__ import annotations

from pathlib import Path

import numpy as np

from bench.legs import Setup
from bench.weights import _best_without, weights_table
from searchapp.search.fusion import FusionWeights
from tests.bench.fakes import ShiftedEncoder, write_sets
from tests.evaluation.fakes import AngleEncoder


def test_every_set_is_measured_with_all_weights_and_left_out_once(tmp_path: Path) -> None:
    setup = Setup(
        data=write_sets(tmp_path / "clir"), cache=tmp_path / "cache", encoder=AngleEncoder(), raw=ShiftedEncoder()
    )
    grid = (FusionWeights(), FusionWeights(keyword=0, lift=0))
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in weights_table(setup, grid)]
    header, _, first, second, best, gives, default = lines
    assert header[:3] == ["keyword", "lift", "ogp_knownitem_dev"]
    assert {len(line) for line in lines} == {len(header)}
    assert (first[:2], second[:2]) == (["0.75", "1.5"], ["0", "0"])
    for column in range(2, len(header) - 1):
        assert best[column] in ("0.75, 1.5", "0, 0")
        assert gives[column] == (first if best[column] == "0.75, 1.5" else second)[column]
        assert default[column] == first[column]


def test_what_is_best_for_a_set_is_chosen_without_looking_at_it() -> None:
    figures = np.array([[0.1, 0.9, 0.9], [1.0, 0.5, 0.8]])
    assert [_best_without(figures, column) for column in range(3)] == [0, 1, 1]
