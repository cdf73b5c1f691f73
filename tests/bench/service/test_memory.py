from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench.service import memory
from bench.service.memory import disk_megabytes, peak_megabytes, resident_megabytes

linux = pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="needs Linux")


@linux
def test_what_is_held_is_counted_and_once_more_when_it_is_gone() -> None:
    before = resident_megabytes()
    held = np.ones(2**24)
    assert resident_megabytes() > before + 100
    assert peak_megabytes() >= held.nbytes / 2**20


def test_where_the_system_does_not_tell_nothing_is_made_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_STATUS", f"{tmp_path}/{{}}")
    assert np.isnan(resident_megabytes())
    assert peak_megabytes() > 10


def test_files_in_folders_are_counted(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "file").write_bytes(bytes(2**20))
    (tmp_path / "file").write_bytes(bytes(2**19))
    assert disk_megabytes(tmp_path) == 1.5
