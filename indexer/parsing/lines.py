"""Lines of a page -> paragraphs: the site's own lines dropped, hard-wrapped sentences joined again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from statistics import median

import regex

from indexer.parsing.labels import find_label, split_label, starts_with_label
from indexer.shared.tables import read_table
from indexer.shared.text import fold

__all__ = ["Block", "Line", "read_lines", "unwrap"]

_SHORTEST_WRAPPED = 20
_FEWEST_WRAPPED = 2
_WRAPPED_SHARE = 0.3
_LONG = 50
_FULL_WIDTH = 0.8

_BULLETS = r"[\p{So}\p{Co}\u2022\u2023\u2043\u2219\u25e6\xb7*]"
_ITEM = regex.compile(
    rf"{_BULLETS}\s*(?=\S)|\p{{Pd}}\s+(?=\S)|\d{{1,2}}[.)]\s+(?=\S)|\d{{1,2}}(?:\.\d{{1,2}})+[.)]?\s+(?=\S)|[a-z]\)\s+"
)
_SENTENCE_END = regex.compile(r"[.!?…:;][\p{Pe}\p{Pf}\"'`]*$")
_LOWER_START = regex.compile(r"[\p{Pi}\p{Ps}\"']?\p{Ll}")
_ADDRESS_START = regex.compile(r"https?:|www\.")
_LAST_WORD = regex.compile(r"(?:^|[\s'\u2019])(\p{L}+)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a page that isn't blank, white space collapsed; `spaced` if a blank line stands before it."""

    text: str
    spaced: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A paragraph or list item, made of one line or more; `spaced` if a blank line stands before it."""

    text: str
    spaced: bool
    item: bool = False


def read_lines(text: str) -> list[Line]:
    """Return the lines of a cleaned page without navigation, trap links, and the site's name at the end."""
    lines = []
    spaced = True
    for raw in text.split("\n"):
        line = " ".join(raw.split())
        if line and not _is_chrome(line):
            lines.append(Line(text=line, spaced=spaced))
        spaced = not line
    while lines and _is_footer(lines[-1].text):
        lines.pop()
    return lines


def unwrap(lines: Sequence[Line]) -> list[Block]:
    """Return the paragraphs and list items of lines.

    A line goes on in the next one (no blank line between) where that one begins in lower case, or where the line ends
    with a word that no sentence ends with, or is long and ends with a comma; and in a run of lines many of which go on
    in lower case, also after any comma and after a line of full width. A line that ends a sentence never goes on, and
    neither a list item nor a labelled line continues another line.
    """
    groups: list[list[Line]] = []
    for run in _runs(lines):
        width = _wrap_width(run)
        for number, line in enumerate(run):
            if number and _continues(run[number - 1].text, line.text, width):
                groups[-1].append(line)
            else:
                groups.append([line])
    return [_block(group) for group in groups]


def _block(group: Sequence[Line]) -> Block:
    text = " ".join(line.text for line in group)
    return Block(text=text, spaced=group[0].spaced, item=bool(_ITEM.match(text)))


def _is_chrome(line: str) -> bool:
    label = find_label("chrome", line)
    return (label is not None and label.name == "navigation") or starts_with_label("trap", line) is not None


def _is_footer(line: str) -> bool:
    label = find_label("chrome", line)
    return label is not None and label.name == "footer"


def _runs(lines: Sequence[Line]) -> Iterator[list[Line]]:
    run: list[Line] = []
    for line in lines:
        if line.spaced and run:
            yield run
            run = []
        run.append(line)
    if run:
        yield run


def _wrap_width(run: Sequence[Line]) -> float | None:
    """Return the usual length of the lines that go on in lower case, or None if few of the run's lines do."""
    widths = [len(before.text) for before, after in pairwise(run) if _flows(before.text, after.text)]
    if len(widths) < max(_FEWEST_WRAPPED, _WRAPPED_SHARE * (len(run) - 1)):
        return None
    return median(widths)


def _continues(before: str, after: str, width: float | None) -> bool:
    if not _can_join(before, after):
        return False
    if _flows(before, after) or _ends_open(before, after):
        return True
    if before.endswith(","):
        return width is not None or len(before) >= _LONG
    return width is not None and len(before) >= _FULL_WIDTH * width


def _can_join(before: str, after: str) -> bool:
    """Say whether nothing keeps two lines apart: the end of a sentence, a list item, an address or a label."""
    if _SENTENCE_END.search(before) or _ITEM.match(after) or _ADDRESS_START.match(after):
        return False
    return find_label("inline", before) is None and split_label("inline", after) is None


def _flows(before: str, after: str) -> bool:
    return len(before) >= _SHORTEST_WRAPPED and bool(_LOWER_START.match(after)) and _can_join(before, after)


def _ends_open(before: str, after: str) -> bool:
    """Say whether a line ends with an article, a preposition or a conjunction; a heading in capitals ends anyhow."""
    last = _LAST_WORD.search(before[-40:])
    if last is None or fold(last[1]) not in _open_words():
        return False
    return not before.isupper() or after.isupper()


@cache
def _open_words() -> frozenset[str]:
    table = read_table("indexer", "wrapping.toml")
    return frozenset(fold(word) for words in table.values() for word in words)
