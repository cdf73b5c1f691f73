"""Lists of milestones inside a section."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import regex

from indexer.parsing.labels import find_label, split_label, starts_with_label
from indexer.parsing.lines import Block
from indexer.shared.records import Milestone

__all__ = ["MilestoneList", "find_milestones"]

_LONGEST_UNNUMBERED = 200

_NUMBERED = regex.compile(r"(?P<number>\d{1,2}(?:\.\d{1,2})*)[.):]?\s*(?:[:\p{Pd}]\s*)?(?P<text>\S.*)")
_BULLET = regex.compile(r"(?:[^\p{L}\p{N}\p{Ps}\p{Pi}\s\"']|[a-z]\))\s*(?P<text>\S.*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class MilestoneList:
    """Where a list stands among blocks (its heading is `blocks[start]`, its items end before `end`), and its items."""

    start: int
    end: int
    milestones: tuple[Milestone, ...]


def find_milestones(blocks: Sequence[Block]) -> MilestoneList | None:
    """Return the first list under a heading such as "Milestones", or None.

    Its items are the numbered or bulleted blocks that follow; if there are none, the short lines directly under the
    heading up to a blank line or another label, as the template of action plans has them.
    """
    for start, block in enumerate(blocks):
        label = find_label("inline", block.text)
        if label is None or label.name != "milestones":
            continue
        items = _listed(blocks, start + 1) or _unnumbered(blocks, start + 1)
        if items:
            return MilestoneList(start=start, end=start + 1 + len(items), milestones=tuple(items))
    return None


def _listed(blocks: Sequence[Block], first: int) -> list[Milestone]:
    items = []
    for number in range(first, len(blocks)):
        item = _item(blocks[number])
        if item is None:
            break
        items.append(item)
    return items


def _item(block: Block) -> Milestone | None:
    named = starts_with_label("milestone", block.text)
    match = _NUMBERED.fullmatch(block.text if named is None else named) if block.item or named else None
    if match is not None:
        return Milestone(number=match["number"], text=match["text"])
    bullet = _BULLET.fullmatch(block.text) if block.item else None
    return Milestone(number="", text=bullet["text"]) if bullet else None


def _unnumbered(blocks: Sequence[Block], first: int) -> list[Milestone]:
    items = []
    for number in range(first, len(blocks)):
        text = blocks[number].text
        ended = blocks[number].spaced or len(text) > _LONGEST_UNNUMBERED or text.endswith((".", ":", "?"))
        if ended or split_label("inline", text):
            break
        items.append(Milestone(number="", text=text))
    return items
