from __future__ import annotations

import csv
import io
import json
from dataclasses import asdict, replace

import pytest

from searchapp.export.tables import HIT_COLUMNS
from searchapp.output import render, render_comparison, render_similar
from searchapp.search.results import CompareRequest, Filters, SearchRequest, SearchResult, SimilarRequest, SimilarResult
from searchapp.search.searcher import Searcher
from searchapp.serialize import comparison_dict, result_dict, similar_dict
from tests.conftest import BuildIndex
from tests.fakes import FakeEncoder, document


@pytest.fixture
def result(build: BuildIndex) -> SearchResult:
    documents = [
        document(
            "GB0001", "Long before the match, " * 20 + 'a "hub", in two\nlines, opens.', title="Hub, one", country="GB"
        ),
        document("KR0002", "혁신 허브 hub", lang="ko", title="허브", country="KR", locality="Seoul", year=2018),
        document("KR0002", "The hub again", lang="en", title="Hub two", country="KR", locality="Seoul", year=2018),
    ]
    searcher = Searcher.open(build(documents), encoder=FakeEncoder())
    return searcher.search(SearchRequest(query="hub", mode="keyword"))


def rendered(result: SearchResult, form: str) -> str:
    return "\n".join(render(result, form))


def test_the_table_names_place_year_and_language_and_shows_the_match(result: SearchResult) -> None:
    table = rendered(result, "table")
    assert table.startswith("2 commitments (keyword, ")
    assert table.splitlines()[0].endswith(": 2 fair")
    assert "Seoul, South Korea · 2018" in table
    assert "fair match · score" in table
    assert "also in" in table
    assert "hub" in table.split("GB0001)")[1].split("\n")[2]
    assert max(map(len, table.splitlines())) <= 100


def test_the_table_says_which_words_were_corrected(build: BuildIndex) -> None:
    searcher = Searcher.open(build([document("GB0001", "The government publishes.")]), encoder=FakeEncoder())
    lines = list(render(searcher.search(SearchRequest(query="goverment publishs", mode="keyword")), "table"))
    assert lines[1] == "Nothing has “goverment”; searched for “government” too."
    result = searcher.search(SearchRequest(query="governmant", mode="keyword"))
    answer = json.loads(rendered(result, "json"))
    assert answer["corrections"] == [{"word": "governmant", "used": ["government"]}]
    assert answer["corrected_query"] == "government"


def test_the_table_says_when_nothing_is_comparable_and_shows_what_is_nearest(build: BuildIndex) -> None:
    searcher = Searcher.open(build([document("UK0001", "Trains run late.")]), encoder=FakeEncoder())
    unlike = rendered(searcher.search(SearchRequest(query="chocolate cake")), "table")
    assert unlike.startswith("0 commitments (hybrid, ")
    assert "\nNothing comparable found. The nearest, for what they are worth:\n" in unlike
    assert "(UK0001)" in unlike
    nothing = rendered(searcher.search(SearchRequest(query="chocolate", mode="keyword")), "table")
    assert nothing.endswith("\nNothing comparable found.")


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_what_is_only_nearest_is_no_row(build: BuildIndex, form: str) -> None:
    searcher = Searcher.open(build([document("UK0001", "Trains run late.")]), encoder=FakeEncoder())
    assert "UK0001" not in rendered(searcher.search(SearchRequest(query="chocolate cake")), form)


def test_json_is_what_the_http_api_answers(result: SearchResult) -> None:
    assert json.loads(rendered(result, "json")) == result_dict(result)


def test_json_lines_hold_one_hit_each(result: SearchResult) -> None:
    lines = rendered(result, "jsonl").splitlines()
    assert [json.loads(line) for line in lines] == result_dict(result)["hits"]


def test_csv_parses_back_with_line_breaks_and_quotes_inside_cells(result: SearchResult) -> None:
    rows = list(csv.DictReader(io.StringIO(rendered(result, "csv"))))
    assert {row["id"] for row in rows} == {"GB0001", "KR0002"}
    assert tuple(rows[0]) == HIT_COLUMNS
    [british] = [row for row in rows if row["id"] == "GB0001"]
    assert 'a "hub", in two\nlines' in british["passage"]


@pytest.fixture
def searcher(build: BuildIndex) -> Searcher:
    text = "First something else is said here. Then a hub opens for all."
    return Searcher.open(
        build(
            [
                document("GB0001", "Nothing much at first. A hub opens for all.", country="GB"),
                document("KR0002", text, lang="ko", title="허브", country="KR", locality="Seoul", year=2018),
                document("KR0003", "Trains, trains.", title="Trains", country="KR"),
                document("FR0001", "Roads, roads.", title="Roads", country="FR"),
            ]
        )
    )


