from __future__ import annotations

import random
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import pytest

from indexer.parsing import parse_page
from indexer.parsing.labels import find_label
from indexer.shared.errors import InputError
from indexer.shared.records import CatalogueEntry, Document, Facts, Milestone, Unmapped

PAGES = Path(__file__).parent / "pages"
SEEDS = Path(__file__).parents[3] / "seeds"
ALL_PAGES = sorted([*SEEDS.glob("*.txt"), *PAGES.glob("*.txt")])

SMALL = """Une page (FR0001)

Plan d'action: Plan d'action pour la France 2015-2017

Description

Le texte.
"""


def page_of(path: Path) -> Document:
    return parse_page(path.read_text(encoding="utf-8"), source=path.name)


def small(text: str) -> Document:
    return parse_page(text, source="small.txt")


def body(page: Document, kind: str) -> str:
    return "|".join(page.text[one.start : one.end] for one in page.sections if one.kind == kind)


# --- whole pages in the other two languages ---


def test_a_page_with_english_labels() -> None:
    page = page_of(PAGES / "en.txt")
    assert (page.document_id, page.title) == ("IE0099.en", "Open register of lobbying meetings")
    assert page.facts == Facts(
        country="IE",
        region="europe",
        action_plan="Ireland Action Plan 2021-2023",
        year=2021,
        status="inactive",
        lead_institutions=(
            "Standards in Public Office Commission (SIPO; secretariat)",
            "Department of Public Expenditure and Reform",
        ),
        supporting_institutions=(
            "Transparency International Ireland",
            "Office of the Government Chief Information Officer",
        ),
        policy_areas=("anti-corruption-and-integrity", "lobbying", "land-and-spatial-planning", "open-data"),
        verifiable="yes",
        relevant="yes",
        ambition="transformative",
        completion_midterm="substantial",
        completion_end="complete",
        early_results="outstanding",
        access_to_information="major",
        civic_participation="did-not-change",
        public_accountability="outstanding",
        starred="yes",
        start_date="2021-09-01",
        end_date="2023-08-31",
        carried_forward="yes",
        irm_reports=(
            "Ireland Results Report 2021-2023",
            "Ireland Action Plan Review 2021-2023 - For Public Comment",
            "Dublin, Ireland Report 2024",
        ),
    )


def test_sections_milestones_and_catalogue_of_an_english_page() -> None:
    page = page_of(PAGES / "en.txt")
    assert [section.kind for section in page.sections] == [
        "at_glance",
        "description",
        "milestones",
        "description",
        "midterm_review",
        "endterm_review",
        "notes",
    ]
    assert page.milestones == (
        Milestone(number="1", text="Agree on the format"),
        Milestone(number="2", text="Publish the register of 2020 as a test"),
    )
    assert page.catalogue == (
        CatalogueEntry(
            commitment_id="IE0099", title="Open register of lobbying meetings", year=2021, policy_area="lobbying"
        ),
        CatalogueEntry(commitment_id="IE0100", title="24-hour services", year=2021, policy_area="Quantum Gardening"),
        CatalogueEntry(commitment_id="IE0101", title="Reading rooms", year=2021, policy_area=""),
    )
    assert "leave no trace that the public can follow. A register exists on paper in forty two offices." in page.text
    assert "Questions go to […] or Tel.: […]." in page.text


