"""Changing an index: whatever goes wrong, the old one answers and one line says what it was."""

from __future__ import annotations

import json
import os
import random
import resource
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import filelock
import numpy as np
import pytest
from click.testing import CliRunner

from concord import main
from indexer.publishing import restore, writer_lock
from indexer.shared.arrays import save_array
from indexer.shared.errors import IndexMissingError, IndexStoreError
from indexer.shared.manifest import read_manifest
from indexer.shared.storage import current_digest, damaged_files, generation_folders, open_generation
from searchapp.search.searcher import Searcher
from tests.fakes import FakeEncoder
from tests.indexer.crashes import corpus_answering, kill_writers, write_corpus


@pytest.fixture
def index(tmp_path: Path) -> Path:
    """Corpus 2 is current, corpus 1 is kept."""
    write_corpus(tmp_path / "index", 1)
    write_corpus(tmp_path / "index", 2)
    return tmp_path / "index"


def answering(index: Path) -> int:
    return corpus_answering(Searcher.open(index, encoder=FakeEncoder(), paranoid=True))


def run(*args: object) -> tuple[int, str]:
    result = CliRunner().invoke(main, [str(arg) for arg in args])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.stderr


def files_of(index: Path) -> list[Path]:
    """The pointer, and all files of the current generation."""
    folder = index / "generations" / current_digest(index)
    return [index / "current", *sorted(path for path in folder.rglob("*") if path.is_file())]


def test_killed_at_random_moments_the_index_is_always_one_of_two(tmp_path: Path) -> None:
    found = kill_writers(tmp_path / "index", 8)
    assert found["as after the last step"] + found["as after the next step"] == 8


