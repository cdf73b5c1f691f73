"""Remembering which document was made of which values, so that what an earlier run has read needn't be read again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from indexer.shared.records import Document

__all__ = ["DIGEST_BYTES", "Memory", "Recall"]

Recall = Callable[[bytes], Document | None]
"""Gives the document that was made of the values with a digest (16 bytes), None if that isn't known."""

DIGEST_BYTES = 16


def _nothing(_digest: bytes) -> None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What earlier runs have read, by `recall`, and what this run reads: `digests` of values by document_id."""

    recall: Recall = _nothing
    digests: dict[str, bytes] = field(default_factory=dict)

    def document(
        self, content: bytes, make: Callable[[], Document], *, source: str, line: int | None = None
    ) -> Document:
        """Return the document that `make` makes of some content and nothing else but the place of that, its source."""
        digest = hashlib.sha256(content).digest()[:DIGEST_BYTES]
        known = self.recall(digest)
        document = make() if known is None else replace(known, source=source, line=line)
        self.digests.setdefault(document.document_id, digest)  # a second of this name will be rejected
        return document
