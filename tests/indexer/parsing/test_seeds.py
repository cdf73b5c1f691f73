"""The five pages that Concord ships with, every fact spelled out."""

from __future__ import annotations

from pathlib import Path

import pytest

from indexer.parsing import parse_page
from indexer.shared.records import CatalogueEntry, Document, Facts, Milestone

PENDING = "pending-review"

TITLES = {
    "UK0066": "Centre d'innovation anticorruption",
    "DE0026": "Co-création de politiques en Rhénanie du Nord-Westphalie",
    "FR0039": "Incubadoras de servicio público",
    "KR0042": "Participation citoyenne à l'élaboration des politiques",
    "SEO0002": (
        "Renforcer la responsabilisation du gouvernement métropolitain de Séoul en partageant l'information publique"
        " avec ses citoyens de manière rapide et rapide."
    ),
}

FACTS = {
    "UK0066": Facts(
        country="GB",
        region="europe",
        action_plan="Royaume-Uni - Troisième plan d'action national 2016-18",
        year=2016,
        lead_institutions=("Cabinet Office (Service numérique gouvernemental)",),
        supporting_institutions=(
            "Département du développement international, Bureau des affaires étrangères et du Commonwealth",
            "Plusieurs pays ont exprimé leur intérêt à participer au Hub : la Suisse, l'Indonésie, l'Espagne, la"
            " Géorgie, les Émirats arabes unis, l'Australie, la Norvège et la France. Le réseau Omidyar fournira un"
            " soutien au Hub. En outre, Thomson Reuters, Vodafone et Transparency International ont également exprimé"
            " leur intérêt à travailler avec le Royaume-Uni pendant la phase d'incubation.",
        ),
        policy_areas=(
            "anti-corruption-and-integrity",
            "anti-corruption-institutions",
            "private-sector",
            "public-participation",
            "science-and-technology",
        ),
        verifiable="yes",
        relevant="yes",
        ambition="high",
        completion_midterm="limited",
        completion_end="limited",
        early_results="did-not-change",
        access_to_information="did-not-change",
        civic_participation="did-not-change",
        start_date="2016-05",
        end_date="2017-05",
        carried_forward="no",
        irm_reports=(
            "Royaume-Uni Rapport de fin de trimestre 2016-2018",
            "Royaume-Uni Rapport à mi-parcours 2016-2018",
        ),
    ),
    "DE0026": Facts(
        country="DE",
        region="europe",
        action_plan="Plan d'action pour l'Allemagne 2019-2021",
        year=2019,
        lead_institutions=(
            "Ministère des affaires économiques, de l'innovation, de la numérisation et de l'énergie de Rhénanie du"
            " Nord-Westphalie et groupe de travail sur le gouvernement ouvert",
        ),
        supporting_institutions=(
            "Bertelsmann Stiftung, Offene Kommunen.NRW Institut eV (OKNRW),"
            " Open Knowledge Foundation Deutschland eV (OKF)",
        ),
        policy_areas=("land-and-spatial-planning", "local-commitments", "public-participation"),
        verifiable="yes",
        relevant="yes",
        completion_end="limited",
        early_results="no-irm-data",
        irm_reports=(
            "Rapport sur les résultats transitoires de l'Allemagne 2019-2021",
            "Rapport sur le design en Allemagne 2019-2021",
        ),
    ),
    "FR0039": Facts(
        country="FR",
        region="europe",
        action_plan="Plan de acción de Francia 2018-2020",
        year=2018,
        status="active",
        lead_institutions=("Ministro de Estado para el Sector Digital, adscrito al Primer Ministro",),
        supporting_institutions=(
            "Ministerios: Pôle Emploi (la agencia pública de empleo de Francia) Ministerios de Asuntos Sociales -"
            " Ministerio para la Transición Ecológica y Solidaria - Ministerio del Interior. Actores públicos locales:"
            " ciudad de París - Departamento de Pas de Calais - Departamento de Calvados",
        ),
        policy_areas=("capacity-building", "public-service-delivery", "science-and-technology"),
        verifiable="yes",
        relevant=PENDING,
        completion_end=PENDING,
        early_results=PENDING,
        starred=PENDING,
        start_date="2018",
        end_date="2019",
        irm_reports=("Informe de diseño de Francia 2018-2020",),
    ),
    "KR0042": Facts(
        country="KR",
        region="asia",
        action_plan="Plan d'action pour la Corée du Sud 2018-2020",
        year=2018,
        status="active",
        lead_institutions=("Division de la planification de l'innovation, Ministère de l'intérieur et de la sécurité",),
        policy_areas=(
            "e-government",
            "open-regulations",
            "public-participation",
            "public-service-delivery",
            "science-and-technology",
        ),
        verifiable=PENDING,
        relevant=PENDING,
        ambition=PENDING,
        completion_end=PENDING,
        early_results=PENDING,
        starred=PENDING,
        start_date="2018-09-01",
        end_date="2020-08-31",
    ),
    "SEO0002": Facts(
        country="KR",
        region="asia",
        locality="Seoul",
        action_plan="Plan d'action de Séoul, Corée",
        year=2017,
        supporting_institutions=(
            "tous les départements du gouvernement métropolitain de Séoul",
            "OpenNet, INDILAB et CODE",
        ),
        policy_areas=(
            "fiscal-openness",
            "local-commitments",
            "public-participation",
            "publication-of-budget-fiscal-information",
        ),
        verifiable="no",
        relevant="yes",
        ambition="high",
        completion_end="substantial",
        early_results="major",
        access_to_information="major",
        civic_participation="marginal",
    ),
}

