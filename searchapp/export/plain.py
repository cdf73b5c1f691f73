"""Text that any format can hold."""

from __future__ import annotations

import re

from indexer.shared.text import clean_text

__all__ = ["one_line", "plain"]

_NONCHARACTERS = re.compile("[\ufdd0-\ufdef\ufffe\uffff]")


def plain(text: str) -> str:
    """Return a text without what XML, RIS or a spreadsheet can't hold: control characters, overrides, half characters.

    Line breaks stay, as LF.
    """
    return _NONCHARACTERS.sub("", clean_text(text))


def one_line(text: str) -> str:
    """Return a text as `plain` does, on one line."""
    return " ".join(plain(text).split())
