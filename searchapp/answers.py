"""The answers of the JSON API, as types: what `searchapp.serialize` makes, and what the API's description says.

Optional keys are there only if there is something to say.
"""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

from indexer.shared.records import CatalogueEntry, Facts, Milestone, Unmapped
from searchapp.search.results import Grouping, Mode, Sort, Strength

__all__ = [
    "CommitmentAnswer",
    "ComparisonAnswer",
    "FacetsAnswer",
    "ProblemAnswer",
    "SearchAnswer",
    "SimilarAnswer",
]


class IndexAnswer(TypedDict):
    """Which index answered: the digest of its generation, its encoder, and when it was built (ISO 8601)."""

    digest: str
    encoder: str
    built_at: str


class CountryAnswer(TypedDict):
    """A country by its ISO 3166-1 alpha-2 code, and the local member of it whose commitment it is."""

    code: str
    name: str
    locality: NotRequired[str]


class FiltersAnswer(TypedDict):
    """The filters as they were understood."""

    region: list[str]
    country: list[str]
    lang: list[str]
    policy_area: list[str]
    institution: list[str]
    ambition: list[str]
    completion: list[str]
    early_results: list[str]
    status: list[str]
    scope: list[str]
    year_from: int | None
    year_to: int | None


class QueryAnswer(FiltersAnswer):
    """The search as it was understood."""

    q: str
    mode: Mode
    sort: Sort
    group_by: Grouping
    comparable: bool
    fold: bool
    explain: bool
    limit: int
    offset: int


class FacetQueryAnswer(FiltersAnswer):
    """The question for facets as it was understood; without `q` it is about all that passes the filters."""

    q: str
    mode: Mode
    fold: bool


class SimilarQueryAnswer(FiltersAnswer):
    """The question for the commitments like one as it was understood."""

    id: str
    per_country: bool
    limit: int


class StrengthsAnswer(TypedDict):
    """How many hits of the whole result have each strength."""

    strong: int
    fair: int
    weak: int


class HighlightAnswer(TypedDict):
    """A span of a passage's text, in code points, and what matched there."""

    start: int
    end: int
    kind: Literal["word", "semantic"]


class PassageAnswer(TypedDict):
    """A passage of a commitment, in its own language."""

    chunk_id: str
    section: str
    lang: str
    text: str
    highlights: list[HighlightAnswer]


class DocumentAnswer(TypedDict):
    """What is said of a commitment in short; `url` is the path of its page."""

    id: str
    title: str
    country: CountryAnswer | None
    lang: str
    year: int | None
    policy_areas: list[str]
    url: str


class SummaryAnswer(DocumentAnswer):
    """What a hit says of its commitment."""

    also_in: list[str]
    near_duplicates: list[str]


class ScoresAnswer(TypedDict):
    """The scores of a hit's passage: BM25F, cosine, and both together."""

    keyword: float | None
    semantic: float | None
    fused: float


class LegAnswer(TypedDict):
    """What one leg alone says of a hit's passage: its score, and its rank among all passages that may be shown."""

    score: float
    rank: int


class ExplanationAnswer(TypedDict):
    """Why a hit is one.

    `words` are the words of the query as they stand in the passage, `word_share` is how much of the query these and
    those of the title make up (0 to 1), `evidence` that by meaning, in standard deviations (2.5 weak, 3.75 fair, 5.5
    strong).
    """

    keyword: LegAnswer | None
    semantic: LegAnswer | None
    words: list[str]
    word_share: float | None
    evidence: float | None


class HitAnswer(TypedDict):
    """One commitment found."""

    rank: int
    score: float
    strength: Strength
    commitment: SummaryAnswer
    passage: PassageAnswer
    scores: ScoresAnswer
    explanation: NotRequired[ExplanationAnswer]


class FacetValueAnswer(TypedDict):
    """One value of a facet, and how many commitments of the whole result have it."""

    value: str
    label: str
    count: int
    selected: bool


class CorrectionAnswer(TypedDict):
    """A word that no text has, and what was searched for too."""

    word: str
    used: list[str]


class PinnedAnswer(TypedDict):
    """What a permalink said of the index, and whether that has changed since."""

    index: str
    encoder: str | None
    changed: bool


