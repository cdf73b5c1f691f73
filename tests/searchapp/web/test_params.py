from __future__ import annotations

import pytest
from werkzeug.datastructures import MultiDict

from indexer.shared.errors import QueryError
from searchapp.paging import similar_args, to_args
from searchapp.search.results import Filters, SearchRequest, SimilarRequest
from searchapp.web.parameters import Number, Text
from searchapp.web.params import parse_language, parse_search, parse_similar, refuse_unknown, salvage


def args(query_string: str) -> MultiDict[str, str]:
    return MultiDict(part.split("=", 1) for part in query_string.split("&") if part)


SIMPLE = (Text(name="q", help="", longest=9), Number(name="limit", help="", first=1, last=2))

EVERYTHING = SearchRequest(
    query="centre d'innovation",
    mode="keyword",
    filters=Filters(
        lang=("fr", "es"),
        country=("GB", "KR"),
        region=("asia",),
        policy_area=("open-data",),
        year_from=2012,
        year_to=2020,
    ),
    group_by="country",
    fold=False,
    explain=True,
    limit=5,
    offset=15,
)


def test_nothing_asked_is_the_default_search_without_a_query() -> None:
    assert parse_search(args("")) == SearchRequest(query="")


def test_every_parameter_is_read() -> None:
    asked = parse_search(
        args(
            "q=centre d'innovation&mode=keyword&lang=fr&lang=es&country=GB&country=KR&region=Asia&policy_area=open-data"
            "&year_from=2012&year_to=2020&group_by=country&fold=False&explain=true&limit=5&offset=15"
        )
    )
    assert asked == EVERYTHING


def test_arguments_made_from_a_search_give_the_same_search_again() -> None:
    assert parse_search(MultiDict(to_args(EVERYTHING))) == EVERYTHING


def test_defaults_are_left_out_of_arguments() -> None:
    assert to_args(SearchRequest(query="hub")) == {"q": "hub"}
    assert similar_args(SimilarRequest(commitment_id="UK0066")) == {}


def test_arguments_made_from_a_question_for_those_like_one_ask_the_same_again() -> None:
    asked = SimilarRequest(commitment_id="UK0066", per_country=False, filters=EVERYTHING.filters, limit=5)
    assert parse_similar("UK0066", MultiDict(similar_args(asked))) == asked
    assert parse_similar("UK0066", args("per_country=&limit=&lang=")) == SimilarRequest(commitment_id="UK0066")


def test_empty_form_fields_count_as_absent() -> None:
    asked = parse_search(args("q=hub&mode=&lang=&country= &policy_area=&year_from=&year_to=&limit=&offset="))
    assert asked == SearchRequest(query="hub")


def test_codes_are_folded_and_repeated_values_count_once() -> None:
    filters = parse_search(args("country=fr&country=FR&lang=FR&lang=es&policy_area=Open-Data")).filters
    assert filters == Filters(country=("FR",), lang=("fr", "es"), policy_area=("open-data",))


@pytest.mark.parametrize(
    ("query_string", "field"),
    [
        ("mode=fuzzy", "mode"),
        ("mode=Hybrid", "mode"),
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=-1", "limit"),
        ("limit=ten", "limit"),
        ("limit=1e1", "limit"),
        ("limit=\u0661\u0660", "limit"),
        ("limit=99999999999999999999", "limit"),
        ("offset=-1", "offset"),
        ("offset=10001", "offset"),
        ("year_from=1989", "year_from"),
        ("year_to=2101", "year_to"),
        ("year_from=2012.5", "year_from"),
        ("year_from=2015&year_to=2010", "year_to"),
        ("country=FRA", "country"),
        ("country=F", "country"),
        ("country=\u017fa", "country"),
        ("country=FR&country=1", "country"),
        ("lang=fr-CA", "lang"),
        ("lang=français", "lang"),
        ("policy_area=open data", "policy_area"),
        ("region=x/y", "region"),
        ("q=a&q=b", "q"),
        ("mode=hybrid&mode=keyword", "mode"),
        ("limit=1&limit=1", "limit"),
        ("offset=1&offset=2", "offset"),
        ("year_from=2012&year_from=2013", "year_from"),
    ],
)
def test_what_cannot_be_used_is_an_error_that_names_its_field(query_string: str, field: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse_search(args(query_string))
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("query_string", "first", "last"), [("limit={}", 1, 100), ("offset={}", 0, 10_000), ("year_to={}", 1990, 2100)]
)
def test_bounds_are_inclusive(query_string: str, first: int, last: int) -> None:
    for value in (first, last):
        parse_search(args(query_string.format(value)))


def test_a_query_has_at_most_1000_characters_not_bytes() -> None:
    assert parse_search(args("q=" + "\U0001d4b3" * 1000)).query == "\U0001d4b3" * 1000
    with pytest.raises(QueryError, match="1,001 characters"):
        parse_search(args("q=" + "x" * 1001))


def test_control_and_direction_characters_are_cleaned_out_of_a_query() -> None:
    assert parse_search(args("q=\x00 data\u202e\t\nhub\x1b \u2066")).query == "data hub"


@pytest.mark.parametrize("blank", ["", " ", "\t\n", "\x00", "\u200b\ufeff", "\u3000"])
def test_a_query_in_which_nothing_can_be_seen_is_none(blank: str) -> None:
    assert parse_search(args(f"q={blank}")).query == ""


def test_the_value_in_a_message_is_short_and_clean() -> None:
    with pytest.raises(QueryError) as caught:
        parse_search(args("mode=\x00\u202e" + "x" * 5000))
    assert caught.value.reason == f"“{'x' * 39}…” is not one of hybrid, keyword, semantic"


def test_unknown_names_are_refused_by_name() -> None:
    refuse_unknown(args("q=hub"), SIMPLE)
    with pytest.raises(QueryError) as caught:
        refuse_unknown(args("q=hub&sort=year"), SIMPLE)
    assert caught.value.field == "sort"
    assert "expected: q, limit" in caught.value.reason


def test_salvage_keeps_what_can_be_used() -> None:
    assert salvage(args("q=hub&mode=no&year_from=1800&country=FR&limit=x")) == SearchRequest(
        query="hub", filters=Filters(country=("FR",))
    )


def test_the_language_of_a_commitment_may_be_absent() -> None:
    assert parse_language(args("")) is None
    assert parse_language(args("lang=")) is None
    assert parse_language(args("lang=FR")) == "fr"
    with pytest.raises(QueryError):
        parse_language(args("lang=french"))
