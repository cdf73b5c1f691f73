from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from indexer.shared.storage import open_generation
from searchapp.engines.embedded import EmbeddedEngine
from searchapp.search.results import Filters, MeaningMap, SearchRequest
from searchapp.search.searcher import Searcher
from tests.conftest import BuildIndex
from tests.fakes import FakeEncoder, document

SUBJECTS = ("rivers and water supply", "portal of open data", "schools for teachers")
AREAS = (("water", "everywhere"), ("open-data", "everywhere"), ("rare",))


@pytest.fixture
def searcher(build: BuildIndex) -> Searcher:
    documents = [
        document(
            f"XX{number:04d}",
            f"{SUBJECTS[number % 3]} number{number}",
            country=("GB", "FR")[number % 2],
            policy_areas=AREAS[number % 3] if number % 3 < 2 or number == 2 else ("everywhere",),
        )
        for number in range(48)
    ]
    return Searcher.open(build(documents), encoder=FakeEncoder())


def map_of(searcher: Searcher, query: str, **filters: tuple[str, ...]) -> MeaningMap:
    found = searcher.overview(SearchRequest(query=query, filters=Filters(**filters))).meaning
    assert found is not None
    return found


def test_the_cloud_is_all_that_passes_the_filters_whatever_the_query(searcher: Searcher) -> None:
    positions = searcher._engine.positions
    assert positions is not None
    assert map_of(searcher, "").cloud.tolist() == positions.tolist()
    french = [row for row in range(48) if row % 2]
    assert map_of(searcher, "water", country=("FR",)).cloud.tolist() == positions[french].tolist()


def test_the_hits_are_the_comparable_ones_in_order_at_their_places(searcher: Searcher) -> None:
    request = SearchRequest(query="water supply", mode="keyword", limit=100)
    expected = [hit for hit in searcher.search(request).hits if hit.strength != "weak"]
    positions = searcher._engine.positions
    assert positions is not None
    found = searcher.overview(request).meaning
    assert found is not None
    assert len(found.hits) == len(expected) > 10
    assert [(hit.document, hit.strength) for hit in found.hits] == [(hit.document, hit.strength) for hit in expected]
    for hit in found.hits:
        row = searcher.document_ids.index(hit.document.document_id)
        assert [hit.x, hit.y] == positions[row].tolist()


def test_only_the_best_hits_are_on_the_map(searcher: Searcher, monkeypatch: pytest.MonkeyPatch) -> None:
    everything = map_of(searcher, "water supply").hits
    monkeypatch.setattr("searchapp.search.presenting.MOST_HITS", 3)
    assert map_of(searcher, "water supply").hits == everything[:3]


def test_the_best_hits_come_first_whatever_order_is_asked_for(searcher: Searcher) -> None:
    request = SearchRequest(query="water supply number6", mode="keyword")
    by_score, by_year = (searcher.overview(replace(request, sort=sort)).meaning for sort in ("relevance", "oldest"))
    assert by_score is not None
    assert by_year is not None
    assert by_score.hits == by_year.hits
    assert by_score.hits[0].document.commitment_id == "XX0006"


@pytest.mark.parametrize("query", ["", "country:FR"])
def test_without_words_to_search_for_there_are_no_hits(searcher: Searcher, query: str) -> None:
    assert map_of(searcher, query).hits == ()


def test_areas_are_named_in_the_middle_of_theirs_unless_they_are_few_or_all_over_the_map(searcher: Searcher) -> None:
    found = map_of(searcher, "")
    assert [(area.area, area.count) for area in found.areas] == [("open-data", 16), ("water", 16)]
    for area, subject in zip(found.areas, (1, 0), strict=True):
        assert [area.x, area.y] == pytest.approx(np.median(found.cloud[subject::3], axis=0).tolist())


def test_filters_that_nothing_passes_have_an_empty_map(searcher: Searcher) -> None:
    found = map_of(searcher, "water", country=("ZZ",))
    assert (len(found.cloud), found.hits, found.areas) == (0, (), ())


def test_an_index_without_places_has_no_map(build: BuildIndex) -> None:
    generation = open_generation(build([document("XX0001", "water supply")]))
    without = Searcher(EmbeddedEngine(replace(generation, positions=None)), encoder=FakeEncoder())
    assert without.overview(SearchRequest(query="water")).meaning is None
