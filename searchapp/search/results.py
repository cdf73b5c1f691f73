"""What a search takes and gives: the request, and the records of its answer. No Flask, no engine."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from indexer.shared.records import Document

__all__ = [
    "VALUE_FILTERS",
    "Facet",
    "FacetValue",
    "Filters",
    "Highlight",
    "Hit",
    "IndexInfo",
    "Mode",
    "Passage",
    "Scores",
    "SearchRequest",
    "SearchResult",
]

Mode = Literal["hybrid", "keyword", "semantic"]
"""How to rank: by words, by meaning, or by both."""


VALUE_FILTERS = ("region", "country", "lang", "policy_area")
"""The fields of `Filters` that hold values to choose from, in the order shown; years are a span."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What a hit must be, applied before ranking. Values of one field are alternatives; fields add up.

    `lang` and `country` hold lower-case and upper-case codes, `region` and `policy_area` codes of their tables; years
    are inclusive.
    """

    lang: tuple[str, ...] = ()
    country: tuple[str, ...] = ()
    region: tuple[str, ...] = ()
    policy_area: tuple[str, ...] = ()
    year_from: int | None = None
    year_to: int | None = None

    def chosen(self) -> dict[str, tuple[str, ...]]:
        """Return the values asked for in each field of VALUE_FILTERS."""
        return {field: getattr(self, field) for field in VALUE_FILTERS}


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchRequest:
    """One checked search. `limit` and `offset` page through hits (commitments), not chunks.

    `fold` shows near-duplicates of one country as one hit.
    """

    query: str
    mode: Mode = "hybrid"
    filters: Filters = Filters()
    fold: bool = True
    limit: int = 10
    offset: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Highlight:
    """A span of a passage, `passage.text[start:end]`, in code points; `kind` says what matched there."""

    start: int
    end: int
    kind: Literal["word", "semantic"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """The chunk that best answers the query, in its own language; `section` is the kind of its section.

    `highlights` are words, in order and apart from each other, then at most one sentence of kind "semantic", which may
    contain some of the words.
    """

    chunk_id: str
    section: str
    lang: str
    text: str
    highlights: tuple[Highlight, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Scores of the hit's best chunk: BM25F (None when no word matched), cosine (None in keyword mode), fused."""

    keyword: float | None
    semantic: float | None
    fused: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One commitment found.

    `document` is its language version with the best passage, `also_in` its other languages, and `near_duplicates` the
    IDs of the commitments of the result that were folded into it because they say the same.
    """

    rank: int
    document: Document
    passage: Passage
    scores: Scores
    also_in: tuple[str, ...]
    near_duplicates: tuple[str, ...] = ()

    @property
    def score(self) -> float:
        """The score that hits are ordered by."""
        return self.scores.fused


@dataclass(frozen=True, slots=True, kw_only=True)
class FacetValue:
    """One value of a facet: its code, how many commitments of the whole result have it, and whether it filters."""

    value: str
    count: int
    selected: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Facet:
    """The counted values of one field, most frequent first."""

    field: str
    values: tuple[FacetValue, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexInfo:
    """Which index answered: generation digest, encoder name, and when it was built (ISO 8601)."""

    digest: str
    encoder: str
    built_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    """The page of hits asked for; `total` and `facets` describe the whole result and are the same on every page."""

    request: SearchRequest
    total: int
    hits: tuple[Hit, ...]
    facets: tuple[Facet, ...]
    index: IndexInfo
    took_ms: float
    notes: tuple[str, ...] = field(default=())
