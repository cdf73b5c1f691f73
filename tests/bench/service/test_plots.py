from __future__ import annotations

import re
from pathlib import Path

import pytest

pytest.importorskip("matplotlib", reason="needs the extra bench")

from bench.service.plots import draw
from tests.bench.service.figures import made_up

NAMES = ["latency.svg", "memory.svg", "scans.svg"]


def drawn(folder: Path, **sizes: list[int]) -> dict[str, str]:
    folder.mkdir()
    draw(made_up(**sizes), folder)
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.iterdir())}


def test_plots_name_their_lines_and_limits_on_white(tmp_path: Path) -> None:
    plots = drawn(tmp_path / "plots")
    texts = {name: re.findall(r"<text[^>]*>([^<]+)</text>", plot) for name, plot in plots.items()}
    assert list(texts) == NAMES
    limit = "limit: encoding, and reading what is scanned once"
    assert {"encode", "keyword", "other", limit} <= set(texts["latency.svg"])
    assert {"1,000", "51,000", "a server's process", "bar: encoder + 2 × index"} <= set(texts["memory.svg"])
    assert "Concord" in texts["scans.svg"]
    assert all("fill: #ffffff" in plot for plot in plots.values())


def test_the_same_figures_give_the_same_files(tmp_path: Path) -> None:
    assert drawn(tmp_path / "first") == drawn(tmp_path / "second")


def test_one_size_is_drawn(tmp_path: Path) -> None:
    assert list(drawn(tmp_path / "plots", sizes=[1_000], scans=[100_000])) == NAMES
