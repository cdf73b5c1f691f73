"""Indexing again: what changed is embedded, what is gone is dropped, and a crash leaves the old index answering."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import accumulate, pairwise
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer import keyword_index, preparation
from indexer.chunking import TokenLimit, chunk_document
from indexer.keyword_index import KeywordEntry
from indexer.known import known_from, preparation_rules
from indexer.languages import with_section_languages
from indexer.pipeline import IndexReport, build_index, index_documents
from indexer.readers import entry
from indexer.readers.entry import Entry
from indexer.readers.recall import Recall
from indexer.readers.sources import ReadResult, read_sources
from indexer.shared.manifest import seal
from indexer.shared.records import Chunk, Document, Section
from indexer.shared.storage import Generation, current_digest, damaged_files, open_generation
from searchapp.search.results import SearchRequest
from searchapp.search.searcher import Searcher
from tests.fakes import FakeEncoder, document
from tests.indexer.readers.saved_pages import saved_page


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


SPANISH = "El ministerio publicará todos los contratos públicos en un solo portal antes de que termine el año. " * 4
BODIES = (
    "Open data.",
    sentences(12),
    sentences(12) + " And more.",
    sentences(40),
    sentences(3) + "\n" + SPANISH,
    SPANISH,
    "开放政府数据，让每个人都能找到合同。",
    "",
)


def in_sections(number: int, body: str, *, title: str, country: str | None) -> Document:
    """A document with a section for each line of its text."""
    name = f"XX{number:04d}"
    ends = list(accumulate(len(line) + 1 for line in body.split("\n")))
    sections = tuple(
        Section(kind="description", heading="Description", start=start, end=end - 1)
        for start, end in pairwise([0, *ends])
    )
    return replace(document(name, body, title=title, country=country), sections=sections, line=number)


CORPORA = st.dictionaries(
    st.integers(0, 9),
    st.tuples(st.sampled_from(BODIES), st.sampled_from(["", "A title", "Open data"]), st.sampled_from([None, "FR"])),
    min_size=1,
    max_size=8,
)


def index_corpus(folder: Path, corpus: dict[int, tuple[str, str, str | None]]) -> IndexReport:
    documents = [
        in_sections(number, body, title=title, country=country)
        for number, (body, title, country) in sorted(corpus.items())
    ]
    return index_documents(
        ReadResult(documents=tuple(documents), rejected=(), sources=()), index=folder, encoder=FakeEncoder()
    )


@settings(max_examples=12, deadline=None)
@given(versions=st.lists(CORPORA, min_size=2, max_size=3))
def test_updated_again_and_again_an_index_is_that_of_a_fresh_run(
    tmp_path_factory: pytest.TempPathFactory, versions: list[dict[int, tuple[str, str, str | None]]]
) -> None:
    """All but the places on the map, which stay where they were, and the time of building."""
    base = tmp_path_factory.mktemp("versions")
    for corpus in versions:
        index_corpus(base / "updated", corpus)
    index_corpus(base / "fresh", versions[-1])
    updated, fresh = open_generation(base / "updated"), open_generation(base / "fresh")
    assert updated.manifest.digest == fresh.manifest.digest
    names = updated.manifest.files.keys() | fresh.manifest.files.keys()
    for name in names - {"positions.npy"}:
        assert (updated.folder / name).read_bytes() == (fresh.folder / name).read_bytes(), name


@dataclass
class Work:
    """How often what is made of a document was made."""

    read: list[str] = field(default_factory=list)
    analysed: list[str] = field(default_factory=list)
    chunked: list[str] = field(default_factory=list)
    languages: list[str] = field(default_factory=list)


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Work:
    """Notes of which rows documents are made, which are cut and their languages told, and whose words are read."""
    counted = Work()
    make, fields = entry._document, keyword_index._fields

    def counting_make(row: Entry) -> Document:
        made = make(row)
        counted.read.append(made.commitment_id)
        return made

    def counting_cut(document: Document, tokens: TokenLimit) -> list[Chunk]:
        counted.chunked.append(document.commitment_id)
        return chunk_document(document, tokens)

    def counting_tell(documents: Iterable[Document]) -> Iterator[Document]:
        for told in with_section_languages(documents):
            counted.languages.append(told.commitment_id)
            yield told

    def counting_fields(entry: KeywordEntry) -> dict[str, object]:
        counted.analysed.append(entry.commitment_id)
        return fields(entry)

    monkeypatch.setattr(entry, "_document", counting_make)
    monkeypatch.setattr(preparation, "chunk_document", counting_cut)
    monkeypatch.setattr(preparation, "with_section_languages", counting_tell)
    monkeypatch.setattr(keyword_index, "_fields", counting_fields)
    return counted


def test_only_documents_that_changed_are_read_cut_and_analysed(rows: Path, texts: dict[str, str], work: Work) -> None:
    index(rows)
    assert work.read == work.chunked == work.languages == list(texts)
    assert set(work.analysed) == set(texts)
    for made in (work.read, work.chunked, work.languages, work.analysed):
        made.clear()
    del texts["FR0001"]  # which moves all that follow by a line
    write_rows(rows, texts | {"FR0002": "All is new here.", "FR0005a": "So is this."})
    index(rows)
    assert work.read == work.chunked == work.languages == work.analysed == ["FR0002", "FR0005a"]
    assert [one.line for one in documents(rows.parent / "index")] == [1, 2, 3, 4, 5, 9, 6, 7, 8]


def test_an_index_made_by_other_rules_is_made_anew(
    rows: Path, texts: dict[str, str], work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = index(rows)
    work.chunked.clear()
    monkeypatch.setattr("indexer.pipeline.preparation_rules", lambda _encoder: "others")
    second = index(rows)
    assert work.chunked == list(texts)
    assert second.embedded == 0
    assert first.manifest is not None
    assert second.manifest is not None
    assert first.manifest.digest != second.manifest.digest


def test_a_generation_from_before_there_were_rules_is_searched_and_made_anew(
    rows: Path, texts: dict[str, str], work: Work
) -> None:
    index(rows)
    without(open_generation(rows.parent / "index"), {"rules.txt", "signatures.npy", "entries.npy"})
    assert open_generation(rows.parent / "index").manifest.counts.documents == len(texts)
    work.chunked.clear()
    write_rows(rows, texts | {"FR0002": "All is new here."})
    assert index(rows).embedded == 1
    assert work.chunked == list(texts)


def test_what_is_recalled_is_what_would_be_read_anew(seeds: Path, rows: Path, texts: dict[str, str]) -> None:
    folder = rows.parent / "index"
    page, html = rows.with_name("page.txt"), rows.with_name("page.html")
    first, second, *_ = sorted(seeds.glob("*.txt"))
    page.write_bytes(first.read_bytes())
    html.write_text(saved_page(second.read_text("utf-8")), encoding="utf-8")
    build_index([page, html, rows], index=folder, encoder=FakeEncoder())
    known = known_from(open_generation(folder), preparation_rules(FakeEncoder()))
    assert known is not None
    moved = rows.with_name("moved.jsonl")
    write_rows(moved, {"DE0001": "A new one.", **texts, "FR0002": "All is new here."})
    renamed = page.rename(page.with_name("renamed.txt"))
    recalled = Recalled(known.recall)
    sources = [renamed, html, moved]
    assert read_sources(sources, recall=recalled) == read_sources(sources)
    assert recalled.count == 2 + len(texts) - 1


class Recalled:
    """Counts what is recalled."""

    def __init__(self, recall: Recall) -> None:
        self._recall = recall
        self.count = 0

    def __call__(self, digest: bytes) -> Document | None:
        found = self._recall(digest)
        self.count += found is not None
        return found


def documents(index: Path) -> list[Document]:
    generation = open_generation(index)
    return [generation.document(row) for row in range(generation.manifest.counts.documents)]


def without(generation: Generation, names: set[str]) -> None:
    """Remove files of a generation as if they had never been written."""
    for name in names:
        (generation.folder / name).unlink()
    files = {name: file for name, file in generation.manifest.files.items() if name not in names}
    manifest = seal(msgspec.structs.replace(generation.manifest, files=files))
    (generation.folder / "manifest.json").write_bytes(msgspec.json.encode(manifest))


SLOW_INDEXING = """
import sys, time
from pathlib import Path
from indexer.pipeline import build_index
from tests.fakes import FakeEncoder, document
from tests.indexer.readers.saved_pages import saved_page

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
