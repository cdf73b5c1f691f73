from __future__ import annotations

import pytest

from bench.service import scans
from bench.service.engines import READING
from bench.service.scans import CONCORD, scan


def test_scans_are_timed_beside_each_other_and_find_what_an_exact_one_does() -> None:
    found = scan(1_500)
    assert found.chunks == 1_500
    assert list(found.seconds)[:2] == [CONCORD, READING]
    assert all(seconds > 0 for seconds in found.seconds.values())
    assert found.recall == 1


def test_what_a_scan_misses_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = scans.made_up_vectors(300, seed=1)
    leg = scans.SemanticLeg(scans.EmbeddedEngine(scans._generation(vectors)))
    assert scans._recall(leg, vectors[0]) == 1
    near = leg.nearness
    monkeypatch.setattr(leg, "nearness", lambda query, **_: near(-query))
    assert scans._recall(leg, vectors[0]) < 0.5
