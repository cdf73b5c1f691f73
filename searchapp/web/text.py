"""Foreign text made fit to show: cleaned queries, harmless characters, and passages cut at their highlights."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

from indexer.shared.text import clean_text
from searchapp.search.results import Passage

__all__ = ["Segment", "clean_query", "paragraphs", "segments", "sentence", "shown"]

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_OVERRIDES = re.compile("[\u202d\u202e]")
_BLANK_LINE = re.compile(r"\n\s*\n")


_END = (".", "!", "?", "…")


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A run of a passage's text with one kind of highlight, or none."""

    text: str
    kind: Literal["word", "semantic"] | None


def clean_query(text: str) -> str:
    """Return a query without control and invisible characters, its white space collapsed."""
    return " ".join(clean_text(text).split())


def shown(value: Any) -> Any:
    """Return a value as templates print it: control characters visible as U+FFFD, direction overrides dropped.

    Every expression of every template goes through here. Other bidi formatting stays: it can't reach beyond
    the elements with `dir` (or `<bdi>`) that hold foreign text. What is not a plain `str` is returned as it is.
    """
    if type(value) is not str:
        return value
    return _CONTROLS.sub("\ufffd", _OVERRIDES.sub("", value))


def paragraphs(text: str) -> list[str]:
    """Return the paragraphs of a text, which blank lines separate; single line breaks stay inside them."""
    return [part.strip() for part in _BLANK_LINE.split(text) if part.strip()]


def segments(passage: Passage) -> list[Segment]:
    """Cut a passage at its highlights; the segments' texts add up to the passage's.

    Where highlights overlap, a word wins over the sentence around it; what lies outside the text is cut off.
    """
    length = len(passage.text)
    spans = [(max(0, one.start), min(length, one.end), one.kind) for one in passage.highlights]
    cuts = sorted({0, length, *(cut for start, end, _ in spans if start < end for cut in (start, end))})
    pieces: list[Segment] = []
    for start, end in pairwise(cuts):
        kinds = {kind for first, last, kind in spans if first <= start and end <= last}
        kind: Literal["word", "semantic"] | None = (
            "word" if "word" in kinds else "semantic" if "semantic" in kinds else None
        )
        if pieces and pieces[-1].kind == kind:
            pieces[-1] = Segment(text=pieces[-1].text + passage.text[start:end], kind=kind)
        else:
            pieces.append(Segment(text=passage.text[start:end], kind=kind))
    return pieces


def sentence(text: str) -> str:
    """Return an error's reason, which begins small and ends without a stop, as a sentence."""
    return text[:1].upper() + text[1:] + ("" if text.endswith(_END) else ".")
