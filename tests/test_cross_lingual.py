"""The promise of Concord, on the five seed pages with the real encoder: ask in any language, find in every language."""

from __future__ import annotations

from pathlib import Path

import pytest

from indexer.pipeline import index_documents
from indexer.readers.sources import ReadResult
from indexer.shared.encoder import Encoder
from searchapp.search.results import Mode, SearchRequest
from searchapp.search.searcher import Searcher
from tests.fakes import document

pytestmark = pytest.mark.encoder


def found(searcher: Searcher, query: str, mode: Mode = "hybrid") -> list[str]:
    result = searcher.search(SearchRequest(query=query, mode=mode))
    return [hit.document.commitment_id for hit in result.hits]


def test_innovation_hub_finds_the_british_hub_and_the_french_incubators(seed_searcher: Searcher) -> None:
    ids = found(seed_searcher, "innovation hub")
    assert ids[0] == "UK0066"
    assert "FR0039" in ids[:3]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("incubadoras", "FR0039"),
        ("incubateurs", "FR0039"),
        ("public service incubators", "FR0039"),
        ("инкубаторы государственных услуг", "FR0039"),
        ("data visualisation dashboard for citizens", "SEO0002"),
        ("tableau de bord", "SEO0002"),
        ("GovTech start-up pitches", "DE0026"),
    ],
)
def test_a_query_in_any_language_puts_its_commitment_first(seed_searcher: Searcher, query: str, expected: str) -> None:
    assert found(seed_searcher, query)[0] == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("citizen participation in policy making", {"KR0042"}),
        ("Bürgerbeteiligung", {"KR0042"}),
        ("政策制定中的公民参与", {"KR0042"}),
        ("laboratório de inovação", {"DE0026", "FR0039"}),
        ("혁신 허브", {"UK0066"}),
        ("مركز الابتكار", {"UK0066"}),
    ],
)
def test_a_query_in_any_language_puts_its_commitment_in_the_first_two(
    seed_searcher: Searcher, query: str, expected: set[str]
) -> None:
    assert expected & set(found(seed_searcher, query)[:2])


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("innovation hub", "UK0066"),
        ("혁신 허브", "UK0066"),
        ("مركز الابتكار", "UK0066"),
        ("инкубаторы государственных услуг", "FR0039"),
        ("政策制定中的公民参与", "KR0042"),
        ("tableau de bord", "SEO0002"),
    ],
)
def test_what_is_comparable_is_a_strong_or_fair_match_in_any_language(
    seed_searcher: Searcher, query: str, expected: str
) -> None:
    result = seed_searcher.search(SearchRequest(query=query))
    assert {hit.strength for hit in result.hits if hit.document.commitment_id == expected} & {"strong", "fair"}


@pytest.mark.parametrize("mode", ["hybrid", "keyword", "semantic"])
def test_commitments_that_a_page_only_lists_are_found_by_no_search(seed_searcher: Searcher, mode: Mode) -> None:
    for listed in (
        "Fix My Neighborhood",
        "Toma de decisiones automatizada",
        "Administration des douanes",
        "KR0016",
        "FR0012",
    ):
        for hit in seed_searcher.search(SearchRequest(query=listed, mode=mode)).hits:
            assert listed.lower() not in hit.passage.text.lower()


def test_the_catalogue_keeps_what_the_pages_list(seed_searcher: Searcher) -> None:
    [france] = seed_searcher.commitment("FR0039")
    [korea] = seed_searcher.commitment("KR0042")
    assert len(france.catalogue) == 50
    assert len(korea.catalogue) == 48
    assert "FR0039" in {entry.commitment_id for entry in france.catalogue}
    assert "KR0042" in {entry.commitment_id for entry in korea.catalogue}


def test_innovation_hub_marks_the_french_sentence_on_innovation(seed_searcher: Searcher) -> None:
    hits = seed_searcher.search(SearchRequest(query="innovation hub", mode="semantic")).hits
    [passage] = [hit.passage for hit in hits if hit.document.commitment_id == "FR0039"]
    [sentence] = [passage.text[one.start : one.end] for one in passage.highlights if one.kind == "semantic"]
    assert "incuba" in sentence or "innovación" in sentence


@pytest.mark.parametrize(
    ("lang", "text", "expected"),
    [
        (
            "fr",
            "Le ministère publie ses budgets en ligne. Les villages replantent les forêts brûlées. "
            "Les écoles reçoivent des ordinateurs neufs. Une agence protège les lanceurs d'alerte.",
            "Les villages replantent les forêts brûlées.",
        ),
        (
            "es",
            "El ministerio publica sus presupuestos en línea. Una agencia protege a los denunciantes. "
            "Las escuelas reciben ordenadores nuevos. Los pueblos replantan los bosques quemados.",
            "Los pueblos replantan los bosques quemados.",
        ),
        (
            "zh",
            "村庄重新种植去年夏天烧毁的森林。政府在网上公布预算。学校得到了新的电脑。一个机构保护举报人。",
            "村庄重新种植去年夏天烧毁的森林。",
        ),
    ],
)
def test_an_english_query_marks_the_sentence_that_says_it_in_another_language(
    encoder: Encoder, tmp_path: Path, lang: str, text: str, expected: str
) -> None:
    read = ReadResult(documents=(document("XX0001", text, lang=lang, title=""),), rejected=(), sources=())
    index_documents(read, index=tmp_path, encoder=encoder)
    [hit] = Searcher.open(tmp_path, encoder=encoder).search(SearchRequest(query="replanting burned forests")).hits
    [sentence] = [one for one in hit.passage.highlights if one.kind == "semantic"]
    assert hit.passage.text[sentence.start : sentence.end] == expected