MILESTONES = {
    "UK0066": (
        Milestone(number="1", text="Mettre en place un pôle d'innovation"),
        Milestone(
            number="2",
            text=(
                "Présentez des exemples d'approches innovantes pour lutter contre la corruption au 2016 OGP Summit à"
                " Paris en décembre 2016"
            ),
        ),
        Milestone(number="3", text="Opérationnaliser le pôle d'innovation"),
    ),
    "DE0026": (
        Milestone(
            number="11.1",
            text=(
                "Création d'un espace gouvernemental foncier [un emplacement physique fourni par le Gouvernement de"
                " l'État de Rhénanie du Nord-Westphalie] pour l'échange et la coopération agile"
            ),
        ),
        Milestone(
            number="11.2", text="Élaboration d'un plan pour une initiative GovTech et test dans un projet pilote"
        ),
        Milestone(number="11.3", text="Tenir des pitchs de start-up dans les bureaux administratifs"),
    ),
    "FR0039": (
        Milestone(number="10.1", text="lanza incubadoras ministeriales de 3 a 5"),
        Milestone(number="10.2", text="Implemente incubadoras dentro de cada ministerio"),
    ),
    "KR0042": (
        Milestone(number="", text="Lancement du bureau du forum public sur l'innovation gouvernementale"),
        Milestone(number="", text="Forums publics sur le fonctionnement de l'innovation gouvernementale"),
    ),
    "SEO0002": (
        Milestone(
            number="1",
            text="Convenez des types de données à ouvrir avec les OSC et des moyens de communiquer avec elles.",
        ),
        Milestone(
            number="2",
            text=(
                "Convenez des types et des canaux de visualisation des données pour fournir aux citoyens les données"
                " visualisées et transparentes."
            ),
        ),
        Milestone(number="3", text="Visualiser les données et les ouvrir aux citoyens."),
    ),
}

SECTIONS = {
    "UK0066": ["at_glance", "description", "endterm_review", "milestones", "endterm_review"],
    "DE0026": [
        "at_glance",
        "description",
        "midterm_review",
        "milestones",
        "midterm_review",
        "notes",
        "endterm_review",
        "notes",
    ],
    "FR0039": ["at_glance", "description", "midterm_review", "milestones", "midterm_review", "notes"],
    "KR0042": ["at_glance", "description", "milestones", "description"],
    "SEO0002": ["at_glance", "description", "endterm_review", "milestones", "endterm_review"],
}

