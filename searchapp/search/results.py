"""What a search takes and gives: the request, and the records of its answer. No Flask, no engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

from indexer.shared.records import Chunk, Document
from searchapp.language import N_
from searchapp.search.query import Correction

__all__ = [
    "BY_WORDS_ALONE",
    "VALUE_FILTERS",
    "Aligned",
    "CompareRequest",
    "Compared",
    "Comparison",
    "Explanation",
    "Facet",
    "FacetCounts",
    "FacetValue",
    "Filters",
    "Grouping",
    "Highlight",
    "Hit",
    "IndexInfo",
    "LegPlace",
    "Match",
    "MeaningMap",
    "Mode",
    "Overview",
    "Pair",
    "Passage",
    "PlacedArea",
    "PlacedHit",
    "Quote",
    "Scores",
    "SearchRequest",
    "SearchResult",
    "SimilarHit",
    "SimilarRequest",
    "SimilarResult",
    "Sort",
    "Strength",
    "StrengthCounts",
]

BY_WORDS_ALONE = N_("Comparing by meaning took too long; these are the matches by words alone. Try again in a moment.")
"""The note of a partial result."""

Mode = Literal["hybrid", "keyword", "semantic"]
"""How to rank: by words, by meaning, or by both."""


Strength = Literal["strong", "fair", "weak"]
"""How well a hit matches, in steps that mean the same for every query and index: see `searchapp.search.strength`."""

Sort = Literal["relevance", "newest", "oldest"]
"""How to order what was found: by score, or by the year of the action plan and then by score."""

Grouping = Literal["commitment", "country"]
"""What one hit stands for: a commitment, or a country, by the first of its commitments."""

VALUE_FILTERS = (
    "region",
    "country",
    "lang",
    "policy_area",
    "institution",
    "ambition",
    "completion",
    "early_results",
    "status",
    "scope",
)
"""The fields of `Filters` that hold values to choose from, in the order shown; years are a span."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What a hit must be, applied before ranking. Values of one field are alternatives; fields add up.

    `lang` and `country` hold lower-case and upper-case codes, `institution` names of lead institutions as they are
    written, `completion` what the latest review says, `scope` "national" or "local", and the others codes of their
    tables; years are inclusive.
    """

    region: tuple[str, ...] = ()
    country: tuple[str, ...] = ()
    lang: tuple[str, ...] = ()
    policy_area: tuple[str, ...] = ()
    institution: tuple[str, ...] = ()
    ambition: tuple[str, ...] = ()
    completion: tuple[str, ...] = ()
    early_results: tuple[str, ...] = ()
    status: tuple[str, ...] = ()
    scope: tuple[str, ...] = ()
    year_from: int | None = None
    year_to: int | None = None

    def chosen(self) -> dict[str, tuple[str, ...]]:
        """Return the values asked for in each field of VALUE_FILTERS."""
        return {field: getattr(self, field) for field in VALUE_FILTERS}


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchRequest:
    """One checked search. `limit` and `offset` page through hits (commitments), not chunks.

    `fold` shows near-duplicates of one country as one hit, `comparable` only strong and fair matches, `group_by`
    "country" only the first hit of each country, and `explain` has each hit say why it is one. A search with filters
    and no query finds all that passes them, the newest first.
    """

    query: str
    mode: Mode = "hybrid"
    filters: Filters = Filters()
    sort: Sort = "relevance"
    group_by: Grouping = "commitment"
    comparable: bool = False
    fold: bool = True
    explain: bool = False
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

    @classmethod
    def of(cls, chunk: Chunk, highlights: tuple[Highlight, ...]) -> Passage:
        """Return a chunk as it is shown."""
        return cls(
            chunk_id=chunk.chunk_id, section=chunk.section, lang=chunk.lang, text=chunk.text, highlights=highlights
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Scores of the hit's best chunk: BM25F (None when no word matched), cosine (None in keyword mode), fused."""

    keyword: float | None
    semantic: float | None
    fused: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LegPlace:
    """What one leg alone says of a hit's passage: its score, and its rank among all passages that may be shown.

    Those are the passages that have the phrases asked for, in documents that pass the filters and have nothing
    excluded. Of equal scores the lower chunk_id comes first.
    """

    score: float
    rank: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why a hit is one: what each leg says of its passage, None where it doesn't find it or wasn't asked.

    `words` are the words of the query as they stand in the passage, each once. `word_share` is how much of the query
    these and those of the commitment's title make up, 0 to 1, None in semantic mode. `evidence` is that by meaning, in
    standard deviations, None in keyword mode.
    """

    keyword: LegPlace | None
    semantic: LegPlace | None
    words: tuple[str, ...]
    word_share: float | None
    evidence: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One commitment found.

    `document` is its language version with the best passage, `also_in` its other languages, and `near_duplicates` the
    IDs of the commitments of the result that were folded into it because they say the same. `explanation` is there
    if it was asked for.
    """

    rank: int
    document: Document
    passage: Passage
    scores: Scores
    strength: Strength
    also_in: tuple[str, ...]
    near_duplicates: tuple[str, ...] = ()
    explanation: Explanation | None = None

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
class StrengthCounts:
    """How many hits of a whole result have each strength."""

    strong: int
    fair: int
    weak: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    """The page of hits asked for; `total`, `strengths` and `facets` describe the whole result, the same on every page.

    What matches less than weakly is no hit. When there is no hit at all, `nearest` holds what comes nearest in meaning.
    `corrections` are the words that no text has, with what was searched for too, and `corrected_query` is the query
    with the best of these in their places, None if there are none. A `partial` result is by words alone, because
    meaning took too long; a note says so.
    """

    request: SearchRequest
    total: int
    strengths: StrengthCounts
    hits: tuple[Hit, ...]
    nearest: tuple[Hit, ...]
    facets: tuple[Facet, ...]
    index: IndexInfo
    took_ms: float
    notes: tuple[str, ...] = field(default=())
    corrections: tuple[Correction, ...] = ()
    corrected_query: str | None = None
    partial: bool = False

    @property
    def shown(self) -> tuple[Hit, ...]:
        """The hits, or where there are none what comes nearest."""
        return self.hits or self.nearest

    @property
    def comparable(self) -> bool:
        """Whether anything comparable was found: a strong or a fair hit."""
        return self.strengths.strong + self.strengths.fair > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FacetCounts:
    """The facets of a result by themselves; of the whole corpus if its request has neither query nor filters."""

    request: SearchRequest
    total: int
    facets: tuple[Facet, ...]
    index: IndexInfo
    took_ms: float
    partial: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedHit:
    """A hit on a map, as `MeaningMap` has it: the document shown, how strongly it matches, and its place."""

    document: Document
    strength: Strength
    x: float
    y: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedArea:
    """A policy area on a map, in the middle of its documents there (the median), and how many commitments those are."""

    area: str
    count: int
    x: float
    y: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MeaningMap:
    """A map on which documents that mean nearly the same lie side by side; places are from 0 to 1.

    `cloud` are the places of all n documents that pass the filters, float32 `(n, 2)`, whatever the query; `hits` the
    best of the query's strong and fair hits, the best first; `areas` those policy areas of the cloud, the most first,
    whose documents lie together.
    """

    cloud: npt.NDArray[np.float32]
    hits: tuple[PlacedHit, ...]
    areas: tuple[PlacedArea, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """How a whole result is spread: hits by country, by policy area, by both, and by year.

    `countries` and `policy_areas` are pairs of a code and a number of hits, the most first, `years` of a year and a
    number, in order. `cells` holds the pairs of a country and a policy area that have hits. A hit counts in each of its
    policy areas. A `partial` one is by words alone, as in `SearchResult`. `meaning` is None if the index has no map.
    """

    request: SearchRequest
    total: int
    countries: tuple[tuple[str, int], ...]
    policy_areas: tuple[tuple[str, int], ...]
    years: tuple[tuple[int, int], ...]
    cells: Mapping[tuple[str, str], int]
    index: IndexInfo
    partial: bool = False

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be known of it, as in `SearchResult`."""
        return (BY_WORDS_ALONE,) if self.partial else ()

    meaning: MeaningMap | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SimilarRequest:
    """One checked question for the commitments like one, in other countries.

    `per_country` keeps the best of each country; otherwise all are ranked. `filters` say what the others must be.
    """

    commitment_id: str
    per_country: bool = True
    filters: Filters = Filters()
    limit: int = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """A passage and the document that it stands in."""

    document: Document
    passage: Passage


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """The two passages that explain best why two commitments are alike, and their similarity in meaning.

    In each, the sentence nearest to the other passage is highlighted, unless the passage is one sentence.
    """

    own: Quote
    other: Quote
    semantic: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareRequest:
    """One question for commitments side by side, in the order to show; `lang` is the language to show them in."""

    commitment_ids: tuple[str, ...]
    lang: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One commitment of a comparison, in the version shown.

    `likeness` says how much more like the first it is than others usually are (see `likeness`), None for the first.
    """

    document: Document
    also_in: tuple[str, ...]
    likeness: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """The passage nearest to another commitment's, and their similarity in meaning."""

    quote: Quote
    semantic: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Aligned:
    """A passage of the first commitment, and the nearest of each other; None for one that has no text to compare."""

    own: Quote
    matches: tuple[Match | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Commitments side by side: `commitments` and the passages of each of `aligned` are in the order asked for."""

    request: CompareRequest
    commitments: tuple[Compared, ...]
    aligned: tuple[Aligned, ...]
    index: IndexInfo
    took_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SimilarHit:
    """One commitment like the one asked for, shown in the language version that is most like it.

    `score` says how much more alike the two are than others usually are; 0 is nothing unusual (see `likeness`).
    `also_in` and `near_duplicates` are as in `Hit`.
    """

    rank: int
    score: float
    pair: Pair
    also_in: tuple[str, ...]
    near_duplicates: tuple[str, ...] = ()

    @property
    def document(self) -> Document:
        """The language version shown."""
        return self.pair.other.document


@dataclass(frozen=True, slots=True, kw_only=True)
class SimilarResult:
    """The first hits, as many as asked for; `total` counts the countries, or all commitments if asked so."""

    request: SimilarRequest
    total: int
    hits: tuple[SimilarHit, ...]
    index: IndexInfo
    took_ms: float

    @property
    def stands_out(self) -> bool:
        """Whether any hit is more alike than others usually are."""
        return any(hit.score > 0 for hit in self.hits)
