from __future__ import annotations

from pathlib import Path

import pytest

from bench.legs import Setup
from bench.quality import measured, strength_bars
from evaluation.calibration import Checked
from indexer.shared.errors import ConcordError
from tests.bench.fakes import ShiftedEncoder
from tests.evaluation.fakes import AngleEncoder


def checked(*, on_topic: bool, right: int, wrong: int) -> list[Checked]:
    answers = [on_topic] * right + [not on_topic] * wrong
    return [Checked(lang="en", text="", on_topic=on_topic, comparable=answer, evidence=0.0) for answer in answers]


def test_two_wrong_strengths_on_either_side_are_borne_and_three_are_not() -> None:
    asked = checked(on_topic=False, right=98, wrong=2) + checked(on_topic=True, right=97, wrong=3)
    off_topic, on_topic = strength_bars(asked)
    assert (off_topic.met, on_topic.met) == (True, False)
    assert off_topic.narrowest.legs == {"hybrid": "2 of 100"}
    assert "100 queries" in on_topic.data


def test_strengths_are_not_measured_without_their_documents(tmp_path: Path) -> None:
    setup = Setup(data=tmp_path / "clir", cache=tmp_path, encoder=AngleEncoder(), raw=ShiftedEncoder())
    with pytest.raises(ConcordError, match=r"irm_dev.csv: not there"):
        list(measured(setup, ["strengths"]))
