"""A small corpus in five languages, written by hand, and a searcher that answers from it without any index."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from indexer.shared.errors import ConcordError, EncoderError, IndexStoreError, NotFoundError
from indexer.shared.records import CatalogueEntry, Document, Facts, Milestone, Section, Unmapped
from searchapp.search.columns import FACET_FIELDS
from searchapp.search.compare import check_ids
from searchapp.search.query import Correction
from searchapp.search.results import (
    Aligned,
    Compared,
    CompareRequest,
    Comparison,
    Explanation,
    Facet,
    FacetCounts,
    FacetValue,
    Highlight,
    Hit,
    IndexInfo,
    LegPlace,
    Match,
    MeaningMap,
    Overview,
    Pair,
    Passage,
    PlacedArea,
    PlacedHit,
    Quote,
    Scores,
    SearchRequest,
    SearchResult,
    SimilarHit,
    SimilarRequest,
    SimilarResult,
    Strength,
    StrengthCounts,
)
from searchapp.search.watch import Watch

INFO = IndexInfo(digest="3f9a1c0de7b24586", encoder="bundled:e5-small", built_at="2026-01-31T09:30:00+00:00")
HOSTILE = "<script>alert('x')</script> {{1337*1337}} \u202e\x00desrever"
EXPLANATION = Explanation(
    keyword=LegPlace(score=3.21, rank=2),
    semantic=LegPlace(score=0.69, rank=1),
    words=("innovation",),
    word_share=1.0,
    evidence=5.61803,
)
NOTHING = "zzzz"
"""A query that the fake searcher finds nothing for."""
MISSPELT = "inovation in seuol"
"""A query of which the fake searcher knows two words by others."""
CORRECTIONS = (
    Correction(word="inovation", near=(("en", "innovation"), ("fr", "innovation"), ("en", "innovative"))),
    Correction(word="seuol", near=(("en", "seoul"),)),
)
_BY_MEANING = SearchRequest(query="", mode="semantic")
UNLIKE = "chocolate cake"
"""A query that it finds no hit for, but something that is nearest."""
WEAKLY = "weakly"
"""A query whose hits are all weak."""


def document(commitment_id: str, lang: str, title: str, parts: dict[str, tuple[str, str]], **more: object) -> Document:
    """Return a document whose text is its parts, {kind: (heading, body)}, one after the other."""
    text = ""
    sections = []
    for kind, (heading, body) in parts.items():
        text += f"{heading}\n\n"
        sections.append(Section(kind=kind, heading=heading, start=len(text), end=len(text) + len(body)))
        text += f"{body}\n\n"
    record = Document(
        document_id=f"{commitment_id}.{lang}",
        commitment_id=commitment_id,
        lang=lang,
        title=title,
        text=text,
        sections=tuple(sections),
        facts=Facts(),
        source=f"{commitment_id}.txt",
    )
    return replace(record, **more)


_HUB_FACTS = Facts(
    country="GB",
    action_plan="Royaume-Uni - Troisième plan d'action national 2016-18",
    year=2016,
    lead_institutions=("Cabinet Office (Service numérique gouvernemental)",),
    supporting_institutions=("Département du développement international", "Réseau Omidyar"),
    policy_areas=("anti-corruption-institutions", "public-participation"),
    verifiable="yes",
    relevant="yes",
    ambition="high",
    completion_midterm="limited",
    early_results="did-not-change",
    start_date="2016-05",
    end_date="2017-05-31",
)

CORPUS = (
    document(
        "UK0066",
        "fr",
        "Centre d'innovation anticorruption",
        {
            "description": (
                "Description",
                (
                    "Nous allons créer un centre d'innovation anticorruption pour mettre en relation les innovateurs "
                    "sociaux, les experts en technologie et les scientifiques des données avec les forces de l'ordre, "
                    "les entreprises et la société civile. Le centre collabore à des approches novatrices.\n\n"
                    "Les efforts actuels sont souvent dispersés et fragmentés."
                ),
            ),
            "midterm_review": (
                "Résumé du statut à mi-parcours IRM",
                (
                    "L'engagement était en retard à la fin de la première année. "
                    "https://www.gov.uk/government/uploads/system/uploads/attachment_data/file/388894/UKantiCorruptionPlan.pdf"
                ),
            ),
        },
        facts=_HUB_FACTS,
        url="https://www.opengovpartnership.org/fr/members/united-kingdom/commitments/UK0066/",
        milestones=(
            Milestone(number="4.1", text="Mettre en place un pôle d'innovation"),
            Milestone(number="4.2", text="Présenter des exemples d'approches innovantes au sommet de Paris"),
        ),
        catalogue=(
            CatalogueEntry(
                commitment_id="UK0064", title="Propriété effective", year=2016, policy_area="Lutte contre la corruption"
            ),
            CatalogueEntry(commitment_id="UK0065", title="Ressources naturelles", year=None, policy_area=""),
        ),
        unmapped=(Unmapped(field="policy_area", value="Technologie scientifique"),),
    ),
    document(
        "UK0066",
        "en",
        "Anti-Corruption Innovation Hub",
        {
            "description": (
                "Description",
                (
                    "We will create an Anti-Corruption Innovation Hub to connect social innovators, technology experts "
                    "and data scientists with law enforcement, business and civil society."
                ),
            ),
        },
        facts=_HUB_FACTS,
    ),
    document(
        "SEO0002",
        "es",
        "Incubadoras para la participación ciudadana",
        {
            "at_glance": ("De un vistazo", "Seúl abrirá incubadoras de ideas en sus veinticinco distritos."),
            "description": (
                "Descripción",
                (
                    "Las incubadoras acompañan a los vecinos desde la idea hasta el proyecto. La ciudad publicará los "
                    "resultados cada año."
                ),
            ),
        },
        facts=Facts(country="KR", locality="Seoul", year=2017, policy_areas=("public-participation",)),
    ),
    document(
        "JO0021",
        "ar",
        "مركز للابتكار والبيانات المفتوحة",
        {
            "description": (
                "الوصف",
                (
                    "تنشئ الحكومة مركزا للابتكار يجمع الباحثين والمجتمع المدني حول البيانات المفتوحة. "
                    "وينشر المركز تقريرا سنويا عن نتائجه بحلول عام 2020 على بوابة Open Data."
                ),
            ),
        },
        facts=Facts(country="JO", year=2018, policy_areas=("open-data", "capacity-building")),
    ),
    document(
        "TW0003",
        "zh",
        "公众参与创新中心",
        {
            "description": (
                "承诺说明",
                "政府将设立公众参与创新中心,让公民、企业和公务员共同设计公共服务。中心每年公布成果报告。",
            ),
        },
        facts=Facts(country="TW", year=2020, policy_areas=("public-participation",)),
    ),
    document(
        "XX0001",
        "en",
        f"Hostile {HOSTILE}",
        {"description": (HOSTILE, f"An innovation {HOSTILE} passage.")},
        facts=Facts(lead_institutions=(HOSTILE,), locality=HOSTILE, year=1999),
        url="javascript:alert(1)",
        milestones=(Milestone(number=HOSTILE, text=HOSTILE),),
        catalogue=(CatalogueEntry(commitment_id=HOSTILE, title=HOSTILE, year=None, policy_area=HOSTILE),),
        unmapped=(Unmapped(field=HOSTILE, value=HOSTILE),),
    ),
    *(
        document(
            f"CA{number:04}",
            "en",
            f"Innovation programme {number}",
            {"description": ("Description", f"Programme {number} supports innovation in public services.")},
            facts=Facts(country="CA", year=2010 + number % 10, policy_areas=(f"area-{number:02}",)),
        )
        for number in range(1, 19)
    ),
)
"""24 documents of 23 commitments."""


class FakeSearcher:
    """Finds every commitment that passes the filters (in keyword mode only those with a word of the query)."""

    def __init__(self, documents: tuple[Document, ...] = CORPUS, *, error: ConcordError | None = None) -> None:
        self.documents = documents
        self.error = error
        self.has_map = True
        self.asked: list[SearchRequest] = []
        self.asked_similar: list[SimilarRequest] = []
        self.likeness = 0.3123456

    @property
    def info(self) -> IndexInfo:
        if isinstance(self.error, IndexStoreError | EncoderError):
            raise self.error
        return INFO

    is_warm = True

    def warm_up(self) -> None:
        pass

    def commitment(self, commitment_id: str) -> tuple[Document, ...]:
        if self.error:
            raise self.error
        found = tuple(one for one in self.documents if one.commitment_id == commitment_id)
        if not found:
            raise NotFoundError(f"The index holds no commitment “{commitment_id}”.", field="commitment_id")
        return found

    def search(self, request: SearchRequest, *, watch: Watch | None = None) -> SearchResult:
        if watch:
            with watch.stage("keyword"):
                pass
        self.asked.append(request)
        if self.error:
            raise self.error
        matching = [one for one in self.documents if _matches(one, request)]
        first = {one.commitment_id: one for one in reversed(matching)}
        commitments = [first[commitment_id] for commitment_id in dict.fromkeys(one.commitment_id for one in matching)]
        page = range(request.offset, min(request.offset + request.limit, len(commitments)))
        strengths = Counter(strength_of(number, request) for number in range(len(commitments)))
        return SearchResult(
            request=request,
            total=len(commitments),
            strengths=StrengthCounts(**{name: strengths[name] for name in ("strong", "fair", "weak")}),
            hits=tuple(self._hit(commitments[number], number + 1, request) for number in page),
            nearest=() if commitments else self._nearest(request),
            facets=_facets(commitments, request),
            index=INFO,
            took_ms=9.8123,
            notes=("The hub is new.",) if request.query == "note" else (),
            corrections=CORRECTIONS if request.query == MISSPELT else (),
            corrected_query="innovation in seoul" if request.query == MISSPELT else None,
        )

    def facets(self, request: SearchRequest, *, watch: Watch | None = None) -> FacetCounts:
        result = self.search(replace(request, query=request.query or "innovation"), watch=watch)
        counted = {facet.field: facet for facet in result.facets}
        facets = tuple(counted.get(field, Facet(field=field, values=())) for field in FACET_FIELDS)
        return FacetCounts(request=request, total=result.total, facets=facets, index=INFO, took_ms=2.3456)

    def overview(self, request: SearchRequest, *, watch: Watch | None = None) -> Overview:
        """What the search would find, counted."""
        hits = self.search(replace(request, limit=1000), watch=watch).hits
        facts = [hit.document.facts for hit in hits]
        countries = Counter(one.country for one in facts if one.country)
        areas = Counter(area for one in facts for area in one.policy_areas)
        return Overview(
            request=request,
            total=len(hits),
            countries=tuple(countries.most_common()),
            policy_areas=tuple(areas.most_common()),
            years=tuple(sorted(Counter(one.year for one in facts if one.year).items())),
            cells=Counter((one.country, area) for one in facts if one.country for area in one.policy_areas),
            meaning=_map(hits if request.query else (), areas) if self.has_map else None,
            index=INFO,
        )

    def all_hits(self, request: SearchRequest, *, watch: Watch | None = None) -> Iterator[Hit]:
        return iter(self.search(replace(request, limit=sys.maxsize, offset=0), watch=watch).hits)

    def compare(self, request: CompareRequest) -> Comparison:
        """Each is shown in the language asked for or in its first, with its first passage beside the first's."""
        check_ids(request.commitment_ids)
        versions = [self.commitment(commitment_id) for commitment_id in request.commitment_ids]
        shown = [next((one for one in of if one.lang == request.lang), of[0]) for of in versions]
        own, *quotes = [Quote(document=one, passage=self._hit(one, 1, _BY_MEANING).passage) for one in shown]
        return Comparison(
            request=request,
            commitments=tuple(
                Compared(
                    document=one,
                    also_in=tuple(other.lang for other in of if other is not one),
                    likeness=number / 10 if number else None,
                )
                for number, (one, of) in enumerate(zip(shown, versions, strict=True))
            ),
            aligned=(Aligned(own=own, matches=tuple(Match(quote=quote, semantic=0.45678) for quote in quotes)),),
            index=INFO,
            took_ms=1.2345,
        )

    def similar(self, request: SimilarRequest) -> SimilarResult:
        """Everything of another country that passes the filters is like it; the best of a country is its first."""
        own = self.commitment(request.commitment_id)[0]
        self.asked_similar.append(request)
        others = [
            one
            for one in self.documents
            if one.facts.country != own.facts.country
            and _matches(one, SearchRequest(query="", filters=request.filters))
        ]
        first = {(one.facts.country if request.per_country else one.commitment_id): one for one in reversed(others)}
        shown = [one for one in others if one in first.values()]
        return SimilarResult(
            request=request,
            total=len(shown),
            hits=tuple(self._similar_hit(own, one, rank) for rank, one in enumerate(shown[: request.limit], start=1)),
            index=INFO,
            took_ms=1.2345,
        )

    def _similar_hit(self, own: Document, one: Document, rank: int) -> SimilarHit:
        hit = self._hit(one, rank, SearchRequest(query="", mode="semantic"))
        return SimilarHit(
            rank=rank,
            score=round(self.likeness - rank / 100, 7),
            pair=Pair(
                own=Quote(document=own, passage=self._hit(own, 1, SearchRequest(query="", mode="semantic")).passage),
                other=Quote(document=one, passage=hit.passage),
                semantic=0.45678,
            ),
            also_in=hit.also_in,
            near_duplicates=hit.near_duplicates,
        )

    def _nearest(self, request: SearchRequest) -> tuple[Hit, ...]:
        return (self._hit(self.documents[0], 1, request),) if request.query == UNLIKE else ()

    def _hit(self, one: Document, rank: int, request: SearchRequest) -> Hit:
        section = one.sections[-1] if one.lang == "es" else one.sections[0]
        text = one.text[section.start : section.end]
        words = [] if request.mode == "semantic" else _word_highlights(text, request.query)
        meaning = [] if request.mode == "keyword" else [Highlight(start=0, end=_first_sentence(text), kind="semantic")]
        scores = Scores(
            keyword=3.21 if words else None,
            semantic=None if request.mode == "keyword" else 0.69,
            fused=round(0.7123456 - rank / 100, 7),
        )
        passage = Passage(
            chunk_id=f"{one.document_id}#000",
            section=section.kind,
            lang=one.lang,
            text=text,
            highlights=tuple(words + meaning),
        )
        others = tuple(
            other.lang for other in self.documents if other.commitment_id == one.commitment_id and other is not one
        )
        twins = ("UK0067",) if request.fold and one.commitment_id == "UK0066" else ()
        return Hit(
            rank=rank,
            document=one,
            passage=passage,
            scores=scores,
            strength=strength_of(rank - 1, request),
            also_in=others,
            near_duplicates=twins,
            explanation=EXPLANATION if request.explain else None,
        )


