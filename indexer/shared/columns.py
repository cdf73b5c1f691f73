"""The few parts of a document that filters, facets and the order of hits need."""

from __future__ import annotations

import msgspec

__all__ = ["ColumnRecord"]


class _Facts(msgspec.Struct, frozen=True):
    country: str | None
    region: str | None
    locality: str | None
    year: int | None
    status: str | None
    lead_institutions: tuple[str, ...]
    policy_areas: tuple[str, ...]
    ambition: str | None
    completion_midterm: str | None
    completion_end: str | None
    early_results: str | None


class _Section(msgspec.Struct, frozen=True):
    kind: str


class ColumnRecord(msgspec.Struct, frozen=True):
    """A stored document, of which a decoder skips the rest."""

    document_id: str
    commitment_id: str
    lang: str
    facts: _Facts
    sections: tuple[_Section, ...]