def test_a_page_with_portuguese_labels() -> None:
    page = page_of(PAGES / "pt.txt")
    assert (page.document_id, page.title) == ("BR0777.pt", "Laboratório de inovação em governo aberto")
    assert page.facts == Facts(
        country="BR",
        region="americas",
        action_plan="Plano de Ação do Brasil 2018-2020",
        year=2018,
        status="inactive",
        lead_institutions=("Controladoria-Geral da União",),
        supporting_institutions=("Escola Nacional de Administração Pública", "Open Knowledge Brasil"),
        policy_areas=(
            "public-participation",
            "capacity-building",
            "e-government",
            "local-commitments",
            "science-and-technology",
        ),
        verifiable="yes",
        relevant="yes",
        ambition="high",
        completion_midterm="limited",
        completion_end="substantial",
        early_results="marginal",
        access_to_information="did-not-change",
        civic_participation="marginal",
        start_date="2018-10-01",
        end_date="2020-07-31",
        carried_forward="no",
        irm_reports=("Relatório de Resultados do Brasil 2018-2020",),
    )
    assert [milestone.text for milestone in page.milestones] == [
        "Criar o laboratório",
        "Realizar três oficinas com municípios",
    ]
    assert page.unmapped == ()
    assert page.catalogue == ()
    assert "link" not in page.text


def test_values_that_no_table_knows_are_kept() -> None:
    page = page_of(PAGES / "en.txt")
    assert page.unmapped == (
        Unmapped(field="policy_areas", value="Quantum Gardening"),
        Unmapped(field="catalogue_policy_area", value="Quantum Gardening"),
    )
    odd = small(SMALL.replace("Description", "Vérifiable : plutôt\n\nLieu de travail : Lyon\n\nDescription"))
    assert odd.facts.verifiable is None
    assert odd.unmapped == (
        Unmapped(field="verifiable", value="plutôt"),
        Unmapped(field="Lieu de travail", value="Lyon"),
    )


# --- what varies between pages ---


def test_the_id_decides_the_country_not_the_line_over_the_title() -> None:
    page = small("Usine de Corée du Sud\n\n" + SMALL)
    assert page.facts.country == "FR"
    assert "Usine" not in page.text


def test_a_local_member_without_a_known_prefix_gets_its_place_from_the_page() -> None:
    page = small("Ignorer la navigation\nNantes, France\n\n" + SMALL.replace("FR0001", "NAN0001"))
    assert (page.facts.country, page.facts.locality) == ("FR", "Nantes")
    nowhere = small(SMALL.replace("FR0001", "XQZ0001"))
    assert nowhere.facts.country is None
    assert Unmapped(field="country", value="XQZ0001") in nowhere.unmapped


def test_missing_values_stay_missing() -> None:
    page = small(
        "Une page (FR0001)\n\nStatut:\n\nInstitution principale :\n\nInstitution(s) de soutien : NA\n\n"
        "Domaines politiques\n\nRevue IRM\n\nRapport IRM:\n\nVérifiable :\n\nAchèvement:\n\nDescription\n\nTexte.\n"
    )
    assert page.facts == Facts(country="FR", region="europe")
    assert page.unmapped == ()
    assert body(page, "description") == "Texte."


def test_values_in_the_next_line_are_found() -> None:
    page = small(
        "Une page (FR0001)\n\nPlan d'action:\nPlan 2018-2020\n\nStatut\n\nactif\n\nInstitution principale :\n\n"
        "Ministère A ; Ministère B\n\nDomaines politiques :\nAide, Santé\nJustice\n\nVérifiable :\nOui\n\n"
        "Achèvement:\n\nLimité\n\nDescription\n\nTexte.\n"
    )
    assert page.facts == Facts(
        country="FR",
        region="europe",
        action_plan="Plan 2018-2020",
        year=2018,
        status="active",
        lead_institutions=("Ministère A", "Ministère B"),
        policy_areas=("aid", "health", "justice"),
        verifiable="yes",
        completion_end="limited",
    )