def strength_of(number: int, request: SearchRequest) -> Strength:
    """The first hit is strong, two more are fair, the rest weak; nothing but weak for some queries."""
    if request.query in (UNLIKE, WEAKLY) or number > 2:
        return "weak"
    return "fair" if number else "strong"


def _map(hits: tuple[Hit, ...], areas: Counter[str]) -> MeaningMap:
    """The whole corpus on a diagonal, the strong and fair hits at its start, areas at its end."""
    diagonal = np.repeat(np.linspace(0, 1, len(CORPUS), dtype=np.float32)[:, None], 2, axis=1)
    comparable = [hit for hit in hits if hit.strength != "weak"]
    return MeaningMap(
        cloud=diagonal,
        hits=tuple(
            PlacedHit(document=hit.document, strength=hit.strength, x=number / 10, y=number / 10)
            for number, hit in enumerate(comparable)
        ),
        areas=tuple(
            PlacedArea(area=area, count=count, x=1, y=1 - number / 10)
            for number, (area, count) in enumerate(areas.most_common(2))
        ),
    )


def _matches(one: Document, request: SearchRequest) -> bool:
    filters = request.filters
    year = one.facts.year or 0
    return (
        request.query not in (NOTHING, UNLIKE)
        and (not filters.lang or one.lang in filters.lang)
        and (not filters.country or one.facts.country in filters.country)
        and (not filters.policy_area or bool(set(filters.policy_area) & set(one.facts.policy_areas)))
        and (filters.year_from or 0) <= year <= (filters.year_to or 9999)
        and (request.mode != "keyword" or bool(_word_highlights(one.text, request.query)))
    )


def _word_highlights(text: str, query: str) -> list[Highlight]:
    found = []
    for word in query.lower().split():
        start = text.lower().find(word)
        if start >= 0:
            found.append(Highlight(start=start, end=start + len(word), kind="word"))
    return found


def _first_sentence(text: str) -> int:
    ends = [text.find(mark) + 1 for mark in (". ", "。") if mark in text]
    return min(ends, default=len(text))


def _facets(commitments: list[Document], request: SearchRequest) -> tuple[Facet, ...]:
    filters = request.filters
    columns = {
        "country": ([one.facts.country for one in commitments if one.facts.country], filters.country),
        "lang": ([one.lang for one in commitments], filters.lang),
        "year": ([str(one.facts.year) for one in commitments if one.facts.year], ()),
        "policy_area": ([area for one in commitments for area in one.facts.policy_areas], filters.policy_area),
    }
    return tuple(
        Facet(
            field=field,
            values=tuple(
                FacetValue(value=value, count=count, selected=value in selected)
                for value, count in sorted(Counter(values).items(), key=lambda pair: (-pair[1], pair[0]))
            ),
        )
        for field, (values, selected) in columns.items()
    )
