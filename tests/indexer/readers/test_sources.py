from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from indexer.readers.sources import read_sources

ENDINGS = ".csv, .htm, .html, .jsonl, .ndjson, .tsv, .txt, each also with .gz"


@pytest.fixture
def folder(tmp_path: Path, seeds: Path) -> Path:
    shutil.copytree(seeds, tmp_path / "pages")
    return tmp_path / "pages"


def reasons(*paths: Path) -> list[str]:
    return [str(error) for error in read_sources(paths).rejected]


def test_a_folder_is_read_recursively_and_documents_are_ordered(folder: Path) -> None:
    (folder / "deeper").mkdir()
    moved = min(folder.glob("*.txt"))
    moved.rename(folder / "deeper" / moved.name)
    result = read_sources([folder])
    assert [one.document_id for one in result.documents] == [
        "DE0026.fr",
        "FR0039.es",
        "KR0042.fr",
        "SEO0002.fr",
        "UK0066.fr",
    ]
    assert result.rejected == ()
    assert [source.documents for source in result.sources] == [1] * 5


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "holds no text"),
        (b" \n\t\n", "holds no text"),
        (b"Dear diary,\nnothing happened today.\n", "not a commitment page"),
        ("Résumé\n".encode("cp1252") * 3, "not UTF-8: byte 0xe9 at offset 1"),
        (b"\x00\x01\x02" * 100, ""),
        ("Cycle du plan".encode("utf-16"), "not UTF-8"),
    ],
)
def test_a_bad_file_is_named_with_its_reason_and_the_rest_is_read(folder: Path, content: bytes, expected: str) -> None:
    bad = folder / "bad.txt"
    bad.write_bytes(content)
    result = read_sources([folder])
    assert len(result.documents) == 5
    [error] = result.rejected
    assert str(error).startswith(str(bad))
    assert expected in str(error)
    assert "\n" not in str(error)


def test_a_missing_file_and_an_unknown_kind_are_named(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "sheet.xlsx").write_bytes(b"PK")
    found = reasons(folder, tmp_path / "nowhere", tmp_path / "sheet.xlsx")
    assert found == [
        f"{tmp_path}/nowhere: no such file or folder",
        f"{tmp_path}/sheet.xlsx: unknown kind of file (expected an ending of {ENDINGS})",
    ]


def test_an_empty_folder_is_named(tmp_path: Path) -> None:
    assert reasons(tmp_path) == [f"{tmp_path}: no file with a known ending in this folder (expected {ENDINGS})"]


def test_a_file_that_cannot_be_read_is_named(folder: Path) -> None:
    (folder / "loop.txt").symlink_to(folder / "loop.txt")
    [reason] = reasons(folder)
    assert reason.startswith(f"{folder}/loop.txt: can't be read")


def test_the_same_commitment_and_language_twice_keeps_the_first(folder: Path) -> None:
    first = min(folder.glob("*.txt"))
    shutil.copy(first, folder / "zz_copy.txt")
    result = read_sources([folder])
    assert len(result.documents) == 5
    [error] = result.rejected
    assert f"{folder}/zz_copy.txt: commitment UK0066 in language 'fr' was already read from {first}" in str(error)
