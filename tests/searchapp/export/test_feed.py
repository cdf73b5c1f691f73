from __future__ import annotations

import feedparser
import pytest

from searchapp.export.feed import Feed, atom_feed, newest
from searchapp.search.results import Strength
from tests.fakes import document
from tests.searchapp.export.hits import RTL, arabic, hit, hostile, hub

FEED = Feed(
    title="Concord: a <b> & “c”",
    url="https://here/api/v1/search?q=a&format=atom",
    page_url="https://here/?q=a",
    base="https://here",
    updated="2026-01-31T09:30:00+00:00",
)


def parsed(*documents: str) -> feedparser.FeedParserDict:
    read = feedparser.parse("".join(documents).encode(), response_headers={"content-type": "application/atom+xml"})
    assert not read.bozo, read.get("bozo_exception")
    return read


def test_a_feed_comes_back() -> None:
    read = parsed(atom_feed(FEED, [hit(hub()), hit(arabic(), 2)]))
    assert read.version == "atom10"
    assert (read.feed.id, read.feed.updated, read.feed.author) == (FEED.url, FEED.updated, "Concord")
    assert {(link.rel, link.href) for link in read.feed.links} == {("self", FEED.url), ("alternate", FEED.page_url)}
    first, second = read.entries
    assert (first.id, first.link) == ("https://here/commitments/UK0066", "https://here/commitments/UK0066?lang=en")
    assert (first.title, first.updated, first.author) == (
        "Hub & spoke, 50% open",
        FEED.updated,
        "Ministry of Land and Sea",
    )
    assert [one.name for one in first.authors] == ["Cabinet Office", "Ministry of Land and Sea"]
    assert {tag.term: tag.label for tag in first.tags}["open-data"] == "Open Data"
    assert first.summary == "A hub opens.\n\nIt is open to all."
    assert (second.title, second.title_detail.language) == (RTL, "ar")


def test_hostile_text_is_text_and_the_feed_stays_well_formed() -> None:
    [entry] = parsed(atom_feed(FEED, [hit(hostile())])).entries
    assert "<script>&amp; 100%" in atom_feed(FEED, [hit(hostile())]).replace("&lt;", "<").replace("&gt;", ">").replace(
        "&amp;", "&"
    )
    assert entry.id == "https://here/commitments/%3D1%2B1"
    assert "javascript" not in entry.link


def test_an_empty_result_is_an_empty_feed() -> None:
    assert parsed(atom_feed(FEED, [])).entries == []


def test_the_newest_come_first_by_start_date_or_else_year_then_by_id_and_weak_ones_not_at_all() -> None:
    found: list[tuple[str, Strength, dict[str, object]]] = [
        ("C", "strong", {"year": 2014}),
        ("B", "fair", {"year": 2012, "start_date": "2016-05"}),
        ("E", "strong", {}),
        ("A", "strong", {"year": 2014}),
        ("F", "weak", {"year": 2020}),
        ("D", "fair", {"start_date": "2016-06-01"}),
    ]
    hits = [hit(document(name, "text", **facts), strength=strength) for name, strength, facts in found]
    assert [one.document.commitment_id for one in newest(iter(hits))] == ["D", "B", "A", "C", "E"]


@pytest.mark.parametrize(("there", "shown"), [(99, 99), (101, 100)])
def test_a_feed_has_a_hundred_entries_at_most(there: int, shown: int) -> None:
    hits = [hit(document(f"A{number:03}", "text", year=2000)) for number in range(there)]
    assert len(newest(hits)) == shown
