from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask

from searchapp.search.results import Facet, FacetValue, Filters, Scores, SearchRequest
from searchapp.web.views import (
    filter_chips,
    filter_groups,
    mode_links,
    page_links,
    passage_anchor,
    placed_sections,
    search_url,
    sort_links,
    unfiltered,
    why,
)
from tests.searchapp.web.fakes import FakeSearcher, document

ASKED = SearchRequest(
    query="hub", filters=Filters(country=("GB", "KR"), lang=("fr",), year_from=2012), offset=20, limit=5
)


@pytest.fixture(autouse=True)
def _in_a_request(app: Flask) -> Iterator[None]:
    with app.test_request_context():
        yield


def countries(*codes: str) -> Facet:
    return Facet(field="country", values=tuple(FacetValue(value=code, count=3, selected=False) for code in codes))


def test_each_filter_that_is_on_has_a_chip_that_removes_it_alone_and_goes_to_the_first_page() -> None:
    chips = {(chip.field, chip.label): chip.remove_url for chip in filter_chips(ASKED, to=search_url)}
    assert chips == {
        ("Country", "United Kingdom"): "/?q=hub&country=KR&lang=fr&year_from=2012&limit=5",
        ("Country", "South Korea"): "/?q=hub&country=GB&lang=fr&year_from=2012&limit=5",
        ("Language", "French"): "/?q=hub&country=GB&country=KR&year_from=2012&limit=5",
        ("From year", "2012"): "/?q=hub&country=GB&country=KR&lang=fr&limit=5",
    }


def test_all_filters_can_be_removed_at_once() -> None:
    assert search_url(unfiltered(ASKED)) == "/?q=hub&limit=5"


def test_a_selected_value_that_no_facet_counts_can_still_be_unselected() -> None:
    (group, *_) = filter_groups(ASKED, [countries("GB", "FR")])
    assert [(option.value, option.count, option.selected) for option in group.options] == [
        ("GB", 3, True),
        ("FR", 3, False),
        ("KR", 0, True),
    ]


def test_without_a_result_only_selected_values_are_offered_and_none_is_counted() -> None:
    groups = filter_groups(ASKED, None)
    assert [(group.field, [(one.value, one.count) for one in group.options]) for group in groups] == [
        ("country", [("GB", None), ("KR", None)]),
        ("lang", [("fr", None)]),
    ]


def test_long_lists_are_cut_but_never_hide_what_is_selected() -> None:
    codes = [f"A{letter}" for letter in "ABCDEFGHIJ"]
    (group, *_) = filter_groups(SearchRequest(query="x", filters=Filters(country=("AJ",))), [countries(*codes)])
    assert [one.value for one in group.options] == [*codes[:8], "AJ"]
    assert [one.value for one in group.more] == ["AI"]


@pytest.mark.parametrize(
    ("offset", "before", "after"),
    [
        (0, None, "/?q=hub&limit=5&offset=5"),
        (5, "/?q=hub&limit=5", "/?q=hub&limit=5&offset=10"),
        (3, "/?q=hub&limit=5", "/?q=hub&limit=5&offset=8"),
        (20, "/?q=hub&limit=5&offset=15", None),
        (500, "/?q=hub&limit=5&offset=20", None),
    ],
)
def test_pages_are_linked_both_ways(offset: int, before: str | None, after: str | None) -> None:
    result = FakeSearcher().search(SearchRequest(query="hub", limit=5, offset=offset))
    assert page_links(result) == (before, after)


def test_no_page_is_linked_that_may_not_be_asked_for() -> None:
    result = FakeSearcher().search(SearchRequest(query="hub", limit=100, offset=10_000))
    assert page_links(replace(result, total=50_000)) == ("/?q=hub&limit=100&offset=9900", None)


def test_an_empty_result_has_no_other_pages() -> None:
    result = FakeSearcher().search(SearchRequest(query="zzzz", offset=10))
    assert page_links(result) == (None, None)


def test_the_other_modes_are_a_link_away() -> None:
    assert mode_links(ASKED)[0] == (
        "Meaning",
        "/?q=hub&mode=semantic&country=GB&country=KR&lang=fr&year_from=2012&limit=5",
    )


@pytest.mark.parametrize(
    ("keyword", "semantic", "reason"),
    [(1.0, 0.5, "The same meaning, and your words"), (None, 0.5, "The same meaning"), (1.0, None, "Your words")],
)
def test_a_hit_says_what_matched(keyword: float | None, semantic: float | None, reason: str) -> None:
    assert why(Scores(keyword=keyword, semantic=semantic, fused=0.5), "fair") == reason


def test_a_weak_match_does_not_mean_the_same() -> None:
    assert why(Scores(keyword=None, semantic=0.2, fused=0.2), "weak") == "A meaning not far off"


def test_sections_of_one_kind_have_anchors_of_their_own() -> None:
    one = document("X1", "en", "X", {"notes": ("Notes", "First."), "description": ("Description", "Second.")})
    twice = replace(one, sections=(*one.sections, one.sections[0]))
    assert [(placed.anchor, placed.number, placed.text) for placed in placed_sections(twice)] == [
        ("section-notes", 1, "First."),
        ("section-description", 1, "Second."),
        ("section-notes-2", 2, "First."),
    ]


def test_a_passage_is_linked_where_it_stands() -> None:
    one = document("X1", "en", "X", {"notes": ("Notes", "First."), "description": ("Description", "Second.")})
    second = replace(one.sections[1], kind="notes")
    (hit,) = FakeSearcher((one,)).search(SearchRequest(query="x")).hits
    hit = replace(hit, document=replace(one, sections=(one.sections[0], second)))
    assert passage_anchor(replace(hit, passage=replace(hit.passage, text="First."))) == "section-notes"
    assert passage_anchor(replace(hit, passage=replace(hit.passage, text="Second."))) == "section-notes-2"
    assert passage_anchor(replace(hit, passage=replace(hit.passage, text="Elsewhere"))) == "section-notes"


def test_very_long_lists_say_how_much_of_them_is_left_out() -> None:
    values = tuple(FacetValue(value=f"Ministry {number}", count=1, selected=False) for number in range(60))
    (group,) = filter_groups(SearchRequest(query="x"), [Facet(field="institution", values=values)])
    assert (len(group.options), len(group.more), group.left_out) == (8, 40, 12)
    assert len({option.id for option in (*group.options, *group.more)}) == 48
    assert all(re.fullmatch(r"[0-9a-f]{12}", option.id) for option in group.options)


def test_lists_of_results_are_closed_until_one_is_chosen() -> None:
    ambition = Facet(field="ambition", values=(FacetValue(value="minor", count=1, selected=False),))
    (group,) = filter_groups(SearchRequest(query="x"), [ambition])
    assert (group.legend, group.folded, group.options[0].label) == ("Ambition", True, "Minor")
    (chosen,) = filter_groups(SearchRequest(query="x", filters=Filters(ambition=("minor",))), [ambition])
    assert not chosen.folded


def test_each_order_but_the_present_one_is_a_link_away() -> None:
    assert sort_links(replace(ASKED, sort="newest", offset=5, filters=Filters())) == [
        ("Best match", "/?q=hub&limit=5"),
        ("Newest", None),
        ("Oldest", "/?q=hub&sort=oldest&limit=5"),
    ]