@pytest.mark.parametrize("path", ALL_PAGES, ids=lambda path: path.stem)
@pytest.mark.parametrize(
    "mangle",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("\n", "\r"),
        lambda text: "\ufeff" + text,
        lambda text: text.replace(" ", "\u00a0"),
        lambda text: text.replace(": ", "\u202f:\t"),
        lambda text: text.replace("\n", "\u200b\n\u200e"),
        lambda text: text.replace("\n", "  \x00\n\x07 "),
        lambda text: text.replace("'", "\u2019"),
        lambda text: text.replace("é", "e\u0301"),
    ],
    ids=["crlf", "cr", "bom", "nbsp", "tab", "zero-width", "control", "apostrophe", "decomposed"],
)
def test_spelling_of_characters_and_line_ends_changes_no_code(path: Path, mangle: Callable[[str], str]) -> None:
    clean = page_of(path)
    mangled = parse_page(mangle(path.read_text(encoding="utf-8")), source=path.name)
    names = ("country", "locality", "year", "status", "policy_areas", "verifiable", "relevant", "ambition", "starred")
    names += ("completion_midterm", "completion_end", "early_results", "access_to_information", "carried_forward")
    names += ("start_date", "end_date")
    for name in names:
        assert getattr(mangled.facts, name) == getattr(clean.facts, name), name
    assert mangled.document_id == clean.document_id
    assert [one.kind for one in mangled.sections] == [one.kind for one in clean.sections]
    assert len(mangled.milestones) == len(clean.milestones)
    assert [one.commitment_id for one in mangled.catalogue] == [one.commitment_id for one in clean.catalogue]
    assert not set("\r\t\x00\x07\u00a0\u200b\u200e\ufeff") & set(mangled.text)


@pytest.mark.parametrize(
    ("line", "field", "value"),
    [
        ("Ambición (consulta: definición): Bajo", "ambition", "low"),
        ("Potential Impact: Minor", "ambition", "minor"),
        ("Verifiable\uff1aYes", "verifiable", "yes"),
        ("VÉRIFIABLE  : OUI", "verifiable", "yes"),
        ("Relevant to OGP Values: Access to Information , Civic Participation", "relevant", "yes"),
        ("En rapport avec les valeurs de l'OGP : participation civique", "relevant", "yes"),
        ("Premiers résultats: majeur Majeur", "early_results", "major"),
        ("Resultados iniciales: marginales", "early_results", "marginal"),
        ("Premiers résultats : en attente de l'examen du MII", "early_results", "pending-review"),
        ("Premiers résultats : examen du MII en attente", "early_results", "pending-review"),
        ("Early Results: No IRM Data", "early_results", "no-irm-data"),
        ("Achèvement : en attente d'examen par le MII", "completion_end", "pending-review"),
        ("Finalización: Completo", "completion_end", "complete"),
        ("Étoilé: non", "starred", "no"),
        ("Action Plan Cycle: 2021", "year", 2021),
        ("Status: Withdrawn", "status", "withdrawn"),
    ],
)
def test_a_labelled_value_of_the_box(line: str, field: str, value: object) -> None:
    page = small(f"A page (FR0001)\n\n{line}\n\nDescription\n\nText.\n")
    assert getattr(page.facts, field) == value
    assert page.unmapped == ()


def test_spanish_variants_of_the_boxs_labels() -> None:
    page = small(
        "Saltar navegación\nEspaña\n\nObservatorio (ES0029)\n\nGeneral\n\nDe un vistazo\n\n"
        "Ciclo del Plan de Acción: 2017\n\nEstatus\n\nInstituciones\n\n"
        "Institución líder: Ministerio de la Presidencia\n\nInstitución(es) de apoyo: Comunidades Autónomas; FEMP\n\n"
        "Descripción del producto\n\nTexto.\n"
    )
    assert page.lang == "es"
    assert page.facts == Facts(
        country="ES",
        region="europe",
        year=2017,
        lead_institutions=("Ministerio de la Presidencia",),
        supporting_institutions=("Comunidades Autónomas", "FEMP"),
    )
    assert [(one.kind, one.heading) for one in page.sections] == [
        ("at_glance", "De un vistazo"),
        ("description", "Descripción del producto"),
    ]


