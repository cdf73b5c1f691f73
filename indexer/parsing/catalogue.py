"""The list of a country's commitments at the end of a page: cut off from the page's text, kept as entries."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import regex

from indexer.parsing.labels import find_label, starts_with_label
from indexer.parsing.lines import Line
from indexer.shared.records import CatalogueEntry, Unmapped
from indexer.shared.taxonomy import policy_area_code

__all__ = ["read_catalogue", "split_catalogue", "without_star"]

_NEAR = 6

_ENTRY = regex.compile(r"(?P<id>[A-Z]{2,6}\d{3,5})\s*,\s*(?P<year>(?:19|20)\d\d)?\s*,?\s*(?P<area>[^,].*)?,?")
_NUMBER = regex.compile(r"\d{1,3}\.\s+")


def split_catalogue(lines: Sequence[Line]) -> tuple[list[Line], list[Line]]:
    """Return the lines before the list and those of the list, its heading ("Commitments") dropped.

    The list begins at the last such heading that entries, or nothing, follow; without one, at the first numbered line
    that an entry's ID follows.
    """
    headings = [number for number, line in enumerate(lines) if _is_heading(line.text)]
    for number in reversed(headings):
        following = lines[number + 1 : number + 1 + _NEAR]
        if not following or any(_ENTRY.fullmatch(line.text) for line in following):
            return list(lines[:number]), list(lines[number + 1 :])
    for number, (title, entry) in enumerate(pairwise(lines)):
        if _NUMBER.match(title.text) and _ENTRY.fullmatch(entry.text):
            return list(lines[:number]), list(lines[number:])
    return list(lines), []


def read_catalogue(lines: Sequence[Line]) -> tuple[tuple[CatalogueEntry, ...], list[Unmapped]]:
    """Return the entries of the list, and the policy areas that no table knows.

    An entry's policy area is its code, or the page's words where no table knows them, or "".
    """
    entries = []
    unmapped = []
    title: list[str] = []
    for line in lines:
        match = _ENTRY.fullmatch(line.text)
        if match is None:
            title.append(line.text)
            continue
        area = (match["area"] or "").strip()
        code = policy_area_code(area)
        if area and code is None:
            unmapped.append(Unmapped(field="catalogue_policy_area", value=area))
        entries.append(
            CatalogueEntry(
                commitment_id=match["id"],
                title=without_star(_NUMBER.sub("", " ".join(title), count=1)),
                year=int(match["year"]) if match["year"] else None,
                policy_area=code or area,
            )
        )
        title = []
    return tuple(entries), unmapped


def without_star(title: str) -> str:
    """Return a title without what the site puts before it for a starred commitment."""
    return starts_with_label("starred", title) or title


def _is_heading(text: str) -> bool:
    label = find_label("section", text)
    return label is not None and label.name == "catalogue"