LANGUAGES = {"UK0066": "fr", "DE0026": "fr", "FR0039": "es", "KR0042": "fr", "SEO0002": "fr"}

each_seed = pytest.mark.parametrize("commitment_id", sorted(FACTS))


@pytest.fixture(scope="module")
def pages(seeds: Path) -> dict[str, Document]:
    parsed = [parse_page(path.read_text(encoding="utf-8"), source=str(path)) for path in sorted(seeds.glob("*.txt"))]
    return {page.commitment_id: page for page in parsed}


def bodies(page: Document, kind: str) -> list[str]:
    return [page.text[one.start : one.end] for one in page.sections if one.kind == kind]


def test_the_five_seeds_are_these_commitments(pages: dict[str, Document]) -> None:
    assert {page.commitment_id: page.document_id for page in pages.values()} == {
        key: f"{key}.{lang}" for key, lang in LANGUAGES.items()
    }


@each_seed
def test_every_fact_of_a_seed(pages: dict[str, Document], commitment_id: str) -> None:
    assert pages[commitment_id].facts == FACTS[commitment_id]


@each_seed
def test_title_language_and_source_of_a_seed(pages: dict[str, Document], commitment_id: str) -> None:
    page = pages[commitment_id]
    assert (page.title, page.lang) == (TITLES[commitment_id], LANGUAGES[commitment_id])
    assert page.source.endswith(".txt")
    assert "/" not in page.source


@each_seed
def test_milestones_of_a_seed_are_records_and_text(pages: dict[str, Document], commitment_id: str) -> None:
    page = pages[commitment_id]
    assert page.milestones == MILESTONES[commitment_id]
    [body] = bodies(page, "milestones")
    assert all(milestone.text in body for milestone in page.milestones)


@each_seed
def test_sections_of_a_seed_are_kept_apart(pages: dict[str, Document], commitment_id: str) -> None:
    assert [section.kind for section in pages[commitment_id].sections] == SECTIONS[commitment_id]


@each_seed
def test_nothing_of_a_seed_is_unmapped(pages: dict[str, Document], commitment_id: str) -> None:
    assert pages[commitment_id].unmapped == ()


@each_seed
def test_a_seeds_text_is_free_of_what_belongs_to_the_site(pages: dict[str, Document], commitment_id: str) -> None:
    text = pages[commitment_id].text
    for alien in ("Ignorer la navigation", "Saltar navegación", "suivre ce lien", "siga este enlace", "Usine de Corée"):
        assert alien not in text
    assert not text.endswith(("Open Government Partnership", "Engagements", "Compromisos"))


def test_the_catalogues_of_france_and_korea_are_entries(pages: dict[str, Document]) -> None:
    france, korea = pages["FR0039"].catalogue, pages["KR0042"].catalogue
    assert (len(france), len(korea)) == (50, 48)
    assert france[0] == CatalogueEntry(
        commitment_id="FR0030", title="Transparencia de los servicios públicos", year=2018, policy_area="e-government"
    )
    assert france[24] == CatalogueEntry(
        commitment_id="FR0004",
        title="Aumentar la transparencia en la contratación pública",
        year=2015,
        policy_area="access-to-information",
    )
    assert france[-1].commitment_id == "FR0029"
    assert korea[39] == CatalogueEntry(
        commitment_id="KR0008", title="Affiner le portail pour qu'il soit plus convivial", year=2012, policy_area=""
    )
    assert [entry.title for entry in korea if entry.commitment_id == "KR0042"] == [TITLES["KR0042"]]


@pytest.mark.parametrize("commitment_id", ["FR0039", "KR0042"])
def test_a_catalogue_is_nowhere_in_the_text(pages: dict[str, Document], commitment_id: str) -> None:
    page = pages[commitment_id]
    for entry in page.catalogue:
        assert entry.commitment_id not in page.text
        assert entry.title not in page.text


@pytest.mark.parametrize("commitment_id", ["UK0066", "DE0026", "SEO0002"])
def test_pages_without_a_list_have_no_catalogue(pages: dict[str, Document], commitment_id: str) -> None:
    assert pages[commitment_id].catalogue == ()


