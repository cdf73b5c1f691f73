from __future__ import annotations

import errno
import resource
from pathlib import Path

import numpy as np
import pytest

from indexer.shared.arrays import counts_of, load_array, new_array, ranges, save_array, starts


def test_what_is_written_to_a_new_array_is_in_its_file(tmp_path: Path) -> None:
    array = new_array(tmp_path / "new.npy", (3, 2), "<f4")
    assert not array.any()
    array[1] = 7
    assert load_array(tmp_path / "new.npy").tolist() == [[0, 0], [7, 7], [0, 0]]


@pytest.mark.parametrize("shape", [(3, 2), (0, 2), (5,)])
def test_a_new_array_has_the_same_bytes_as_one_saved(tmp_path: Path, shape: tuple[int, ...]) -> None:
    new_array(tmp_path / "new.npy", shape, "<i4")
    save_array(tmp_path / "saved.npy", np.zeros(shape, dtype="<i4"))
    assert (tmp_path / "new.npy").read_bytes() == (tmp_path / "saved.npy").read_bytes()


def test_a_new_array_without_room_is_an_error_and_not_the_end_of_the_process(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, before[1]))
    try:
        with pytest.raises(OSError) as caught:  # noqa: PT011 (its number is checked)
            new_array(tmp_path / "new.npy", (2**20,), "<f4")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert caught.value.errno == errno.EFBIG


def test_starts_and_counts_are_inverse() -> None:
    assert starts([2, 0, 3]).tolist() == [0, 2, 2, 5]
    assert counts_of(starts([2, 0, 3])).tolist() == [2, 0, 3]
    assert starts([]).tolist() == [0]


def test_ranges_are_one_after_the_other() -> None:
    assert ranges(np.array([5, 0, 9]), np.array([2, 0, 3])).tolist() == [5, 6, 9, 10, 11]
    assert ranges(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)).tolist() == []
