from __future__ import annotations

from pathlib import Path

import pytest

from bench import runtimes
from bench.runtimes import runtime_table
from indexer.shared.encoder import Encoder
from tests.bench.fakes import ShiftedEncoder, write_sets
from tests.evaluation.fakes import AngleEncoder


def test_a_row_for_each_runtime_beside_torch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[str] = []

    def load(_name: str, *, runtime: str) -> Encoder:
        loaded.append(runtime)
        return AngleEncoder() if runtime == "torch" else ShiftedEncoder()

    monkeypatch.setattr(runtimes, "load_encoder", load)
    monkeypatch.setattr(runtimes, "missing_packages", lambda name: ["onnx"] if name == "onnxruntime" else [])
    monkeypatch.setattr(runtimes, "_WORDS", range(1, 10))
    head, rule, *rows = runtime_table(write_sets(tmp_path))
    assert loaded == ["torch", "torch-bfloat16", "openvino", "openvino-int8"]
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    assert [row[0] for row in cells] == loaded
    assert {len(row) for row in cells} == {head.count("|") - 1} == {rule.count("|") - 1}
    assert (cells[0][2], cells[0][4], cells[0][5]) == ("1.00", "1.00", "1.0000")