def test_contact_details_of_officials_are_gone(pages: dict[str, Document]) -> None:
    text = pages["KR0042"].text
    assert "lmj777" not in text
    assert "2100" not in text
    assert "Courriel et téléphone\n\n[…], […]\n\n" in text


def test_hard_wrapped_sentences_are_joined(pages: dict[str, Document]) -> None:
    [description] = bodies(pages["DE0026"], "description")
    paragraphs = description.split("\n\n")
    assert paragraphs[:2] == [
        "Quel est le problème public que le engagement va adresser?",
        "C'est important pour les administrations publiques être ouvert à l'innovation. Incorporation et en utilisant"
        " les connaissances et les compétences partagées par les membres du public, les entreprises et les experts"
        " peuvent créer de nouveaux produits, services et modèles économiques pour le secteur public. La collaboration"
        " avec des entreprises innovantes peut également jouer un rôle rôle important.",
    ]
    assert "Quel est l'engagement?" in paragraphs
    assert "Comment l'engagement contribuera-t-il à résoudre le problème public?" in paragraphs
    assert "ciblée du Nord L'administration de la Rhénanie-Westphalie à processus" in description
    assert "au sein du Gouvernement de terre. Ici, administration personnel" in description
    assert "celles d’Ecosse et Pologne, et élaborer un plan" in description
    assert "North RhineWestphalia - qui sera testée sur route dans un projet pilote." in description
    assert all(paragraph.endswith((".", "?")) for paragraph in paragraphs)


def test_short_lines_of_a_page_that_is_not_wrapped_stay_apart(pages: dict[str, Document]) -> None:
    [spanish] = bodies(pages["FR0039"], "description")
    for heading in ("Nuevo compromiso", "Desafíos", "Ambiciones", "EL MINISTERIO DE CULTURA SE COMPROMETE A"):
        assert f"\n\n{heading}\n\n" in spanish
    french = bodies(pages["KR0042"], "description")[0]
    for heading in ("Agence d'exécution principale / Acteur", "Quel est l'engagement?"):
        assert f"\n\n{heading}\n\n" in french


def test_subheadings_stay_in_the_text(pages: dict[str, Document]) -> None:
    assert "\n\nJalons:\n\n1. Mettre en place" in pages["UK0066"].text
    assert "\n\nPróximos pasos\n\nA pesar de" in pages["FR0039"].text
    assert "\n\nMilestones\n\n11.1. Création" in pages["DE0026"].text


def test_list_items_stand_on_lines_of_their_own(pages: dict[str, Document]) -> None:
    text = pages["SEO0002"].text
    assert "et des moyens de communiquer avec elles.\n- Consultez les OSC" in text
    assert "communiquer avec eux afin de les améliorer.\n• Convenez des types et des canaux" in text


def test_trailing_references_are_notes_and_footnotes_in_sentences_are_not(pages: dict[str, Document]) -> None:
    midterm, endterm = bodies(pages["DE0026"], "notes")
    assert midterm.startswith("See la Verschwoer Haus")
    assert midterm.endswith("https://statescoop.com/innovation-labs-government-cities-successful/).")
    assert endterm.startswith("Mise à jour Allemagne, 2021")
    assert endterm.endswith("1er juin 2022.")
    [spanish] = bodies(pages["FR0039"], "notes")
    assert spanish.count("[]") == 3
    assert "[Note 32: «Plan anti-corruption»" in bodies(pages["UK0066"], "endterm_review")[1]


def test_the_box_of_facts_is_a_section_that_can_be_shown(pages: dict[str, Document]) -> None:
    box = pages["SEO0002"].sections[0]
    assert box.heading == "D'un coup d'œil"
    body = pages["SEO0002"].text[box.start : box.end]
    assert "Institution principale : NA\nInstitution(s) de soutien : tous les départements" in body
    assert "\n\nDomaines politiques\n\nOuverture fiscale, Engagements locaux" in body
