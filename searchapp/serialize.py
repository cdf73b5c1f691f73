"""Records to plain values for JSON: one function for each record, keys in the order they are sent.

URLs are paths; `root` is put before them, for an application that isn't mounted at the root of its server.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from urllib.parse import urlencode

from indexer.shared.records import Document, Facts, Section
from searchapp.addresses import commitment_path, version_path
from searchapp.answers import (
    AlignedAnswer,
    CommitmentAnswer,
    ComparedAnswer,
    ComparisonAnswer,
    CountryAnswer,
    DocumentAnswer,
    ExplanationAnswer,
    FacetsAnswer,
    FacetValueAnswer,
    FiltersAnswer,
    HitAnswer,
    IndexAnswer,
    LegAnswer,
    PassageAnswer,
    QueryAnswer,
    SearchAnswer,
    SectionAnswer,
    SimilarAnswer,
    SimilarHitAnswer,
    SimilarQueryAnswer,
    SummaryAnswer,
    VersionAnswer,
)
from searchapp.facts import fact_rows
from searchapp.labels import country_label, facet_label, language_label, policy_area_label, section_label
from searchapp.paging import next_page, to_args
from searchapp.pins import Pin, pinned_args
from searchapp.search.results import (
    Aligned,
    Compared,
    Comparison,
    Explanation,
    Facet,
    FacetCounts,
    Filters,
    Hit,
    IndexInfo,
    LegPlace,
    Passage,
    SearchRequest,
    SearchResult,
    SimilarHit,
    SimilarRequest,
    SimilarResult,
)

__all__ = [
    "commitment_dict",
    "comparison_dict",
    "facets_dict",
    "hit_dict",
    "result_dict",
    "similar_dict",
    "similar_hit_dict",
]

_SCORE_DIGITS = 4
_TIME_DIGITS = 1


def result_dict(result: SearchResult, *, root: str = "", pin: Pin | None = None) -> SearchAnswer:
    """Return the body of `/api/v1/search`; `pinned`, `notes` and `corrections` are there only if there are any."""
    following = next_page(result)
    answer: SearchAnswer = {
        "query": _query(result.request),
        "total": result.total,
        "comparable": result.comparable,
        "partial": result.partial,
        "strengths": {
            "strong": result.strengths.strong,
            "fair": result.strengths.fair,
            "weak": result.strengths.weak,
        },
        "took_ms": round(result.took_ms, _TIME_DIGITS),
        "hits": [hit_dict(hit, root=root) for hit in result.hits],
        "nearest": [hit_dict(hit, root=root) for hit in result.nearest],
        "facets": {facet.field: _facet(facet) for facet in result.facets},
        "next_url": _search_url(following, root) if following else None,
        "index": _index(result.index),
        "permalink": f"{root}/?{urlencode(pinned_args(result.request, result.index), doseq=True)}",
    }
    if pin:
        answer["pinned"] = {"index": pin.digest, "encoder": pin.encoder, "changed": pin.changed(result.index)}
    if result.notes:
        answer["notes"] = list(result.notes)
    if result.corrections:
        answer["corrections"] = [{"word": one.word, "used": list(one.used)} for one in result.corrections]
    if result.corrected_query is not None:
        answer["corrected_query"] = result.corrected_query
    return answer


def facets_dict(counts: FacetCounts, fields: Iterable[str]) -> FacetsAnswer:
    """Return the body of `/api/v1/facets`, with the facets of these fields."""
    asked = counts.request
    by_field = {facet.field: facet for facet in counts.facets}
    return {
        "query": {"q": asked.query, "mode": asked.mode, **_filters(asked.filters), "fold": asked.fold},
        "total": counts.total,
        "partial": counts.partial,
        "took_ms": round(counts.took_ms, _TIME_DIGITS),
        "facets": {field: _facet(by_field[field]) for field in fields},
        "index": _index(counts.index),
    }


def hit_dict(hit: Hit, *, root: str = "") -> HitAnswer:
    """Return one of the hits of `/api/v1/search`; `explanation` is there only if it was asked for."""
    answer: HitAnswer = {
        "rank": hit.rank,
        "score": _score(hit.score),
        "strength": hit.strength,
        "commitment": _summary(hit, root),
        "passage": _passage(hit.passage),
        "scores": {
            "keyword": _score_or_none(hit.scores.keyword),
            "semantic": _score_or_none(hit.scores.semantic),
            "fused": _score(hit.scores.fused),
        },
    }
    if hit.explanation:
        answer["explanation"] = _explanation(hit.explanation)
    return answer


def _explanation(explanation: Explanation) -> ExplanationAnswer:
    return {
        "keyword": _leg(explanation.keyword),
        "semantic": _leg(explanation.semantic),
        "words": list(explanation.words),
        "word_share": _score_or_none(explanation.word_share),
        "evidence": _score_or_none(explanation.evidence),
    }


def _leg(place: LegPlace | None) -> LegAnswer | None:
    return None if place is None else {"score": _score(place.score), "rank": place.rank}


def commitment_dict(versions: Sequence[Document], index: IndexInfo, *, root: str = "") -> CommitmentAnswer:
    """Return the body of `/api/v1/commitments/<id>`: its language versions, each with its whole text."""
    first = versions[0]
    return {
        "id": first.commitment_id,
        "country": _country(first.facts),
        "url": root + commitment_path(first.commitment_id),
        "versions": [_version(document) for document in versions],
        "index": _index(index),
    }


def similar_dict(result: SimilarResult, *, root: str = "") -> SimilarAnswer:
    """Return the body of `/api/v1/commitments/<id>/similar`."""
    return {
        "query": _similar_query(result.request),
        "total": result.total,
        "took_ms": round(result.took_ms, _TIME_DIGITS),
        "hits": [similar_hit_dict(hit, root=root) for hit in result.hits],
        "index": _index(result.index),
    }


def similar_hit_dict(hit: SimilarHit, *, root: str = "") -> SimilarHitAnswer:
    """Return one of the hits of `/api/v1/commitments/<id>/similar`."""
    return {
        "rank": hit.rank,
        "score": _score(hit.score),
        "commitment": _summary(hit, root),
        "pair": {
            "own": _passage(hit.pair.own.passage),
            "other": _passage(hit.pair.other.passage),
            "semantic": _score(hit.pair.semantic),
        },
    }


def comparison_dict(comparison: Comparison, *, root: str = "") -> ComparisonAnswer:
    """Return the body of `/api/v1/compare`; lists of values and passages are in the order of the commitments."""
    asked = comparison.request
    return {
        "query": {"id": list(asked.commitment_ids), "lang": asked.lang},
        "took_ms": round(comparison.took_ms, _TIME_DIGITS),
        "commitments": [_compared(one, root) for one in comparison.commitments],
        "facts": [
            {
                "field": row.field,
                "label": row.label,
                "values": [list(cell.values) for cell in row.cells],
                "differs": row.differs,
            }
            for row in fact_rows(one.document for one in comparison.commitments)
        ],
        "passages": [_aligned(one) for one in comparison.aligned],
        "index": _index(comparison.index),
    }


def _compared(one: Compared, root: str) -> ComparedAnswer:
    document = one.document
    return {
        **_document_summary(document, root),
        "also_in": list(one.also_in),
        "likeness": _score_or_none(one.likeness),
        "facts": document.facts,
        "milestones": list(document.milestones),
    }


def _aligned(one: Aligned) -> AlignedAnswer:
    return {
        "own": _passage(one.own.passage),
        "nearest": [
            {"passage": _passage(match.quote.passage), "semantic": _score(match.semantic)} if match else None
            for match in one.matches
        ],
    }


def _query(asked: SearchRequest) -> QueryAnswer:
    return {
        "q": asked.query,
        "mode": asked.mode,
        **_filters(asked.filters),
        "sort": asked.sort,
        "group_by": asked.group_by,
        "comparable": asked.comparable,
        "fold": asked.fold,
        "explain": asked.explain,
        "limit": asked.limit,
        "offset": asked.offset,
    }


def _similar_query(asked: SimilarRequest) -> SimilarQueryAnswer:
    return {
        "id": asked.commitment_id,
        "per_country": asked.per_country,
        **_filters(asked.filters),
        "limit": asked.limit,
    }


def _filters(filters: Filters) -> FiltersAnswer:
    return {
        "region": list(filters.region),
        "country": list(filters.country),
        "lang": list(filters.lang),
        "policy_area": list(filters.policy_area),
        "institution": list(filters.institution),
        "ambition": list(filters.ambition),
        "completion": list(filters.completion),
        "early_results": list(filters.early_results),
        "status": list(filters.status),
        "scope": list(filters.scope),
        "year_from": filters.year_from,
        "year_to": filters.year_to,
    }


def _passage(passage: Passage) -> PassageAnswer:
    return {
        "chunk_id": passage.chunk_id,
        "section": passage.section,
        "lang": passage.lang,
        "text": passage.text,
        "highlights": [{"start": mark.start, "end": mark.end, "kind": mark.kind} for mark in passage.highlights],
    }


def _summary(hit: Hit | SimilarHit, root: str) -> SummaryAnswer:
    return {
        **_document_summary(hit.document, root),
        "also_in": list(hit.also_in),
        "near_duplicates": list(hit.near_duplicates),
    }


def _document_summary(document: Document, root: str) -> DocumentAnswer:
    return {
        "id": document.commitment_id,
        "title": document.title,
        "country": _country(document.facts),
        "lang": document.lang,
        "year": document.facts.year,
        "policy_areas": list(document.facts.policy_areas),
        "url": root + version_path(document),
    }


def _search_url(asked: SearchRequest, root: str) -> str:
    return f"{root}/api/v1/search?{urlencode(to_args(asked), doseq=True)}"


def _country(facts: Facts) -> CountryAnswer | None:
    if facts.country is None:
        return None
    country: CountryAnswer = {"code": facts.country, "name": country_label(facts.country)}
    if facts.locality:
        country["locality"] = facts.locality
    return country


def _facet(facet: Facet) -> list[FacetValueAnswer]:
    return [
        {
            "value": one.value,
            "label": facet_label(facet.field, one.value),
            "count": one.count,
            "selected": one.selected,
        }
        for one in facet.values
    ]


def _version(document: Document) -> VersionAnswer:
    return {
        "document_id": document.document_id,
        "lang": {"code": document.lang, "name": language_label(document.lang)},
        "title": document.title,
        "facts": document.facts,
        "policy_areas": [{"value": code, "label": policy_area_label(code)} for code in document.facts.policy_areas],
        "text": document.text,
        "sections": [_section(section) for section in document.sections],
        "milestones": list(document.milestones),
        "catalogue": list(document.catalogue),
        "unmapped": list(document.unmapped),
        "source": {"file": document.source, "url": document.url},
    }


def _section(section: Section) -> SectionAnswer:
    return {
        "kind": section.kind,
        "heading": section.heading,
        "start": section.start,
        "end": section.end,
        "lang": section.lang,
        "label": section_label(section.kind),
    }


def _index(index: IndexInfo) -> IndexAnswer:
    return {"digest": index.digest, "encoder": index.encoder, "built_at": index.built_at}


def _score(score: float) -> float:
    return round(score, _SCORE_DIGITS)


def _score_or_none(score: float | None) -> float | None:
    return None if score is None else _score(score)
