from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from searchapp.search.keyword import Coverage
from searchapp.search.query import parse_query
from searchapp.search.results import Filters, Mode, SearchRequest, SearchResult
from searchapp.search.searcher import NEAREST, Searcher
from searchapp.search.strength import LEVELS, NONE, STRENGTHS, by_evidence, by_exact_words, by_words
from tests.conftest import BuildIndex
from tests.fakes import FakeEncoder, document

MODES: tuple[Mode, ...] = ("hybrid", "keyword", "semantic")

TEXTS = {
    "GB0001": "open data portal",
    "GB0002": "open data portal for regions and towns and all who live in them or like to visit",
    "GB0003": "whistleblowers",
    "GB0006": "timber " * 60 + "towns visit",
    "FR0004": "trains tickets timetables",
    "FR0005": "libraries museums",
    **{f"KR{number:04}": f"filler{number} text{number} more{number}" for number in range(30)},
}


@pytest.fixture
def searcher(build: BuildIndex) -> Searcher:
    documents = [document(name, text, title="", country=name[:2]) for name, text in TEXTS.items()]
    return Searcher.open(build(documents), encoder=FakeEncoder())


def search(searcher: Searcher, query: str, mode: Mode = "hybrid", **more: object) -> SearchResult:
    return searcher.search(SearchRequest(query=query, mode=mode, **more))  # type: ignore[arg-type]


def strengths(result: SearchResult) -> dict[str, str]:
    return {hit.document.commitment_id: hit.strength for hit in result.hits}


def coverage(share: float, idf: float) -> Coverage:
    return Coverage(share=np.array([share], dtype=np.float32), idf=np.array([idf], dtype=np.float32))


def test_more_evidence_is_never_a_weaker_match() -> None:
    assert tuple(sorted(LEVELS)) == LEVELS
    grades = by_evidence(np.linspace(-3, 10, 200, dtype=np.float32))
    assert all(before <= after for before, after in pairwise(grades.tolist()))
    assert set(grades.tolist()) == {NONE, *STRENGTHS}


@pytest.mark.parametrize(
    ("share", "idf", "beside_meaning", "alone"),
    [
        (1.0, 6.0, "fair", "strong"),  # all words, one of them rare
        (1.0, 1.0, "weak", "fair"),  # all words, but common ones
        (0.6, 1.0, None, "weak"),
        (0.6, 6.0, None, "fair"),
        (0.3, 6.0, None, "weak"),
        (0.0, 0.0, None, None),
    ],
)
def test_words_are_evidence_when_all_are_there_and_not_common(
    share: float, idf: float, beside_meaning: str | None, alone: str | None
) -> None:
    assert STRENGTHS.get(int(by_words(coverage(share, idf), alone=False)[0])) == beside_meaning
    assert STRENGTHS.get(int(by_words(coverage(share, idf), alone=True)[0])) == alone


@pytest.mark.parametrize(("share", "idf", "grade"), [(1, 6, "fair"), (0.4, 3, "fair"), (0.3, 6, None), (1, 2, None)])
def test_the_number_or_name_that_a_query_is_about_makes_a_fair_match(
    share: float, idf: float, grade: str | None
) -> None:
    assert STRENGTHS.get(int(by_exact_words(coverage(share, idf))[0])) == grade


def test_with_a_corrected_word_words_make_a_fair_match_at_most(searcher: Searcher) -> None:
    assert strengths(search(searcher, "portal", "keyword"))["GB0001"] == "strong"
    corrected = search(searcher, "protal", "keyword")
    assert corrected.corrections
    assert strengths(corrected)["GB0001"] == "fair"


@pytest.mark.parametrize("mode", MODES)
def test_the_same_text_is_a_strong_match_and_counted_as_such(searcher: Searcher, mode: Mode) -> None:
    result = search(searcher, "open data portal", mode)
    assert strengths(result)["GB0001"] == "strong"
    assert result.comparable
    assert result.nearest == ()
    counts = result.strengths
    assert counts.strong + counts.fair + counts.weak == result.total == len(result.hits)


