from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from indexer.shared.errors import IndexMissingError
from searchapp.web import create_app
from searchapp.web.holder import SearcherHolder
from tests.searchapp.web.fakes import FakeSearcher


def test_many_threads_open_the_searcher_once() -> None:
    opened = []
    everyone = threading.Barrier(8)

    def opener() -> FakeSearcher:
        opened.append(1)
        threading.Event().wait(0.1)  # long enough for the other threads to come in, were they let in
        return FakeSearcher()

    holder = SearcherHolder(opener)

    def use() -> object:
        everyone.wait(timeout=10)
        return holder.get()

    with ThreadPoolExecutor(8) as pool:
        got = [future.result() for future in [pool.submit(use) for _ in range(8)]]
    assert len(opened) == 1
    assert all(searcher is got[0] for searcher in got)


def test_an_index_that_appears_later_is_found() -> None:
    answers: list[FakeSearcher | IndexMissingError] = [IndexMissingError("not yet"), FakeSearcher()]

    def opener() -> FakeSearcher:
        answer = answers.pop(0)
        if isinstance(answer, IndexMissingError):
            raise answer
        return answer

    holder = SearcherHolder(opener)
    with pytest.raises(IndexMissingError):
        holder.get()
    assert isinstance(holder.get(), FakeSearcher)


def test_a_folder_without_an_index_is_a_503_and_never_an_empty_result(tmp_path: Path) -> None:
    client = create_app({"INDEX": tmp_path / "none"}).test_client()
    assert client.get("/?q=hub").status_code == 503
    assert client.get("/api/v1/search?q=hub").status_code == 503
    assert client.get("/commitments/UK0066").status_code == 503


def test_pages_that_need_no_index_are_there_without_one(tmp_path: Path) -> None:
    client = create_app({"INDEX": tmp_path / "none"}).test_client()
    assert client.get("/").status_code == 200
    about = client.get("/about")
    assert about.status_code == 200
    assert "The index can\u2019t be used at the moment" in about.text
