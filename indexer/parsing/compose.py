"""Blocks of sections -> the text of a document, with the offsets of its sections in code points."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import regex

from indexer.parsing.lines import Block
from indexer.parsing.milestones import find_milestones
from indexer.shared.records import Milestone, Section
from indexer.shared.taxonomy import section_label

__all__ = ["Piece", "compose", "cut_section"]

_REVIEWS = frozenset({"midterm_review", "endterm_review"})
_NOTE = regex.compile(r"\[(?:\d{0,3}|[ivx]{1,5})\]|[¹²³⁴-⁹⁰]")
_ADDRESS = regex.compile(r"https?://|www\.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Blocks that become one section; `shown` is the heading's line in the text, "" if the text has none there."""

    kind: str
    heading: str
    shown: str
    blocks: Sequence[Block]


def cut_section(section: Piece, lang: str) -> tuple[list[Piece], tuple[Milestone, ...]]:
    """Return a section as text, milestones, more text and (reviews only) trailing notes, and the milestones.

    What follows the milestones keeps the section's kind and heading.
    """
    body, notes = _split_notes(section.blocks) if section.kind in _REVIEWS else (section.blocks, ())
    found = find_milestones(body)
    if found is None:
        pieces = [_part(section, body, section.shown)]
    else:
        shown = body[found.start].text
        items = body[found.start + 1 : found.end]
        pieces = [
            _part(section, body[: found.start], section.shown),
            Piece(kind="milestones", heading=shown.rstrip(" :"), shown=shown, blocks=items),
            _part(section, body[found.end :], ""),
        ]
    pieces.append(Piece(kind="notes", heading=section_label("notes", lang), shown="", blocks=notes))
    return pieces, () if found is None else found.milestones


def compose(pieces: Iterable[Piece]) -> tuple[str, tuple[Section, ...]]:
    r"""Return the text of a document and its sections; pieces without blocks are left out.

    Headings and paragraphs are separated by `\n\n`, the items of a list by `\n`.
    """
    parts: list[str] = []
    length = 0
    sections = []
    for piece in pieces:
        if not piece.blocks:
            continue
        before = ("\n\n" if parts else "") + (f"{piece.shown}\n\n" if piece.shown else "")
        body = _body(piece.blocks)
        start = length + len(before)
        length = start + len(body)
        parts += [before, body]
        sections.append(Section(kind=piece.kind, heading=piece.heading, start=start, end=length))
    return "".join(parts), tuple(sections)


def _part(section: Piece, blocks: Sequence[Block], shown: str) -> Piece:
    return Piece(kind=section.kind, heading=section.heading, shown=shown, blocks=blocks)


def _split_notes(blocks: Sequence[Block]) -> tuple[Sequence[Block], Sequence[Block]]:
    """Return the text of a review and the references at its end: whole runs of note marks or, mostly, addresses."""
    cut = len(blocks)
    while cut:
        first = next((number for number in reversed(range(cut)) if blocks[number].spaced), 0)
        if first == 0 or not _are_notes(blocks[first:cut]):
            break
        cut = first
    return blocks[:cut], blocks[cut:]


def _are_notes(run: Sequence[Block]) -> bool:
    if all(_NOTE.match(block.text) for block in run):
        return True
    addresses = sum(bool(_ADDRESS.search(block.text)) for block in run)
    return len(run) > 1 and 2 * addresses >= len(run)


def _body(blocks: Sequence[Block]) -> str:
    parts = [blocks[0].text]
    for before, block in pairwise(blocks):
        parts += ["\n" if before.item and block.item else "\n\n", block.text]
    return "".join(parts)