@pytest.mark.parametrize("mode", ["hybrid", "semantic"])
def test_a_query_like_nothing_finds_nothing_but_what_is_nearest(searcher: Searcher, mode: Mode) -> None:
    result = search(searcher, "chocolate cake", mode)
    assert (result.total, result.hits, result.comparable) == (0, (), False)
    assert [hit.rank for hit in result.nearest] == [*range(1, NEAREST + 1)]
    assert {hit.strength for hit in result.nearest} == {"weak"}
    assert {hit.passage.highlights for hit in result.nearest} == {()}
    assert [facet.values for facet in result.facets] == [()] * len(result.facets)


def test_words_that_are_not_there_find_nothing_at_all_in_keyword_mode(searcher: Searcher) -> None:
    result = search(searcher, "chocolate cake", "keyword")
    assert (result.total, result.hits, result.nearest, result.comparable) == (0, (), (), False)


def test_what_is_nearest_passes_the_filters(searcher: Searcher) -> None:
    result = search(searcher, "chocolate cake", filters=Filters(country=("FR",)))
    assert {hit.document.commitment_id for hit in result.nearest} == {"FR0004", "FR0005"}


@pytest.mark.parametrize("mode", MODES)
def test_a_commitment_asked_for_by_its_id_is_a_strong_match(searcher: Searcher, mode: Mode) -> None:
    assert strengths(search(searcher, "fr0005", mode))["FR0005"] == "strong"
    assert strengths(search(searcher, "id:FR0005", mode)) == {"FR0005": "strong"}


def test_all_words_in_a_long_passage_are_a_fair_match_in_hybrid_mode_even_where_meaning_finds_none(
    searcher: Searcher,
) -> None:
    assert "GB0006" not in strengths(search(searcher, "towns visit", "semantic"))
    assert strengths(search(searcher, "towns visit"))["GB0006"] == "fair"


@pytest.mark.parametrize("mode", MODES)
def test_every_passage_with_a_phrase_asked_for_is_found(searcher: Searcher, mode: Mode) -> None:
    result = search(searcher, '"data portal" chocolate cake lemon tart', mode)
    assert strengths(result).keys() == {"GB0001", "GB0002"}


@pytest.mark.parametrize("mode", MODES)
def test_hits_are_the_ranking_without_what_matches_less_than_weakly(searcher: Searcher, mode: Mode) -> None:
    query = "open data portal and museums"
    hits = [hit.document.document_id for hit in search(searcher, query, mode, limit=100).hits]
    ranking = [searcher.document_ids[row] for row in searcher.rank(parse_query(query), mode).document]
    assert hits == [name for name in ranking if name in hits]
    assert len(ranking) == (len(hits) if mode == "keyword" else len(TEXTS))


@pytest.mark.parametrize("mode", MODES)
def test_strengths_are_the_same_on_every_page(searcher: Searcher, mode: Mode) -> None:
    query = "open data libraries trains whistleblowers"
    whole = search(searcher, query, mode, limit=100)
    pages = [search(searcher, query, mode, limit=1, offset=offset) for offset in range(whole.total)]
    assert {page.strengths for page in pages} == {whole.strengths}
    assert [hit for page in pages for hit in page.hits] == [*whole.hits]


def test_other_documents_do_not_change_the_evidence_for_one(build: BuildIndex) -> None:
    documents = [document(name, text, title="", country=name[:2]) for name, text in TEXTS.items()]
    few = Searcher.open(build(documents[:2]), encoder=FakeEncoder())
    expected = few.evidence("open data portal")
    many = Searcher.open(build(documents), encoder=FakeEncoder())
    names = [name.removesuffix(".en") for name in many.document_ids]
    found = many.evidence("open data portal")[[names.index("GB0001"), names.index("GB0002")]]
    assert found.tolist() == pytest.approx(expected.tolist(), rel=1e-4)
