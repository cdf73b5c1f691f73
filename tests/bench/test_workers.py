from __future__ import annotations

from pathlib import Path

from bench.workers import worker_table
from tests.bench.fakes import write_sets
from tests.fakes import FakeEncoder
from tests.indexer.workers.test_crew import FakeCrew


def test_workers_stand_beside_one_process(tmp_path: Path) -> None:
    crew = FakeCrew()
    head, rule, row = worker_table(write_sets(tmp_path), FakeEncoder(), crew)
    assert crew.submitted == [0] * 4
    assert head.count("|") == rule.count("|") == row.count("|")
    assert row.startswith("| python | ")
