from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from flask import Flask

from searchapp.search.results import MeaningMap, Overview, PlacedArea, PlacedHit, SearchRequest
from searchapp.web import create_app
from searchapp.web.meaning_chart import MeaningChart, meaning_chart
from tests.searchapp.web.fakes import CORPUS, FakeSearcher


@pytest.fixture(autouse=True)
def app() -> Iterator[Flask]:
    app = create_app({"SEARCHER": FakeSearcher()})
    with app.test_request_context():
        yield app


def overview(**parts: object) -> Overview:
    nothing = MeaningMap(cloud=np.zeros((0, 2), dtype=np.float32), hits=(), areas=())
    found = FakeSearcher().overview(SearchRequest(query=""))
    return replace(found, meaning=replace(nothing, **parts))  # type: ignore[arg-type]  # by field


def chart(**parts: object) -> MeaningChart:
    drawn = meaning_chart(overview(**parts))
    assert drawn is not None
    return drawn


def cloud(count: int) -> np.ndarray:
    return np.random.default_rng(0).random((count, 2), dtype=np.float32)


def test_every_document_is_a_dot_inside_the_map_and_equal_places_are_one() -> None:
    drawn = chart(cloud=np.array([[0, 0], [1, 1], [1, 1], [0.5, 0.5]], dtype=np.float32))
    assert drawn.dots == "M20 20h0M940 580h0M480 300h0"
    assert (drawn.shown, drawn.documents) == (4, 4)


def test_of_a_large_corpus_some_dots_are_drawn_evenly() -> None:
    drawn = chart(cloud=cloud(12000))
    assert (drawn.shown, drawn.documents) == (5000, 12000)
    assert 4500 < drawn.dots.count("M") <= 5000
    assert len(drawn.dots) < 60_000


def test_an_empty_cloud_has_no_dots() -> None:
    assert (chart().dots, chart().shown) == ("", 0)


def test_names_of_areas_stay_inside_and_never_overlap_and_the_larger_ones_win() -> None:
    places = cloud(60).tolist()
    areas = [
        PlacedArea(area=f"area-number-{number}", count=100 - number, x=x, y=y) for number, (x, y) in enumerate(places)
    ]
    areas.append(PlacedArea(area="x" * 30, count=3, x=1, y=0.99))
    drawn = chart(areas=tuple(areas))
    counts = [mark.count for mark in drawn.areas]
    assert counts[0] == 100
    assert counts == sorted(counts, reverse=True)
    assert 10 < len(counts) < 61
    half = {mark.label: 7.5 * len(mark.label) / 2 for mark in drawn.areas}
    for one, other in combinations(drawn.areas, 2):
        assert abs(one.x - other.x) >= half[one.label] + half[other.label] or abs(one.y - other.y) >= 20
    for mark in drawn.areas:
        assert half[mark.label] - 1 <= mark.x <= drawn.width - half[mark.label] + 1
    assert [mark.url for mark in drawn.areas if mark.count > 3] == [
        f"/?policy_area=area-number-{100 - count}" for count in counts if count > 3
    ]


def test_a_circle_is_named_by_title_country_and_strength() -> None:
    long = replace(CORPUS[0], title="Long " * 30)
    homeless = replace(CORPUS[0], facts=replace(CORPUS[0].facts, country=None))
    hits = tuple(PlacedHit(document=one, strength="fair", x=0.5, y=0.5) for one in (long, homeless))
    labels = [mark.label for mark in chart(hits=hits).hits]
    assert labels[0] == "\u2068" + ("Long " * 12).rstrip() + "…\u2069 (United Kingdom): Fair match"
    assert labels[1] == "\u2068Centre d'innovation anticorruption\u2069: Fair match"


def test_an_overview_without_a_map_has_none() -> None:
    assert meaning_chart(replace(overview(), meaning=None)) is None
