from __future__ import annotations

import numpy as np

from bench.engines.measured import ENGINES, Cost, Found
from bench.engines.report import capacity_lines, engine_tables


def found(chunks: int) -> Found:
    """Costs in proportion to the number of chunks; PostgreSQL's are twice those of files."""
    costs = {
        engine: Cost(
            seconds=times * chunks / 1000,
            update=times * 0.5,
            disk=times * chunks / 1024,
            memory=times * chunks / 2048,
            milliseconds=times * np.linspace(0, 100, 101),
        )
        for times, engine in enumerate(ENGINES, start=1)
    }
    return Found(chunks=chunks, costs=costs, recall=0.9871, same=1.0)


def test_each_size_has_a_column_for_each_engine() -> None:
    head, rule, *rows = engine_tables([found(1024), found(10_240)])
    assert head.count("1,024 chunks") == head.count("10,240 chunks") == len(ENGINES)
    assert {row.count("|") for row in (head, rule, *rows)} == {6}
    cells = {row.split(" | ")[0].removeprefix("| "): row.split(" | ")[1:] for row in rows}
    assert cells["hybrid search, ms: p50 / p95"][:2] == ["50 / 95", "100 / 190"]
    assert cells["on disk, MB"] == ["1", "2", "10", "20 |"]
    assert cells["of the 50 nearest passages, named"][1] == "98.7%"


def test_larger_corpora_are_worked_out_from_the_largest_measured() -> None:
    head, _, *rows = capacity_lines([found(1024), found(1_024_000)])
    assert head == "| in proportion to 1,024,000 chunks | 10,000,000 chunks | 100,000,000 chunks |"
    assert "| database: 2.0 KB a chunk | 19 GB | 191 GB |" in rows
    assert "| shards: half of 64 GB each for the database | 1 | 6 |" in rows
    assert "| indexing: 1.0 ms a chunk | 2.8 h | 27.8 h |" in rows
    assert "| publishing: 1.0 ms a chunk | 2.8 h | 27.8 h |" in rows
