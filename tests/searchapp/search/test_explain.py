from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchapp.search.explain import matched_words, place
from searchapp.search.ranking import Ranking, first_of_each
from searchapp.search.results import Filters, Highlight, LegPlace, Mode, Passage, SearchRequest
from searchapp.search.searcher import Searcher
from tests.conftest import BuildIndex
from tests.fakes import FakeEncoder, document

DOCUMENTS = [
    document("GB0001", "An innovation hub for open data and open government", country="GB"),
    document("GB0002", "Open data on the health of rivers", country="GB"),
    document("FR0001", "A register of beneficial owners as open data", country="FR"),
    document("KR0001", "Citizens decide on parts of the budget", country="KR"),
    document("XX0001", "Open data in a place that nobody knows"),
    document("XX0002", "More open data in another such place"),
]


@pytest.fixture
def searcher(build: BuildIndex) -> Searcher:
    return Searcher.open(build(DOCUMENTS), encoder=FakeEncoder())


@given(st.lists(st.sampled_from([0.0, 0.5, 1.0, 2.0]), min_size=1, max_size=20), st.data())
def test_a_place_is_that_in_the_list_sorted_by_score_and_row(values: list[float], data: st.DataObject) -> None:
    scores = np.array(values, dtype=np.float32)
    rows = np.array(sorted(data.draw(st.sets(st.integers(0, len(values) - 1), min_size=1))), dtype=np.int64)
    ordered = sorted(rows.tolist(), key=lambda row: (-values[row], row))
    for rank, row in enumerate(ordered, start=1):
        assert place(scores, rows, row) == LegPlace(score=values[row], rank=rank)


def test_matched_words_are_those_of_the_passage_each_once_and_not_sentences() -> None:
    text = "Open data, open minds"
    marks = [Highlight(start=start, end=end, kind="word") for start, end in ((0, 4), (5, 9), (11, 15))]
    meaning = Highlight(start=0, end=21, kind="semantic")
    passage = Passage(chunk_id="x", section="description", lang="en", text=text, highlights=(*marks, meaning))
    assert matched_words(passage) == ("Open", "data")


@pytest.mark.parametrize("mode", ["hybrid", "keyword", "semantic"])
def test_ranks_of_each_leg_are_those_of_its_scores_over_all_hits(searcher: Searcher, mode: Mode) -> None:
    """Every document has one passage here, and all of them are hits or score 0 in the leg."""
    hits = searcher.search(SearchRequest(query="open data", mode=mode, explain=True)).hits
    assert hits
    for leg in ("keyword", "semantic"):
        places = [getattr(hit.explanation, leg) for hit in hits]
        scores = [getattr(hit.scores, leg) for hit in hits]
        assert [place and place.score for place in places] == scores
        found = sorted((place for place in places if place), key=lambda place: place.rank)
        assert [place.score for place in found] == sorted((place.score for place in found), reverse=True)
        assert len({place.rank for place in found}) == len(found)
        if leg == "keyword":
            assert [place.rank for place in found] == list(range(1, len(found) + 1))


def test_legs_that_were_not_asked_explain_nothing(searcher: Searcher) -> None:
    by_words = searcher.search(SearchRequest(query="open data", mode="keyword", explain=True)).hits[0].explanation
    by_meaning = searcher.search(SearchRequest(query="open data", mode="semantic", explain=True)).hits[0].explanation
    assert by_words
    assert by_meaning
    assert (by_words.semantic, by_words.evidence) == (None, None)
    assert (by_meaning.keyword, by_meaning.word_share) == (None, None)


def test_ranks_count_only_passages_that_pass_the_filters(searcher: Searcher) -> None:
    asked = SearchRequest(query="open data", explain=True, filters=Filters(country=("FR",)))
    [hit] = searcher.search(asked).hits
    assert hit.explanation
    assert hit.explanation.keyword
    assert hit.explanation.keyword.rank == 1
    assert hit.explanation.words == ("open", "data")
    assert hit.explanation.word_share == 1


def test_nothing_is_explained_unasked_and_explaining_changes_nothing_else(searcher: Searcher) -> None:
    plain = searcher.search(SearchRequest(query="open data")).hits
    explained = searcher.search(SearchRequest(query="open data", explain=True)).hits
    assert [hit.explanation for hit in plain] == [None] * len(plain)
    assert tuple(replace(hit, explanation=None) for hit in explained) == plain


def test_by_country_the_first_hit_of_each_is_shown_in_the_same_order(searcher: Searcher) -> None:
    everything = searcher.search(SearchRequest(query="open data", limit=100))
    result = searcher.search(SearchRequest(query="open data", group_by="country", limit=100))
    best = {hit.document.facts.country or hit.document.commitment_id: hit for hit in reversed(everything.hits)}
    shown = [hit.document.commitment_id for hit in result.hits]
    assert set(shown) == {hit.document.commitment_id for hit in best.values()}
    assert shown == [one.document.commitment_id for one in everything.hits if one in best.values()]
    assert [hit.rank for hit in result.hits] == list(range(1, len(shown) + 1))
    assert result.total == len(shown)
    assert {"XX0001", "XX0002"} <= set(shown)
    assert result.facets == everything.facets


def test_the_first_of_each_unit_keeps_the_order() -> None:
    ranking = Ranking(document=np.array([3, 0, 2, 1]), score=np.array([4, 3, 2, 1], dtype=np.float32))
    kept = first_of_each(ranking, np.array([7, 9, 7, 9], dtype=np.int32))
    assert (kept.document.tolist(), kept.score.tolist()) == ([3, 0], [4, 3])


def test_facets_by_themselves_are_those_of_the_search(searcher: Searcher) -> None:
    asked = SearchRequest(query="open data", filters=Filters(country=("GB", "FR")))
    result, counts = searcher.search(asked), searcher.facets(asked)
    assert (counts.facets, counts.total) == (result.facets, result.total)


def test_facets_without_a_query_are_those_of_the_whole_corpus(searcher: Searcher) -> None:
    counts = searcher.facets(SearchRequest(query=""))
    countries = next(facet for facet in counts.facets if facet.field == "country")
    assert counts.total == len(DOCUMENTS)
    assert {one.value: one.count for one in countries.values} == {"GB": 2, "FR": 1, "KR": 1}
    narrowed = searcher.facets(SearchRequest(query="", filters=Filters(country=("KR",))))
    assert narrowed.total == 1
    assert next(facet for facet in narrowed.facets if facet.field == "country").values[-1].count == 1
