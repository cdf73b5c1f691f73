"""Real queries on real commitments: both engines give the same answers, whatever is added, changed and removed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import cycle, islice
from pathlib import Path

import pytest

from bench.service.made_up import MadeUpEncoder
from bench.sets import ogp_knownitem
from indexer.pipeline import index_documents
from indexer.postgresql import publish_to
from indexer.readers.sources import ReadResult, read_sources
from indexer.shared.records import Document
from indexer.shared.storage import open_generation
from searchapp.engines.postgresql.store import DatabaseStore
from searchapp.search.results import Filters, Mode, SearchRequest
from searchapp.search.searcher import Searcher

pytestmark = pytest.mark.postgres

QUERIES = 300
MODES: tuple[Mode, ...] = ("hybrid", "keyword", "semantic")
FILTERS = (Filters(), Filters(lang=("en",)), Filters(year_from=2014), Filters(policy_area=("e-government",)))

Pair = tuple[Searcher, Searcher]


@pytest.fixture(scope="module")
def documents(shared_data: Path) -> Sequence[Document]:
    return read_sources([shared_data / "ogp" / "irm_dev.csv"]).documents


@pytest.fixture(scope="module")
def pairs(
    documents: Sequence[Document], new_prepared_url: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Iterator[Pair]]:
    """Both engines over all commitments but some; then over all but others, of which some have changed."""
    changed = [replace(one, title=f"{one.title} again") if row % 40 == 0 else one for row, one in enumerate(documents)]
    address, folder = new_prepared_url(), tmp_path_factory.mktemp("same") / "index"
    stores = []

    def opened() -> Iterator[Pair]:
        for corpus in (documents[20:], changed[:-20]):
            read = ReadResult(documents=tuple(corpus), rejected=(), sources=())
            index_documents(read, index=folder, encoder=MadeUpEncoder())
            publish_to(address, open_generation(folder))
            stores.append(DatabaseStore(address))
            here, there = (Searcher.open(one, encoder=MadeUpEncoder()) for one in (folder, stores[-1]))
            yield here, there

    yield opened()
    for store in stores:
        store.close()


@pytest.fixture(scope="module")
def requests(shared_data: Path) -> Sequence[SearchRequest]:
    texts = [topic.query.text for topic in ogp_knownitem(shared_data / "clir").topics]
    return [
        SearchRequest(query=text, filters=filters, limit=20)
        for text, filters in islice(zip(texts, cycle(FILTERS), strict=False), QUERIES)
    ]


def test_both_engines_answer_alike(pairs: Iterator[Pair], requests: Sequence[SearchRequest]) -> None:
    assert len(requests) == QUERIES
    first, second = pairs
    for pair, asked in ((first, requests), (second, requests[::10])):
        for mode in MODES:
            same = 0
            for request in asked:
                here, there = (searcher.search(replace(request, mode=mode)) for searcher in pair)
                assert (here.total, here.strengths, here.facets) == (there.total, there.strengths, there.facets)
                same += [(hit.document, hit.passage) for hit in here.hits] == [
                    (hit.document, hit.passage) for hit in there.hits
                ]
            assert same >= 0.99 * len(asked)