def test_whichever_byte_of_whichever_file_is_flipped_verify_names_the_file(index: Path) -> None:
    for path in files_of(index):
        content = path.read_bytes()
        for place in sorted({0, len(content) // 3, len(content) // 2, len(content) - 1}):
            path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
            code, told = run("verify", "--index", index)
            assert code == 2, (path, place)
            assert str(path) in told, (path, place)
            assert "concord restore" in told, (path, place)
        path.write_bytes(content)
    assert run("verify", "--index", index)[0] == 0


def test_every_letter_of_the_manifest_is_verified(index: Path) -> None:
    path = open_generation(index).folder / "manifest.json"
    content = path.read_bytes()
    for place, letter in enumerate(content):
        if not bytes([letter]).isspace():
            path.write_bytes(content[:place] + bytes([letter ^ 1]) + content[place + 1 :])
            with pytest.raises(IndexStoreError, match=r"manifest\.json"):
                read_manifest(path.parent)
    path.write_bytes(content)


def test_whichever_file_is_cut_short_opening_refuses_it_and_offers_the_older_generation(index: Path) -> None:
    for path in files_of(index):
        content = path.read_bytes()
        path.write_bytes(content[: len(content) // 2])
        code, told = run("search", "courts", "--index", index)
        assert code == 2, path
        assert str(path) in told, path
        assert "concord restore" in told, path
        assert told.count("\n") == 1
        path.write_bytes(content)
    assert answering(index) == 2


def test_a_pointer_that_is_gone_or_names_nothing_is_told_with_the_way_back(index: Path) -> None:
    (index / "current").write_text("0" * 16 + "\n")
    with pytest.raises(IndexStoreError, match=r"index/current: names generation 0{16}.*concord restore"):
        open_generation(index)
    (index / "current").unlink()
    with pytest.raises(IndexMissingError, match="concord restore"):
        open_generation(index)
    restore(index)
    assert answering(index) in {1, 2}


def test_whatever_stands_in_a_file_opening_gives_a_searcher_or_one_line(index: Path) -> None:
    flips = random.Random(1)
    for path in files_of(index):
        content = path.read_bytes()
        for _ in range(10):
            place = flips.randrange(min(len(content), 200))  # where headers are, mostly
            path.write_bytes(content[:place] + bytes([flips.randrange(256)]) + content[place + 1 :])
            with suppress(IndexStoreError):
                Searcher.open(index, encoder=FakeEncoder())
        path.write_bytes(content)
    assert answering(index) == 2


def test_a_flipped_byte_is_refused_on_opening_when_asked_for(index: Path) -> None:
    path = open_generation(index).folder / "embeddings.npy"
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    open_generation(index)
    with pytest.raises(IndexStoreError, match=r"embeddings\.npy.*SHA-256.*concord restore"):
        open_generation(index, paranoid=True)


def test_damage_is_not_taken_over_by_the_next_index(index: Path) -> None:
    path = open_generation(index).folder / "embeddings.npy"
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    write_corpus(index, 2)
    assert path.read_bytes() == content
    assert damaged_files(path.parent) == []


def test_restore_goes_back_and_forward(index: Path) -> None:
    code, told = run("restore", "--index", index)
    assert (code, told.count("\n")) == (0, 1)
    assert answering(index) == 1
    run("restore", "--index", index)
    assert answering(index) == 2


def test_restore_refuses_what_is_damaged_or_not_there_and_says_what_is(index: Path) -> None:
    current = current_digest(index)
    [other] = [folder for folder in generation_folders(index) if folder.name != current]
    with (other / "documents.jsonl").open("r+b") as file:
        file.write(b"[")
    for wanted in ([], [other.name], ["0" * 16], ["../.."]):
        code, told = run("restore", *wanted, "--index", index)
        assert code == 2
        assert current in told
    assert current_digest(index) == current


def test_verify_tells_damage_of_the_older_generation_apart(index: Path) -> None:
    [other] = [folder for folder in generation_folders(index) if folder.name != current_digest(index)]
    (other / "groups.npy").unlink()
    code, told = run("verify", "--index", index)
    assert code == 2
    assert f"damaged: {other / 'groups.npy'}\n" in told
    assert "the current generation is intact" in told


def test_after_going_back_the_next_index_keeps_what_was_gone_back_to(index: Path) -> None:
    restore(index)
    write_corpus(index, 3)
    restore(index)
    assert answering(index) == 1


def test_a_generation_pruned_while_it_is_opened_gives_way_to_the_new_one(
    index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stale, reads = current_digest(index), []
    write_corpus(index, 3)
    write_corpus(index, 4)
    monkeypatch.setattr(
        "indexer.shared.storage.current_digest",
        lambda folder: reads.append(1) or (stale if len(reads) == 1 else current_digest(folder)),
    )
    assert open_generation(index).manifest.digest == current_digest(index)


def test_what_is_open_stays_readable_when_its_generation_is_pruned(index: Path) -> None:
    searcher = Searcher.open(index, encoder=FakeEncoder())
    folder = open_generation(index).folder
    write_corpus(index, 3)
    write_corpus(index, 4)
    assert not folder.exists()
    assert corpus_answering(searcher) == 2


def test_a_second_writer_is_told_who_holds_the_index_and_since_when(index: Path) -> None:
    with (
        writer_lock(index),
        pytest.raises(IndexStoreError, match=rf"process {os.getpid()} on .+ \(since 20.+\) is writing this index"),
    ):
        write_corpus(index, 3)
    assert write_corpus(index, 3) == current_digest(index)


def test_what_a_crashed_writer_left_is_not_taken_for_the_holder(index: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    stale = json.dumps({"pid": ended.pid, "host": socket.gethostname(), "since": "2020-01-01T00:00:00+00:00"})
    (index / "writer").write_text(stale)
    with (
        filelock.FileLock(index / "writer.lock"),  # as between taking the lock and saying so
        pytest.raises(IndexStoreError, match="another process is writing"),
    ):
        write_corpus(index, 3)
    assert write_corpus(index, 3) == current_digest(index)


def test_an_index_folder_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(IndexStoreError, match="can't be written"), writer_lock(tmp_path / "file"):
        pass


@contextmanager
def files_up_to(size: int) -> Iterator[None]:
    """No file may grow beyond so many bytes, as on a disk that is full then."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("size", [0, 1, 100, 1_000, 5_000, 20_000, 100_000])
def test_what_cannot_be_written_whole_is_one_clear_line_and_the_old_index_answers(index: Path, size: int) -> None:
    with files_up_to(size), pytest.raises(IndexStoreError, match=r"can't be written.*too large.*it is as it was"):
        write_corpus(index, 3)
    assert answering(index) == 2
    assert set((index / "generations").iterdir()) == set(generation_folders(index))
    write_corpus(index, 3)
    assert answering(index) == 3


def test_a_full_disk_is_named_as_the_reason() -> None:
    with pytest.raises(OSError, match="No space left"):
        save_array(Path("/dev/full"), np.zeros(10_000))


@pytest.fixture
def visible_index() -> Iterator[Path]:
    """The same index, in a folder that other users can reach."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        index = Path(folder) / "index"
        write_corpus(index, 1)
        write_corpus(index, 2)
        yield index


@contextmanager
def as_another_user(index: Path) -> Iterator[None]:
    """Without the right to write to the index: as nobody if we are root, who may write everywhere."""
    folders = [index, index / "generations"]
    for folder in folders:
        folder.chmod(0o555)
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(user)
        for folder in folders:
            folder.chmod(0o755)


def test_a_folder_that_may_only_be_read_is_searched_and_not_written_to(visible_index: Path) -> None:
    with as_another_user(visible_index):
        assert answering(visible_index) == 2
        for change in (lambda: write_corpus(visible_index, 3), lambda: restore(visible_index)):
            with pytest.raises(IndexStoreError, match=r"can't be written.*Permission denied"):
                change()
    assert answering(visible_index) == 2


def test_a_file_that_may_not_be_read_is_named_and_not_called_damaged(visible_index: Path) -> None:
    path = open_generation(visible_index).folder / "chunks.npy"
    path.chmod(0)
    with (
        as_another_user(visible_index),
        pytest.raises(
            IndexStoreError, match=r"chunks\.npy: can't be read \(Permission denied\); let this user read it"
        ),
    ):
        open_generation(visible_index)
