from __future__ import annotations

import gzip
import io
import json
import random
import shutil
from pathlib import Path

import pytest

from indexer.readers.sources import READERS, STANDARD_INPUT, ReadOptions, ReadResult, read_sources
from tests.indexer.readers.saved_pages import saved_page

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


TEXT = "The ministry will publish all of its contracts on one portal."


class Stdin:
    def __init__(self, data: bytes) -> None:
        self.buffer = io.BytesIO(data)


def ids(result: ReadResult) -> list[str]:
    return [one.document_id for one in result.documents]


def test_one_folder_may_hold_all_formats(folder: Path, tmp_path: Path) -> None:
    page = min(folder.glob("*.txt"))
    (folder / "page.HTML").write_text(saved_page(page.read_text(encoding="utf-8")), encoding="utf-8")
    page.unlink()
    (folder / "own.jsonl").write_text(json.dumps({"id": "A1", "text": TEXT}))
    (folder / "own.csv.gz").write_bytes(gzip.compress(f"id,text\nB1,{TEXT}\n".encode()))
    header = "Country,Action Plan Number,Comm No,Commitment Title,Full Text"
    (folder / "irm.csv").write_text(f"{header}\nUK,1,1,Title,{TEXT}\n")
    (folder / ".hidden.csv").write_text("x")
    (folder / "notes.md").write_text("x")
    result = read_sources([folder, tmp_path / "pages"])
    assert ids(result) == [
        "A1.en",
        "B1.en",
        "DE0026.fr",
        "FR0039.es",
        "IRM-GB-1-1.en",
        "KR0042.fr",
        "SEO0002.fr",
        "UK0066.fr",
    ]


@pytest.mark.parametrize("name", ["page.txt.gz", "page.html.GZ", "own.jsonl.gz", "own.tsv.gz"])
def test_every_format_may_be_compressed(name: str, seeds: Path, tmp_path: Path) -> None:
    dump = min(seeds.glob("*.txt")).read_text(encoding="utf-8")
    content = {
        "page.txt.gz": dump,
        "page.html.GZ": saved_page(dump),
        "own.jsonl.gz": json.dumps({"id": "A1", "text": TEXT}),
        "own.tsv.gz": f"id\ttext\nA1\t{TEXT}\n",
    }[name]
    (tmp_path / name).write_bytes(gzip.compress(content.encode()))
    result = read_sources([tmp_path / name])
    assert result.rejected == ()
    assert ids(result) == (["UK0066.fr"] if "page" in name else ["A1.en"])


def test_of_a_cut_off_gzip_file_the_rows_before_the_cut_are_read(tmp_path: Path) -> None:
    path = tmp_path / "own.csv.gz"
    texts = [random.Random(seed).randbytes(200).hex() for seed in range(500)]
    rows = "".join(f"A{number},{TEXT} {text}\n" for number, text in enumerate(texts))
    data = gzip.compress(f"id,text\n{rows}".encode())
    path.write_bytes(data[: len(data) // 2])
    result = read_sources([path])
    assert 100 < len(result.documents) < 400
    [error] = result.rejected
    assert error.line is not None
    assert abs(error.line - len(result.documents)) <= 3
    assert str(error).startswith(f"{path}:{error.line}: the gzip data is cut off or damaged (")


@pytest.mark.parametrize("name", ["page.txt.gz", "page.html.gz", "own.jsonl.gz"])
@pytest.mark.parametrize("damage", ["cut", "flipped", "empty"])
def test_a_damaged_gzip_file_is_named(name: str, damage: str, tmp_path: Path, seeds: Path) -> None:
    data = gzip.compress(min(seeds.glob("*.txt")).read_bytes())
    middle = len(data) // 2
    damaged = {
        "cut": data[:40],
        "flipped": data[:middle] + bytes(255 - byte for byte in data[middle : middle + 50]) + data[middle + 50 :],
        "empty": b"\x1f\x8b",
    }[damage]
    (tmp_path / name).write_bytes(damaged)
    result = read_sources([tmp_path / name])
    assert result.documents == ()
    assert str(result.rejected[-1]).startswith(f"{tmp_path / name}")
    assert "the gzip data is cut off or damaged" in str(result.rejected[-1])


def test_a_page_too_large_for_one_commitment_is_named(tmp_path: Path) -> None:
    (tmp_path / "page.txt.gz").write_bytes(gzip.compress(b"x" * 40_000_000))
    assert reasons(tmp_path / "page.txt.gz") == [
        f"{tmp_path}/page.txt.gz: larger than 32 MiB: no page of one commitment"
    ]


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("kind", ["text", "html", "csv", "irm", "jsonl"])
def test_standard_input_is_recognised(
    kind: str,
    compressed: bool,  # noqa: FBT001 (a parameter of the test)
    seeds: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dump = min(seeds.glob("*.txt")).read_text(encoding="utf-8")
    content, expected = {
        "text": (dump, "UK0066.fr"),
        "html": (saved_page(dump), "UK0066.fr"),
        "csv": (f"id;text\nA1;{TEXT}\n", "A1.en"),
        "irm": (f"Country,Action Plan Number,Comm No,Commitment Title,Full Text\nUK,1,1,T,{TEXT}\n", "IRM-GB-1-1.en"),
        "jsonl": (json.dumps({"id": "A1", "text": TEXT}), "A1.en"),
    }[kind]
    data = content.encode()
    monkeypatch.setattr("sys.stdin", Stdin(gzip.compress(data) if compressed else data))
    result = read_sources([STANDARD_INPUT])
    assert ids(result) == [expected]
    assert [source.name for source in result.sources] == ["-"]


def test_the_format_can_be_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "rows.data").write_text(f"id,text\nA1,{TEXT}\n")
    assert ids(read_sources([tmp_path / "rows.data"], ReadOptions(format="csv"))) == ["A1.en"]
    monkeypatch.setattr("sys.stdin", Stdin(f"Nummer,Inhalt\nA1,{TEXT}\n".encode()))
    options = ReadOptions(format="csv", columns={"Nummer": "id", "Inhalt": "text"})
    assert ids(read_sources([STANDARD_INPUT], options)) == ["A1.en"]


def test_every_reader_has_a_name_and_endings_of_its_own() -> None:
    assert len({reader.name for reader in READERS}) == len(READERS)
    assert all(ending.startswith(".") and ending.islower() for reader in READERS for ending in reader.endings)
