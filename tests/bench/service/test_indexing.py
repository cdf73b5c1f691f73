from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from bench.service.indexing import index_fresh
from bench.service.processes import in_new_process
from indexer.shared.storage import open_generation
from tests.bench.fakes import write_sets


def test_work_is_done_in_a_process_of_its_own() -> None:
    assert in_new_process(os.getpid) != os.getpid()


def test_indexing_makes_an_index_of_that_size_and_its_memory_is_not_ours(tmp_path: Path) -> None:
    ours = np.ones(2**27)  # a gigabyte
    cost = index_fresh(write_sets(tmp_path / "clir"), 5, tmp_path / "index")
    assert len(open_generation(tmp_path / "index").chunks) == 5
    assert cost.seconds > 0
    assert cost.update > 0
    assert 10 < cost.megabytes < ours.nbytes / 2**20
