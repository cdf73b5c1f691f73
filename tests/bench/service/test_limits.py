from __future__ import annotations

from dataclasses import replace

from bench.service.limits import limit_lines
from bench.service.scans import CONCORD
from tests.bench.service.figures import made_up


def test_straight_lines_say_where_limits_are_reached() -> None:
    assert list(limit_lines(made_up())) == [
        "| worked out from the tables above | for each 100,000 chunks | and always | limit | reached at |",
        "|---|---:|---:|---:|---:|",
        "| index on disk | 200 MB | 0 MB |  |  |",
        "| memory of a server | 300 MB | 900 MB | 8,192 MB | 2,400,000 chunks |",
        "| scan of the vectors | 10 ms | 0 ms | 50 ms | 500,000 chunks |",
        "| hybrid search without encoding | 100 ms | 0 ms | 50 ms | 50,000 chunks |",
        "",
        "The first limit, that of the hybrid search without encoding, is reached at about 50,000 chunks.",
    ]


def test_one_size_is_taken_for_all_that_there_is() -> None:
    lines = list(limit_lines(made_up(sizes=[1_000], scans=[100_000])))
    assert "| scan of the vectors | 10 ms | 0 ms | 50 ms | 500,000 chunks |" in lines


def test_what_does_not_grow_reaches_no_limit() -> None:
    figures = made_up()
    level = [replace(one, seconds={CONCORD: 0.01}) for one in figures.scans]
    lines = list(limit_lines(replace(figures, scans=level)))
    assert "| scan of the vectors | 0 ms | 10 ms | 50 ms |  |" in lines
