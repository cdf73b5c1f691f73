"""The records that both sides exchange: documents with their facts and sections, and chunks.

All offsets count Unicode code points of `Document.text`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from indexer.shared.text import Span

__all__ = ["COMMITMENT_ID", "CatalogueEntry", "Chunk", "Document", "Facts", "Milestone", "Section", "Unmapped"]

COMMITMENT_ID = r"[^\s/#?%@\\\x00-\x1f\x7f-\x9f]{1,100}"
"""What the ID of a commitment looks like, as a regular expression of Python and of JSON Schema."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One titled part of a document: `document.text[start:end]` is its body, heading excluded.

    `kind` is one of the keys of `data/sections.toml` (at_glance, description, midterm_review, ...). `lang` is set only
    where it is not the document's.
    """

    kind: str
    heading: str
    start: int
    end: int
    lang: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Milestone:
    """One planned step of a commitment, with the number that its source gives it ("11.2"), if any."""

    number: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueEntry:
    """A commitment that a page merely lists (title, ID, year, policy area): kept, but never searched as text."""

    commitment_id: str
    title: str
    year: int | None
    policy_area: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmapped:
    """A value of the source that no table knows, kept as it was found."""

    field: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a source says of a commitment, as codes that are the same in every language.

    `country` is ISO 3166-1 alpha-2; `region` is a key of `shared/data/regions.toml`; `locality` names a subnational
    member ("Seoul"); `theme` is the heading that an action plan puts over a group of commitments. Dates are ISO 8601,
    as precise as the source ("2018", "2016-05", "2018-09-01"). Other codes are keys of the tables in `indexer/data`.
    None and empty tuples mean that the source says nothing.
    """

    country: str | None = None
    region: str | None = None
    locality: str | None = None
    action_plan: str | None = None
    year: int | None = None
    status: str | None = None
    lead_institutions: tuple[str, ...] = ()
    supporting_institutions: tuple[str, ...] = ()
    policy_areas: tuple[str, ...] = ()
    theme: str | None = None
    verifiable: str | None = None
    relevant: str | None = None
    ambition: str | None = None
    completion_midterm: str | None = None
    completion_end: str | None = None
    early_results: str | None = None
    access_to_information: str | None = None
    civic_participation: str | None = None
    public_accountability: str | None = None
    starred: str | None = None
    start_date: str | None = None
    end_date: str | None = None
    carried_forward: str | None = None
    irm_reports: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One commitment in one language, as one source tells it.

    `document_id` is `<commitment_id>.<lang>`; `source` is the file it came from, as a name without folders, and
    `line` the line of that file on which its row begins (None where the file is one document).
    """

    document_id: str
    commitment_id: str
    lang: str
    title: str
    text: str
    sections: tuple[Section, ...]
    facts: Facts
    source: str
    line: int | None = None
    url: str | None = None
    milestones: tuple[Milestone, ...] = ()
    catalogue: tuple[CatalogueEntry, ...] = ()
    unmapped: tuple[Unmapped, ...] = field(default=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """One retrievable span: `document.text[start:end] == text`, inside the section with that kind, in its language.

    `chunk_id` is `<document_id>#<number>`, numbered from 000 in the order of the text.
    """

    chunk_id: str
    document_id: str
    section: str
    lang: str
    start: int
    end: int
    text: str

    @classmethod
    def of(cls, document: Document, section: Section, number: int, span: Span) -> Chunk:
        """Return a chunk of a document's section by its number and where it lies in the document's text."""
        start, end = span
        return cls(
            chunk_id=f"{document.document_id}#{number:03d}",
            document_id=document.document_id,
            section=section.kind,
            lang=section.lang or document.lang,
            start=start,
            end=end,
            text=document.text[start:end],
        )
