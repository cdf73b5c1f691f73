from __future__ import annotations

import csv
import io
import json

import pytest

from searchapp.output import render
from searchapp.search.results import SearchRequest, SearchResult
from searchapp.search.searcher import Searcher
from searchapp.serialize import result_dict
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
    assert "Seoul, South Korea · 2018" in table
    assert "also in" in table
    assert "hub" in table.split("GB0001)")[1].split("\n")[2]
    assert max(map(len, table.splitlines())) <= 100


def test_json_is_what_the_http_api_answers(result: SearchResult) -> None:
    assert json.loads(rendered(result, "json")) == result_dict(result)


def test_json_lines_hold_one_hit_each(result: SearchResult) -> None:
    lines = rendered(result, "jsonl").splitlines()
    assert [json.loads(line) for line in lines] == result_dict(result)["hits"]


def test_csv_parses_back_with_line_breaks_and_quotes_inside_cells(result: SearchResult) -> None:
    rows = list(csv.DictReader(io.StringIO(rendered(result, "csv"))))
    assert {row["id"] for row in rows} == {"GB0001", "KR0002"}
    assert rows[0].keys() == {
        *("rank", "score", "id", "title", "country", "locality", "lang", "year", "section", "passage"),
    }
    [british] = [row for row in rows if row["id"] == "GB0001"]
    assert 'a "hub", in two\nlines' in british["passage"]
