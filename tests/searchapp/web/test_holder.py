from __future__ import annotations

import gc
import logging
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from indexer.publishing import restore
from indexer.shared.errors import IndexMissingError, IndexStoreError
from indexer.shared.storage import current_digest
from searchapp.engines.opening import Folder
from searchapp.search.searcher import Searcher
from searchapp.web import create_app
from searchapp.web.holder import CurrentGeneration, SearcherHolder, SearchService, get_searcher, holder_of
from tests.fakes import FakeEncoder
from tests.indexer.crashes import corpus_answering, write_corpus
from tests.searchapp.web.fakes import FakeSearcher


@dataclass
class Answers:
    """A source that opens one after the other; what is an error is raised."""

    answers: list[FakeSearcher | IndexStoreError]
    version: int = 0
    opened: list[SearchService | None] = field(default_factory=list)

    def state(self) -> object:
        return self.version

    def open(self, previous: SearchService | None) -> SearchService:
        threading.Event().wait(0.05)  # long enough for other threads to come in, were they let in
        self.opened.append(previous)
        answer = self.answers.pop(0)
        if isinstance(answer, IndexStoreError):
            raise answer
        return answer


def test_many_threads_open_the_searcher_once() -> None:
    source = Answers([FakeSearcher()])
    holder = SearcherHolder(source)
    everyone = threading.Barrier(8)

    def use() -> object:
        everyone.wait(timeout=10)
        return holder.get()

    with ThreadPoolExecutor(8) as pool:
        got = [future.result() for future in [pool.submit(use) for _ in range(8)]]
    assert len(source.opened) == 1
    assert all(searcher is got[0] for searcher in got)


def test_an_index_that_appears_later_is_found() -> None:
    searcher = FakeSearcher()
    holder = SearcherHolder(Answers([IndexMissingError("not yet"), searcher]))
    with pytest.raises(IndexMissingError):
        holder.get()
    assert holder.refresh()
    assert holder.get() is searcher


def test_nothing_new_opens_nothing() -> None:
    source = Answers([FakeSearcher()])
    holder = SearcherHolder(source)
    holder.get()
    assert holder.refresh()
    assert source.opened == [None]


def test_what_is_new_is_opened_beside_the_old_and_then_answers() -> None:
    old, new = FakeSearcher(), FakeSearcher()
    source = Answers([old, new])
    holder = SearcherHolder(source)
    assert holder.get() is old
    source.version = 1
    assert holder.refresh()
    assert holder.get() is new
    assert source.opened == [None, old]


def test_while_what_is_new_cannot_be_opened_the_old_answers_and_the_log_says_why_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    old, new = FakeSearcher(), FakeSearcher()
    source = Answers([old, IndexStoreError("truncated"), IndexStoreError("truncated"), new])
    holder = SearcherHolder(source)
    holder.get()
    source.version = 1
    assert not holder.refresh()
    assert not holder.refresh()
    assert holder.get() is old
    assert [record.getMessage().count("truncated") for record in caplog.records] == [1]
    assert holder.refresh()
    assert holder.get() is new


def test_a_request_has_one_searcher_from_start_to_end() -> None:
    source = Answers([FakeSearcher(), FakeSearcher()])
    app = create_app({"TESTING": True})
    app.extensions["concord.searcher"] = SearcherHolder(source)
    with app.test_request_context():
        before = get_searcher()
        source.version = 1
        holder_of(app).refresh()
        assert get_searcher() is before
    with app.test_request_context():
        assert get_searcher() is not before


@pytest.fixture
def index(tmp_path: Path) -> Path:
    """Corpus 2 is current, corpus 1 is kept."""
    write_corpus(tmp_path / "index", 1)
    write_corpus(tmp_path / "index", 2)
    return tmp_path / "index"


@dataclass(frozen=True)
class FakeCurrent(CurrentGeneration):
    """An index whose first searcher has the fake encoder."""

    def open(self, previous: SearchService | None) -> SearchService:
        return CurrentGeneration.open(self, previous or Searcher.open(self.store, encoder=FakeEncoder()))


