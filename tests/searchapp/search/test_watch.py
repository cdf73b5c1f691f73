from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from indexer.shared.encoder import Embeddings
from indexer.shared.errors import OverloadError
from searchapp.search.results import BY_WORDS_ALONE, SearchRequest
from searchapp.search.searcher import Searcher
from searchapp.search.watch import STAGES, Watch
from tests.conftest import BuildIndex
from tests.fakes import FakeEncoder, document

DOCUMENTS = [
    document("GB0001", "An innovation hub for open data", country="GB"),
    document("FR0001", "A register of beneficial owners", country="FR"),
]
ENDLESS, NO_TIME, SHORT = 600.0, 0.0, 0.05


class StuckEncoder(FakeEncoder):
    """An encoder that gives nothing until it is released."""

    def __init__(self) -> None:
        super().__init__()
        self.release = threading.Event()

    def encode_queries(self, queries: Sequence[str]) -> Embeddings:
        self.release.wait()
        return super().encode_queries(queries)


@pytest.fixture
def stuck() -> Iterator[StuckEncoder]:
    encoder = StuckEncoder()
    yield encoder
    encoder.release.set()


@pytest.fixture
def workers() -> Iterator[ThreadPoolExecutor]:
    pool = ThreadPoolExecutor(max_workers=1)
    yield pool
    pool.shutdown(wait=False)


@pytest.mark.parametrize("budget", [NO_TIME, SHORT])
def test_when_time_is_up_before_the_encoder_is_done_the_words_answer_and_a_note_says_so(
    build: BuildIndex, stuck: StuckEncoder, workers: ThreadPoolExecutor, budget: float
) -> None:
    searcher = Searcher.open(build(DOCUMENTS), encoder=stuck)
    found = searcher.search(SearchRequest(query="innovation"), watch=Watch(budget=budget, workers=workers))
    by_words = searcher.search(SearchRequest(query="innovation", mode="keyword"))
    assert found.partial
    assert found.notes == (BY_WORDS_ALONE,)
    assert found.hits == by_words.hits
    assert not by_words.partial
    assert not by_words.notes


def test_facets_of_a_search_whose_time_is_up_are_partial_too(
    build: BuildIndex, stuck: StuckEncoder, workers: ThreadPoolExecutor
) -> None:
    searcher = Searcher.open(build(DOCUMENTS), encoder=stuck)
    counts = searcher.facets(SearchRequest(query="innovation"), watch=Watch(budget=SHORT, workers=workers))
    assert (counts.partial, counts.total) == (True, 1)


def test_meaning_alone_is_refused_when_its_time_is_up(
    build: BuildIndex, stuck: StuckEncoder, workers: ThreadPoolExecutor
) -> None:
    searcher = Searcher.open(build(DOCUMENTS), encoder=stuck)
    with pytest.raises(OverloadError):
        searcher.search(SearchRequest(query="hub", mode="semantic"), watch=Watch(budget=SHORT, workers=workers))


def test_in_time_the_answer_is_the_same_as_without_an_end(build: BuildIndex, workers: ThreadPoolExecutor) -> None:
    searcher = Searcher.open(build(DOCUMENTS), encoder=FakeEncoder())
    asked = SearchRequest(query="innovation hub")
    found = searcher.search(asked, watch=Watch(budget=ENDLESS, workers=workers))
    assert not found.partial
    assert found.hits == searcher.search(asked).hits


def test_a_watch_knows_what_each_stage_took(build: BuildIndex) -> None:
    searcher = Searcher.open(build(DOCUMENTS), encoder=FakeEncoder())
    watch = Watch()
    searcher.search(SearchRequest(query="innovation"), watch=watch)
    assert tuple(watch.seconds) == STAGES
    assert sum(watch.seconds.values()) * 1000 <= watch.elapsed_ms
    watch = Watch()
    searcher.search(SearchRequest(query="innovation", mode="keyword"), watch=watch)
    assert tuple(watch.seconds) == ("keyword", "rank", "present")


def test_an_error_of_the_work_is_raised_where_it_is_waited_for(workers: ThreadPoolExecutor) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        Watch(budget=ENDLESS, workers=workers).in_time(fail)