def test_a_description_without_a_heading_begins_after_the_box() -> None:
    box = "A page (KE0023)\n\nAction Plan: Kenya Action Plan 2018-2020\n\nImplementation i\n\nCompletion:{value}\n\n"
    for value in (" Pending IRM Review", "\nLimited", ""):
        page = small(box.format(value=value) + "We will build support.\n\nIt starts now.\n\nCommitments\n")
        assert body(page, "description") == "We will build support.\n\nIt starts now."
    again = small(box.format(value=" Limited") + "Ambition: to do better.\n\nAction Plan: a third one.\n")
    assert body(again, "description") == "Ambition: to do better.\n\nAction Plan: a third one."
    assert again.facts.action_plan == "Kenya Action Plan 2018-2020"
    without = small("A page (KE0023)\n\nAction Plan: P\n\nImplementation i\nA well-informed citizen reads on.\n")
    assert body(without, "description") == "A well-informed citizen reads on."


def test_headings_glued_to_the_box_are_found() -> None:
    page = small(
        "A page (CA0073)\nAction Plan: P\nPolicy Areas\nPublic ParticipationIRM Review\nEarly Results: No IRM Data\n"
    )
    assert page.facts.policy_areas == ("public-participation",)
    page = small("A page (CA0073)\nAction Plan: P\nPolicy Areas\nGender, Open DataDescription\nThe text.\n")
    assert page.facts.policy_areas == ("gender", "open-data")
    assert body(page, "description") == "The text."


@pytest.mark.parametrize(
    "title", ["A title\n(FR0001)", "(FR0001)", "A title \uff08fr0001\uff09", "Starred commitment A title ( FR0001 )"]
)
def test_titles_are_found_in_every_shape(title: str) -> None:
    page = small(f"France\n\n{title}\n\nAction Plan: P\n\nDescription\n\nText.\n")
    assert page.commitment_id == "FR0001"
    assert page.title == ("A title" if "A title" in title else "France")


def test_a_title_broken_over_two_lines_is_joined() -> None:
    page = small("France\n\nImproving the way in which the\ngovernment listens (FR0001)\n\nAction Plan: P\n\nText.\n")
    assert page.title == "Improving the way in which the government listens"


@pytest.mark.parametrize(
    ("heading", "kind"),
    [
        ("Resumen del estado de mitad de período del IRM", "midterm_review"),
        ("Résumé de l'état à mi-parcours du MII", "midterm_review"),
        ("Resumen de estado de fin de período de IRM", "endterm_review"),
        ("Résumé de l'état de fin de mandat de l'IRM", "endterm_review"),
        ("Resumo do estado final do IRM", "endterm_review"),
    ],
)
def test_review_headings_are_known_by_their_words(heading: str, kind: str) -> None:
    page = small(SMALL + f"\n{heading}\n\nDer Bericht.\n")
    assert body(page, kind) == "Der Bericht."


def test_a_sentence_with_the_words_of_a_heading_is_text() -> None:
    sentence = "Voir le résumé de l'IRM à la fin."
    assert body(small(SMALL + f"\n{sentence}\n"), "description") == f"Le texte.\n\n{sentence}"


def test_a_heading_that_comes_again_is_text() -> None:
    page = small(SMALL + "\nRésumé du statut de fin de session IRM\n\nUn.\n\nDescription\n\nDeux.\n")
    assert body(page, "endterm_review") == "Un.\n\nDescription\n\nDeux."


def test_reviewed_completion_wins_over_pending() -> None:
    page = small(
        SMALL.replace("Description", "Achèvement: examen IRM en attente\n\nDescription")
        + "\nRésumé du statut de fin de session IRM\n\nLimité:\n\nPeu a été fait.\n"
    )
    assert page.facts.completion_end == "limited"


def test_the_word_commitments_inside_the_text_does_not_end_it() -> None:
    page = small(SMALL + "\nEngagements\n\nNous ferons mieux.\n\nEngagements\n\n 1. Autre\n\nFR0002, 2015, Aide\n")
    assert body(page, "description") == "Le texte.\n\nEngagements\n\nNous ferons mieux."
    assert [entry.title for entry in page.catalogue] == ["Autre"]


