from __future__ import annotations

import csv
import re

import pytest

from indexer.shared.tables import read_table
from indexer.shared.taxonomy import (
    LABEL_LANGUAGES,
    irm_column_areas,
    policy_area_code,
    policy_area_codes,
    policy_area_label,
    section_kinds,
    section_label,
)
from tests.conftest import SHARED_DATA

AREAS = read_table("indexer.shared", "policy_areas.toml")["areas"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Capacity Building", "capacity-building"),
        ("Creación de capacidades", "capacity-building"),
        ("desarrollo de capacidades", "capacity-building"),
        ("Capacité? bâtiment", "capacity-building"),
        ("Public Participation", "public-participation"),
        ("Participation du public", "public-participation"),
        ("Participación pública", "public-participation"),
        ("Participação pública", "public-participation"),
        ("Servicio público de entrega", "public-service-delivery"),
        ("Prestation de services publics", "public-service-delivery"),
        ("Technologie scientifique", "science-and-technology"),
        ("Tecnología científica", "science-and-technology"),
        ("E-government", "e-government"),
        ("gouvernement ÉLECTRONIQUE", "e-government"),
        ("Lutte contre la corruption et intégrité", "anti-corruption-and-integrity"),
        ("anticorrupción", "anti-corruption-and-integrity"),
        ("Institutions anti-corruption", "anti-corruption-institutions"),
        ("Publication des informations budgétaires / fiscales", "publication-of-budget-fiscal-information"),
        ("Engagements locaux", "local-commitments"),
        ("Sub-national", "local-commitments"),
        ("Règlements ouverts", "open-regulations"),
        ("open-data", "open-data"),
        ("Quantum Gardening", None),
        ("", None),
    ],
)
def test_a_text_in_any_of_the_languages_names_its_area(text: str, code: str | None) -> None:
    assert policy_area_code(text) == code


@pytest.mark.parametrize("code", policy_area_codes())
def test_every_name_of_an_area_leads_back_to_it(code: str) -> None:
    area = AREAS[code]
    for text in (code, *(area[lang] for lang in LABEL_LANGUAGES), *area.get("also", ()), *area.get("irm", ())):
        assert policy_area_code(text) == code, text
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", code)


def test_areas_have_labels_in_the_four_languages_and_english_for_others() -> None:
    assert policy_area_label("open-data") == "Open Data"
    assert [policy_area_label("open-data", lang) for lang in LABEL_LANGUAGES] == [
        "Open Data",
        "Données ouvertes",
        "Datos abiertos",
        "Dados abertos",
    ]
    assert policy_area_label("open-data", "zh") == "Open Data"
    assert policy_area_label("Quantum Gardening") == "Quantum Gardening"


def test_sections_have_labels_too() -> None:
    assert section_kinds()[:2] == ("at_glance", "description")
    assert {"milestones", "midterm_review", "endterm_review", "notes"} <= set(section_kinds())
    assert section_label("endterm_review") == "IRM end-of-term review"
    assert section_label("notes", "es") == "Notas"
    assert section_label("unheard_of") == "unheard_of"
    assert all(set(names) == set(LABEL_LANGUAGES) for names in read_table("indexer.shared", "sections.toml").values())


def test_every_tick_column_has_an_area() -> None:
    areas = irm_column_areas()
    assert len(areas) == 43
    assert areas["Anti-corruption"] == "anti-corruption-and-integrity"
    assert areas["Marginalized Communities"] == "marginalized-communities"
    assert set(areas.values()) <= set(policy_area_codes())


def test_the_tick_columns_are_those_of_the_database() -> None:
    path = SHARED_DATA / "ogp" / "irm_dev.csv"
    if not path.exists():
        pytest.skip("needs ../shared/data/ogp/irm_dev.csv")
    with path.open(encoding="utf-8-sig", newline="") as file:
        columns = next(csv.reader(file))[12:55]
    assert set(columns) == set(irm_column_areas())