def answering(holder: SearcherHolder) -> int:
    searcher = holder.get()
    assert isinstance(searcher, Searcher)
    return corpus_answering(searcher)


def test_an_index_made_or_restored_is_noticed_and_shares_the_encoder(
    index: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    holder = SearcherHolder(FakeCurrent(Folder(index)))
    first = holder.get()
    assert isinstance(first, Searcher)
    restore(index)
    assert holder.refresh()
    assert answering(holder) == 1
    write_corpus(index, 3)
    assert holder.refresh()
    assert answering(holder) == 3
    last = holder.get()
    assert isinstance(last, Searcher)
    assert last.is_warm
    assert last._encoder is first._encoder
    assert current_digest(index) in caplog.text


def test_a_damaged_new_generation_is_not_taken(index: Path) -> None:
    holder = SearcherHolder(FakeCurrent(Folder(index), paranoid=True))
    holder.get()
    path = index / "generations" / write_corpus(index, 3) / "embeddings.npy"
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert not holder.refresh()
    assert answering(holder) == 2
    path.write_bytes(content)
    assert holder.refresh()
    assert answering(holder) == 3


def test_a_pointer_that_is_gone_leaves_the_old_generation_answering(index: Path) -> None:
    holder = SearcherHolder(FakeCurrent(Folder(index)))
    holder.get()
    (index / "current").unlink()
    assert not holder.refresh()
    assert answering(holder) == 2


def test_the_old_searcher_is_released_with_its_last_user(index: Path) -> None:
    holder = SearcherHolder(FakeCurrent(Folder(index)))
    in_use = holder.get()
    old = weakref.ref(in_use)
    write_corpus(index, 3)
    holder.refresh()
    gc.collect()
    assert old() is in_use
    del in_use
    gc.collect()
    assert old() is None


def test_the_index_is_watched_until_told_to_stop(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("searchapp.web.holder.LOOK_EVERY", 0.01)
    holder = SearcherHolder(FakeCurrent(Folder(index)))
    holder.get()
    stop = threading.Event()
    thread = holder.watch(stop)
    write_corpus(index, 3)
    while answering(holder) != 3:
        assert thread.is_alive()
    stop.set()
    thread.join()


def test_a_folder_without_an_index_is_a_503_and_never_an_empty_result(tmp_path: Path) -> None:
    client = create_app({"INDEX": tmp_path / "none"}).test_client()
    assert client.get("/?q=hub").status_code == 503
    assert client.get("/api/v1/search?q=hub").status_code == 503
    assert client.get("/commitments/UK0066").status_code == 503
    assert client.get("/readyz").status_code == 503
    assert client.get("/healthz").status_code == 200


def test_an_index_that_is_cut_short_is_a_503(index: Path) -> None:
    path = index / "generations" / current_digest(index) / "documents.jsonl"
    path.write_bytes(path.read_bytes()[:-10])
    client = create_app({"INDEX": index}).test_client()
    assert client.get("/api/v1/search?q=hub").status_code == 503
    assert client.get("/readyz").json["status"] == 503


def test_ready_means_that_the_encoder_is_loaded(index: Path) -> None:
    searcher = Searcher.open(index, encoder=FakeEncoder())
    client = create_app({"SEARCHER": searcher}).test_client()
    waiting = client.get("/readyz")
    assert (waiting.status_code, waiting.content_type) == (503, "application/problem+json")
    assert "encoder" in waiting.json["detail"]
    searcher.warm_up()
    ready = client.get("/readyz")
    assert ready.json == {"status": "ready", "index": current_digest(index)}


def test_pages_that_need_no_index_are_there_without_one(tmp_path: Path) -> None:
    client = create_app({"INDEX": tmp_path / "none"}).test_client()
    assert client.get("/").status_code == 200
    about = client.get("/about")
    assert about.status_code == 200
    assert "The index can\u2019t be used at the moment" in about.text