# --- what is no commitment page ---


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no text"),
        (" \n\u200b\n\ufeff", "no text"),
        ("Just some prose.\n\nDescription\n\nMore of it.", "title with an ID"),
        ("Plan d'action: P\n\nUn titre (FR0001)\n", "title with an ID"),
        ("A title (FR0001)\n\nNothing else that a page has.", "one label"),
    ],
)
def test_what_is_no_commitment_page_is_rejected_with_its_reason(text: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason) as caught:
        parse_page(text, source="folder/page.txt")
    assert caught.value.path == "folder/page.txt"
    assert str(caught.value).startswith("folder/page.txt: ")
    assert "\n" not in str(caught.value)


# --- promises for any page ---


def shuffled(seed: int) -> str:
    """A page made of lines of all pages in random order and number, under a title."""
    chance = random.Random(seed)
    lines = [line for path in ALL_PAGES for line in path.read_text(encoding="utf-8").split("\n")]
    chosen = chance.choices(lines, k=chance.randrange(5, 120))
    return "\n".join(["Un titre (FR0001)", "", "Description", *chosen])


def check_promises(page: Document) -> None:
    end = 0
    for section in page.sections:
        assert end <= section.start < section.end <= len(page.text)
        part = page.text[section.start : section.end]
        assert part == part.strip()
        assert section.heading
        end = section.end
    assert "\n\n\n" not in page.text
    assert page.text == page.text.strip()
    assert page.document_id == f"{page.commitment_id}.{page.lang}"


@pytest.mark.parametrize("path", ALL_PAGES, ids=lambda path: path.stem)
def test_sections_of_a_real_page_keep_the_promises(path: Path) -> None:
    page = page_of(path)
    check_promises(page)
    for section in page.sections:
        for line in page.text[section.start : section.end].split("\n"):
            label = find_label("section", line)
            assert label is None, f"{line!r} in {section.kind}"


@pytest.mark.parametrize("path", ALL_PAGES, ids=lambda path: path.stem)
def test_parsing_twice_gives_the_same(path: Path) -> None:
    assert page_of(path) == page_of(path)


@pytest.mark.parametrize("seed", range(150))
def test_lines_in_any_order_keep_the_promises(seed: int) -> None:
    text = shuffled(seed)
    page = small(text)
    check_promises(page)
    assert page == small(text)


@pytest.mark.parametrize("seed", range(40))
def test_no_word_of_a_page_is_lost(seed: int) -> None:
    chance = random.Random(seed)
    sentences = [f"Phrase numéro {number} du texte{chance.choice(['.', '', ',', ' de'])}" for number in range(60)]
    lines = [chance.choice([sentence, f"- {sentence}", sentence.lower(), f"\n{sentence}"]) for sentence in sentences]
    page = small(SMALL + "\n" + "\n".join(lines))
    assert [word for word in page.text.split() if word.isdigit()] == [str(number) for number in range(60)]


def calls_made(text: str) -> int:
    """How many calls of functions parsing a page takes: a measure of its work that no clock disturbs."""
    count = 0

    def counting(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    sys.setprofile(counting)
    try:
        small(text)
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize(
    "line",
    [
        "abc\n",
        "un texte assez long qui se poursuit\n",
        "1. x\n\n",
        "Description\n",
        "Jalons\n",
        "Engagements\n",
        "[] x\n\n",
        "Le texte de\n",
        "Date de fin:\n",
        "FR0002, 2015, Aide\n",
        "Statut: actif\n",
        "x (",
        "a: ",
    ],
)
def test_twice_the_text_is_twice_the_work(line: str) -> None:
    calls_made(SMALL)  # tables are read once
    start = SMALL + "\nRésumé du statut de fin de session IRM\n\nUn.\n\n"
    assert calls_made(start + line * 2000) < 2.2 * calls_made(start + line * 1000)


def test_a_page_of_a_megabyte_is_read_whole() -> None:
    filling = page_of(PAGES / "en.txt").text.replace("Commitments", "")
    page = small(SMALL + filling * (1_000_000 // len(filling)))
    assert len(page.text) > 900_000
