from __future__ import annotations

from collections import Counter

import pytest

from indexer.shared.errors import QueryError
from searchapp.search.results import Filters, Mode, SearchRequest
from searchapp.search.searcher import Searcher
from tests.conftest import BuildIndex
from tests.fakes import FakeEncoder, document

AREAS = (("open-data",), ("water", "open-data"), ())
COUNTRIES = ("GB", "FR", None)


@pytest.fixture
def searcher(build: BuildIndex) -> Searcher:
    documents = [
        document(
            f"XX{number:04d}",
            f"open data portal number{number}" if number % 2 else f"water supply number{number}",
            lang=("en", "fr")[number % 2],
            country=COUNTRIES[number % 3],
            policy_areas=AREAS[number // 3 % 3],
            year=None if number == 5 else 2010 + number % 4,
        )
        for number in range(24)
    ]
    twin = document("XX0000", "eau", lang="fr", country="GB", policy_areas=("open-data",), year=2010)
    return Searcher.open(build([*documents, twin]), encoder=FakeEncoder())


def test_without_a_query_everything_is_counted_by_country_policy_area_and_year(searcher: Searcher) -> None:
    found = searcher.overview(SearchRequest(query=""))
    assert found.total == 24
    assert dict(found.countries) == {"GB": 8, "FR": 8}
    assert dict(found.policy_areas) == {"open-data": 18, "water": 9}
    cells = Counter(
        (COUNTRIES[number % 3], area)
        for number in range(24)
        for area in AREAS[number // 3 % 3]
        if COUNTRIES[number % 3]
    )
    assert found.cells == cells
    assert found.years == ((2010, 6), (2011, 5), (2012, 6), (2013, 6))


@pytest.mark.parametrize("mode", ["hybrid", "keyword", "semantic"])
def test_what_is_counted_is_what_the_search_finds(searcher: Searcher, mode: Mode) -> None:
    for filters in (Filters(), Filters(country=("GB",)), Filters(policy_area=("water",), year_from=2011)):
        request = SearchRequest(query="water portal", mode=mode, filters=filters, limit=100)
        hits = searcher.search(request).hits
        found = searcher.overview(request)
        assert found.total == len(hits)
        assert dict(found.countries) == Counter(
            hit.document.facts.country for hit in hits if hit.document.facts.country
        )
        for (country, area), count in found.cells.items():
            narrowed = SearchRequest(
                query="water portal",
                mode=mode,
                filters=Filters(country=(country,), policy_area=(area,), year_from=filters.year_from),
            )
            assert searcher.search(narrowed).total == count


def test_only_comparable_matches_can_be_asked_for(searcher: Searcher) -> None:
    everything = searcher.search(SearchRequest(query="water number4", mode="keyword", limit=100))
    comparable = searcher.search(SearchRequest(query="water number4", mode="keyword", comparable=True, limit=100))
    expected = [hit.document.commitment_id for hit in everything.hits if hit.strength != "weak"]
    assert 0 < len(expected) < everything.total
    assert [hit.document.commitment_id for hit in comparable.hits] == expected
    assert comparable.total == len(expected)
    assert comparable.strengths.weak == 0


def test_no_other_policy_areas_are_counted_than_those_filtered_by(searcher: Searcher) -> None:
    found = searcher.overview(SearchRequest(query="", filters=Filters(policy_area=("water",))))
    assert found.policy_areas == (("water", 9),)
    assert {area for _, area in found.cells} == {"water"}


@pytest.mark.parametrize("mode", ["hybrid", "keyword", "semantic"])
def test_filters_alone_find_all_that_passes_them_the_newest_first(searcher: Searcher, mode: Mode) -> None:
    by_filter = searcher.search(SearchRequest(query="", mode=mode, filters=Filters(country=("FR",)), limit=100))
    typed = searcher.search(SearchRequest(query="country:FR", mode=mode, limit=100))
    assert by_filter.total == typed.total == 8
    years = [hit.document.facts.year or 0 for hit in by_filter.hits]
    assert years == sorted(years, reverse=True)
    assert [hit.document for hit in typed.hits] == [hit.document for hit in by_filter.hits]
    oldest = searcher.search(SearchRequest(query="", mode=mode, filters=Filters(country=("FR",)), sort="oldest"))
    assert oldest.hits[0].document.facts.year == 2010


def test_without_query_and_filters_there_is_nothing_to_search_for(searcher: Searcher) -> None:
    with pytest.raises(QueryError, match="type some words"):
        searcher.search(SearchRequest(query=" "))


def test_filters_that_nothing_passes_have_an_empty_overview(searcher: Searcher) -> None:
    found = searcher.overview(SearchRequest(query="", filters=Filters(country=("ZZ",))))
    assert (found.total, found.countries, found.cells, found.years) == (0, (), {}, ())
