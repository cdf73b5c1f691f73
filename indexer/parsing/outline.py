"""Lines of a page -> its parts: title, the box of facts, sections, and the list of other commitments."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import regex

from indexer.parsing.catalogue import split_catalogue, without_star
from indexer.parsing.labels import find_label, split_glued_label, split_label
from indexer.parsing.lines import Line, unwrap

__all__ = ["Outline", "Part", "read_outline"]

_ORDER = {"description": 1, "midterm_review": 2, "endterm_review": 3}
_LONGEST_BOX = 80

_ID = regex.compile(r"[(\uff08]\s*(?P<id>[A-Za-z]{2,6}\d{3,5})\s*[)\uff09]$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One section as the page has it: its kind, its heading, and the lines under it."""

    kind: str
    heading: str
    lines: list[Line]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """The parts of a page; `place` is the line over the title ("" if there is none), `box` the lines under it."""

    commitment_id: str
    title: str
    place: str
    box: list[Line]
    parts: list[Part]
    catalogue: list[Line]


def read_outline(lines: Sequence[Line]) -> Outline | None:
    """Return the parts of a page, or None if it has no title with the ID of a commitment before its facts."""
    found = _find_title(lines)
    if found is None:
        return None
    number, match = found
    place, title = _read_title(lines[: number + 1], match)
    body, catalogue = split_catalogue(list(_unglued(lines[number + 1 :])))
    first = next((index for index, line in enumerate(body) if _section_kind(line.text)), len(body))
    return Outline(
        commitment_id=match["id"].upper(),
        title=title,
        place=place,
        box=body[:first],
        parts=_read_parts(body[first:]),
        catalogue=catalogue,
    )


def _find_title(lines: Sequence[Line]) -> tuple[int, regex.Match[str]] | None:
    for number, line in enumerate(lines):
        match = _ID.search(line.text)
        if match is not None:
            return number, match
        if split_label("field", line.text) or _section_kind(line.text):
            return None
    return None


def _read_title(lines: Sequence[Line], match: regex.Match[str]) -> tuple[str, str]:
    """Return the line over the title, and the title, which can be wrapped or stand over its ID."""
    *before, last = [block.text for block in unwrap(lines)]
    title = last[: -len(match[0])].strip()
    if not title and before:
        title = before.pop()
    return (before[-1] if before else ""), without_star(title)


def _unglued(lines: Sequence[Line]) -> Iterator[Line]:
    """Give the lines, headings glued to the end of a line of the box as lines of their own."""
    for number, line in enumerate(lines):
        glued = split_glued_label(line.text) if number < _LONGEST_BOX else None
        if glued is None:
            yield line
        else:
            yield Line(text=glued[0], spaced=line.spaced)
            yield Line(text=glued[1], spaced=True)


def _section_kind(text: str) -> str | None:
    label = find_label("section", text)
    return label.name if label is not None and label.name in _ORDER else None


def _read_parts(lines: Sequence[Line]) -> list[Part]:
    """Cut lines at the headings of sections, which only come in the order of the page; others are text."""
    parts: list[Part] = []
    for line in lines:
        kind = _section_kind(line.text)
        if kind is not None and (not parts or _ORDER[kind] > _ORDER[parts[-1].kind]):
            parts.append(Part(kind=kind, heading=line.text.rstrip(" :"), lines=[]))
        else:
            parts[-1].lines.append(line)
    return parts
