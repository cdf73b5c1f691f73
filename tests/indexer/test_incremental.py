"""Indexing again: what changed is embedded, what is gone is dropped, and a crash leaves the old index answering."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from indexer.pipeline import IndexReport, build_index
from indexer.shared.storage import current_digest, damaged_files, open_generation
from searchapp.search.results import SearchRequest
from searchapp.search.searcher import Searcher
from tests.fakes import FakeEncoder


def sentences(count: int) -> str:
    return " ".join(f"In year {year} the ministry will publish every contract on one portal." for year in range(count))


def write_rows(path: Path, texts: dict[str, str]) -> None:
    rows = [
        {"id": name, "title": f"Promise {name}", "text": text, "lang": "en", "country": "FR"}
        for name, text in texts.items()
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


@pytest.fixture
def texts() -> dict[str, str]:
    return {f"FR{number:04d}": f"Number {number}. {sentences(1 + 20 * (number % 3))}" for number in range(9)}


@pytest.fixture
def rows(tmp_path: Path, texts: dict[str, str]) -> Path:
    path = tmp_path / "rows.jsonl"
    write_rows(path, texts)
    return path


def index(path: Path) -> IndexReport:
    return build_index([path], index=path.parent / "index", encoder=FakeEncoder())


def test_nothing_changed_embeds_nothing(rows: Path) -> None:
    first = index(rows)
    assert first.manifest is not None
    assert first.embedded == first.manifest.counts.chunks > 9
    again = index(rows)
    assert again.embedded == 0
    assert again.manifest == first.manifest


def test_one_row_edited_embeds_only_its_chunks(rows: Path, texts: dict[str, str]) -> None:
    index(rows)
    write_rows(rows, texts | {"FR0002": sentences(40).replace("contract", "invoice")})
    report = index(rows)
    generation = open_generation(rows.parent / "index")
    [row] = [row for row in range(9) if generation.document(row).commitment_id == "FR0002"]
    assert report.embedded == int((generation.chunks["document"] == row).sum()) > 1


def test_rows_added_and_removed_are_found_and_gone(rows: Path, texts: dict[str, str]) -> None:
    index(rows)
    del texts["FR0003"]
    write_rows(rows, texts | {"FR0010": "Something about zebras."})
    assert index(rows).embedded == 1
    searcher = Searcher.open(rows.parent / "index", encoder=FakeEncoder())
    result = searcher.search(SearchRequest(query="zebras", mode="keyword"))
    assert [hit.document.commitment_id for hit in result.hits] == ["FR0010"]
    assert {row.removesuffix(".en") for row in searcher.document_ids} == {*texts, "FR0010"}
    contracts = searcher.search(SearchRequest(query="contract", fold=False, limit=100))
    assert {hit.document.commitment_id for hit in contracts.hits} == {*texts}


def test_rebuild_embeds_everything(rows: Path) -> None:
    index(rows)
    report = build_index([rows], index=rows.parent / "index", encoder=FakeEncoder(), rebuild=True)
    assert report.manifest is not None
    assert report.embedded == report.manifest.counts.chunks


SLOW_INDEXING = """
import sys, time
from pathlib import Path
from indexer.pipeline import build_index
from tests.fakes import FakeEncoder

class Slow(FakeEncoder):
    def encode_passages_with_sentences(self, passages, sentences, *, progress=False):
        Path(sys.argv[2]).touch()
        time.sleep(600)

build_index([Path(sys.argv[1])], index=Path(sys.argv[1]).parent / "index", encoder=Slow())
"""


def test_killed_half_way_the_old_index_answers_and_the_next_run_succeeds(rows: Path, texts: dict[str, str]) -> None:
    index(rows)
    before = current_digest(rows.parent / "index")
    write_rows(rows, texts | {"FR0002": "All is new here."})
    started = rows.parent / "started"
    process = subprocess.Popen([sys.executable, "-c", SLOW_INDEXING, rows, started])  # noqa: S603 (our own program)
    while not started.exists():
        assert process.poll() is None
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert current_digest(rows.parent / "index") == before
    searcher = Searcher.open(rows.parent / "index", encoder=FakeEncoder())
    assert searcher.search(SearchRequest(query="contract", fold=False)).total == 9
    assert index(rows).embedded == 1
    generations = rows.parent / "index" / "generations"
    assert {folder.name for folder in generations.iterdir()} == {before, current_digest(rows.parent / "index")}
    assert damaged_files(open_generation(rows.parent / "index").folder) == []