class SearchAnswer(TypedDict):
    """A page of hits; totals, strengths and facets are those of the whole result.

    `nearest` is what comes nearest when there is no hit. A `partial` answer is by words alone, for want of time.
    """

    query: QueryAnswer
    total: int
    comparable: bool
    partial: bool
    strengths: StrengthsAnswer
    took_ms: float
    hits: list[HitAnswer]
    nearest: list[HitAnswer]
    facets: dict[str, list[FacetValueAnswer]]
    next_url: str | None
    index: IndexAnswer
    permalink: str
    pinned: NotRequired[PinnedAnswer]
    notes: NotRequired[list[str]]
    corrections: NotRequired[list[CorrectionAnswer]]
    corrected_query: NotRequired[str]


class FacetsAnswer(TypedDict):
    """All values of the facets of a result, or of all that passes the filters."""

    query: FacetQueryAnswer
    total: int
    partial: bool
    took_ms: float
    facets: dict[str, list[FacetValueAnswer]]
    index: IndexAnswer


class PairAnswer(TypedDict):
    """The two passages that explain best why two commitments are alike, and their cosine."""

    own: PassageAnswer
    other: PassageAnswer
    semantic: float


class SimilarHitAnswer(TypedDict):
    """One commitment like the one asked for; a score of 0 is nothing unusual."""

    rank: int
    score: float
    commitment: SummaryAnswer
    pair: PairAnswer


class SimilarAnswer(TypedDict):
    """The commitments of other countries that are most like one; `total` counts countries, or all if asked so."""

    query: SimilarQueryAnswer
    total: int
    took_ms: float
    hits: list[SimilarHitAnswer]
    index: IndexAnswer


class CompareQueryAnswer(TypedDict):
    """The comparison as it was understood."""

    id: list[str]
    lang: str | None


class ComparedAnswer(DocumentAnswer):
    """One commitment of a comparison; `likeness` to the first is None for the first."""

    also_in: list[str]
    likeness: float | None
    facts: Facts
    milestones: list[Milestone]


class FactRowAnswer(TypedDict):
    """One fact of all commitments compared, and whether they differ in it."""

    field: str
    label: str
    values: list[list[str]]
    differs: bool


class MatchAnswer(TypedDict):
    """The passage nearest to another, and their cosine."""

    passage: PassageAnswer
    semantic: float


class AlignedAnswer(TypedDict):
    """A passage of the first commitment, and the nearest of each other; None for one without text to compare."""

    own: PassageAnswer
    nearest: list[MatchAnswer | None]


class ComparisonAnswer(TypedDict):
    """Commitments side by side, in the order asked for."""

    query: CompareQueryAnswer
    took_ms: float
    commitments: list[ComparedAnswer]
    facts: list[FactRowAnswer]
    passages: list[AlignedAnswer]
    index: IndexAnswer


class LanguageAnswer(TypedDict):
    """A language by its tag, and its name."""

    code: str
    name: str


class CodeAnswer(TypedDict):
    """A code of one of the tables, and its name."""

    value: str
    label: str


class SectionAnswer(TypedDict):
    """A section, `text[start:end]` of its version in code points; `lang` only where it isn't the version's."""

    kind: str
    heading: str
    start: int
    end: int
    lang: str | None
    label: str


class SourceAnswer(TypedDict):
    """Where a version was read."""

    file: str
    url: str | None


class VersionAnswer(TypedDict):
    """A commitment in one language."""

    document_id: str
    lang: LanguageAnswer
    title: str
    facts: Facts
    policy_areas: list[CodeAnswer]
    text: str
    sections: list[SectionAnswer]
    milestones: list[Milestone]
    catalogue: list[CatalogueEntry]
    unmapped: list[Unmapped]
    source: SourceAnswer


class CommitmentAnswer(TypedDict):
    """A commitment in all its languages."""

    id: str
    country: CountryAnswer | None
    url: str
    versions: list[VersionAnswer]
    index: IndexAnswer


class ProblemAnswer(TypedDict):
    """An error (RFC 9457); `field` names the parameter at fault."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    field: NotRequired[str]
