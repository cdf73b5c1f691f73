"""What people ask and say that no commitment is about: the background that similarities are compared with.

Similarities in meaning have no zero. What a query and a passage have in common when nothing is comparable depends on
the encoder, the query and the passage; the background shows how much it is. It ships as text, so that every index can
hold it as its own encoder sees it.
"""

from __future__ import annotations

import hashlib
from importlib.resources import files

from indexer.shared.tables import text_lines

__all__ = ["background_revision", "read_background"]


def read_background() -> tuple[str, ...]:
    """Return the texts of the background: 120 short ones on as many topics, in twenty languages."""
    return text_lines(files("indexer.shared") / "data" / "everyday.txt")


def background_revision() -> str:
    """Return a digest of the texts, 16 hex digits."""
    return hashlib.sha256("\n".join(read_background()).encode()).hexdigest()[:16]