@pytest.fixture
def similar(searcher: Searcher) -> SimilarResult:
    return searcher.similar(SimilarRequest(commitment_id="GB0001"))


def rendered_similar(result: SimilarResult, form: str) -> str:
    return "\n".join(render_similar(result, form))


def test_the_table_of_those_like_one_shows_country_and_both_passages_from_the_sentence_that_is_nearest(
    similar: SimilarResult,
) -> None:
    table = rendered_similar(similar, "table")
    assert table.startswith("most like GB0001: the best of 2 other countries (")
    assert "  1. 허브 (KR0002)\n     Seoul, South Korea · 2018 · Korean · Description · score " in table
    assert "\n     GB0001: … A hub opens for all." in table
    assert "\n     KR0002: … Then a hub opens for all." in table
    assert max(map(len, table.splitlines())) <= 100


@pytest.mark.parametrize(
    ("commitment_id", "per_country", "said"),
    [
        ("GB0001", False, "most like GB0001: 3 commitments of other countries ("),
        ("KR0002", True, "most like KR0002: the best of 2 other countries ("),
    ],
)
def test_the_table_says_how_many_there_are(
    searcher: Searcher,
    commitment_id: str,
    per_country: bool,  # noqa: FBT001 (a parameter of the test)
    said: str,
) -> None:
    asked = SimilarRequest(commitment_id=commitment_id, per_country=per_country, limit=1)
    assert rendered_similar(searcher.similar(asked), "table").startswith(said)


def test_nothing_comparable_is_said_in_words(searcher: Searcher) -> None:
    asked = SimilarRequest(commitment_id="GB0001", filters=Filters(country=("ZZ",)))
    assert rendered_similar(searcher.similar(asked), "table") == "nothing comparable to GB0001 found in another country"


def test_where_none_stands_out_the_table_says_so(similar: SimilarResult) -> None:
    said = "\nnone is more alike than others usually are\n"
    [hit, *_] = similar.hits
    for score, is_said, shown in ((0.02, False, "score 0.02"), (-0.004, True, "score 0.00")):
        table = rendered_similar(replace(similar, hits=(replace(hit, score=score),)), "table")
        assert (said in table) == is_said
        assert shown in table


def test_json_of_those_like_one_is_what_the_http_api_answers(similar: SimilarResult) -> None:
    assert json.loads(rendered_similar(similar, "json")) == similar_dict(similar)
    lines = rendered_similar(similar, "jsonl").splitlines()
    assert [json.loads(line) for line in lines] == similar_dict(similar)["hits"]


def test_csv_of_those_like_one_has_both_passages_whole(similar: SimilarResult) -> None:
    first, second = csv.DictReader(io.StringIO(rendered_similar(similar, "csv")))
    assert (first["rank"], first["id"], first["country"], first["lang"]) == ("1", "KR0002", "KR", "ko")
    assert first["passage"] == similar.hits[0].pair.other.passage.text
    assert first["own_passage"] == similar.hits[0].pair.own.passage.text
    assert (first["own_lang"], first["own_section"], second["rank"]) == ("en", "description", "2")
    assert float(first["semantic"]) == pytest.approx(similar.hits[0].pair.semantic, abs=1e-4)


def test_the_table_of_a_comparison_names_each_line_by_its_commitment(searcher: Searcher) -> None:
    comparison = searcher.compare(CompareRequest(commitment_ids=("GB0001", "KR0002")))
    table = "\n".join(render_comparison(comparison, "table"))
    assert table.startswith("GB0001  A title\n     United Kingdom · English\nKR0002  허브\n")
    assert "     Seoul, South Korea · 2018 · Korean · likeness to GB0001 " in table
    assert "\nCountry (differs)\n     GB0001: United Kingdom\n     KR0002: Seoul, South Korea\n" in table
    assert "\nAction plan cycle\n     GB0001: not stated\n     KR0002: 2018\n" in table
    assert table.endswith("\nPassage 1\n     GB0001: … A hub opens for all.\n     KR0002: … Then a hub opens for all.")


def test_a_comparison_in_json_is_what_the_http_api_answers(searcher: Searcher) -> None:
    comparison = searcher.compare(CompareRequest(commitment_ids=("GB0001", "KR0002")))
    assert json.loads("\n".join(render_comparison(comparison, "json"))) == json.loads(
        json.dumps(comparison_dict(comparison), default=asdict)
    )
    first = next(csv.reader(render_comparison(comparison, "csv")))
    assert first == ["row", "field", "differs", "GB0001", "KR0002"]
