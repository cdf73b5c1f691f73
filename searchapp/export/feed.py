"""An Atom feed of the strong and fair hits of a search, the newest commitments first (RFC 4287)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from searchapp.addresses import commitment_path, version_path
from searchapp.export.plain import one_line, plain
from searchapp.labels import policy_area_label
from searchapp.search.results import Hit

__all__ = ["Feed", "atom_feed", "newest"]

MOST = 100
"""Entries that a feed has at most."""

MEDIA_TYPE = "application/atom+xml"

_ATOM = "http://www.w3.org/2005/Atom"
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """What a feed says of itself: its own address, that of the page with the same search, that of the application.

    `updated` is when the index was built (ISO 8601).
    """

    title: str
    url: str
    page_url: str
    base: str
    updated: str


def newest(hits: Iterable[Hit]) -> list[Hit]:
    """Return the strong and fair hits, those that start latest first, then by ID; at most MOST.

    A commitment starts on its start date, or else in the year of its action plan; those without either come last.
    """
    found = sorted((hit for hit in hits if hit.strength != "weak"), key=lambda hit: hit.document.commitment_id)
    return sorted(found, key=_start, reverse=True)[:MOST]


def atom_feed(feed: Feed, hits: Sequence[Hit]) -> str:
    """Return the XML of a feed with these hits as its entries."""
    ET.register_namespace("", _ATOM)
    root = ET.Element(f"{{{_ATOM}}}feed")
    _text(root, "title", feed.title)
    _text(root, "id", feed.url)
    _text(root, "updated", feed.updated)
    _with(root, "link", rel="self", type=MEDIA_TYPE, href=feed.url)
    _with(root, "link", rel="alternate", type="text/html", href=feed.page_url)
    _text(_part(root, "author"), "name", "Concord")
    for hit in hits:
        _entry(root, feed, hit)
    return "<?xml version='1.0' encoding='utf-8'?>\n" + ET.tostring(root, encoding="unicode") + "\n"


def _entry(root: ET.Element, feed: Feed, hit: Hit) -> None:
    document = hit.document
    entry = _part(root, "entry")
    entry.set(_XML_LANG, plain(document.lang))
    _text(entry, "title", one_line(document.title) or document.commitment_id)
    _text(entry, "id", feed.base + commitment_path(document.commitment_id))
    _text(entry, "updated", feed.updated)
    page = feed.base + version_path(document)
    _with(entry, "link", rel="alternate", type="text/html", hreflang=document.lang, href=page)
    for author in document.facts.lead_institutions:
        _text(_part(entry, "author"), "name", author)
    for code in document.facts.policy_areas:
        _with(entry, "category", term=code, label=policy_area_label(code))
    _text(entry, "summary", hit.passage.text)


def _start(hit: Hit) -> str:
    facts = hit.document.facts
    return facts.start_date or str(facts.year or "")


def _part(parent: ET.Element, name: str) -> ET.Element:
    return ET.SubElement(parent, f"{{{_ATOM}}}{name}")


def _text(parent: ET.Element, name: str, text: str) -> None:
    _part(parent, name).text = plain(text)


def _with(parent: ET.Element, name: str, **attributes: str) -> None:
    _part(parent, name).attrib.update({key: plain(value) for key, value in attributes.items()})
