from __future__ import annotations

import pytest

from indexer.shared.records import Facts
from searchapp.facts import date_label, facts_of
from searchapp.labels import country_label, facet_label, language_label, place_label, text_direction
from tests.searchapp.web.fakes import CORPUS


def test_countries_and_languages_have_english_names() -> None:
    assert country_label("GB") == "United Kingdom"
    assert language_label("zh") == "Chinese"


def test_an_unknown_code_is_its_own_name() -> None:
    assert country_label("QQ") == "QQ"
    assert language_label("qq") == "qq"
    assert facet_label("policy_area", "no-such-area") == "no-such-area"


def test_a_subnational_member_stands_before_its_country() -> None:
    assert place_label(Facts(country="KR", locality="Seoul")) == "Seoul, South Korea"
    assert place_label(Facts(country="KR")) == "South Korea"
    assert place_label(Facts()) == ""


@pytest.mark.parametrize(
    ("lang", "direction"),
    [("fr", "ltr"), ("ar", "rtl"), ("he", "rtl"), ("fa", "rtl"), ("zh", "ltr"), ("qq", "auto"), ("", "auto")],
)
def test_languages_have_a_direction(lang: str, direction: str) -> None:
    assert text_direction(lang) == direction


@pytest.mark.parametrize(
    ("iso", "label"),
    [
        ("2018", "2018"),
        ("2016-05", "May 2016"),
        ("2018-09-01", "1 September 2018"),
        ("2018-13", "2018-13"),
        ("soon", "soon"),
        (None, None),
    ],
)
def test_dates_are_told_as_precisely_as_the_source_does(iso: str | None, label: str | None) -> None:
    assert date_label(iso) == label


def test_facts_are_labelled_lines_without_the_empty_ones() -> None:
    lines = {line.label: line.values for line in facts_of(CORPUS[0].facts)}
    assert lines == {
        "Country": ("United Kingdom",),
        "Action plan": ("Royaume-Uni - Troisième plan d'action national 2016-18",),
        "Action plan cycle": ("2016",),
        "Lead institution": ("Cabinet Office (Service numérique gouvernemental)",),
        "Supporting institutions": ("Département du développement international", "Réseau Omidyar"),
        "Policy areas": ("Anti-Corruption Institutions", "Public Participation"),
        "Starts": ("May 2016",),
        "Ends": ("31 May 2017",),
        "Verifiable": ("Yes",),
        "Relevant to OGP values": ("Yes",),
        "Ambition": ("High",),
        "Completion at mid-term": ("Limited",),
        "Did it open government?": ("Did not change",),
    }


def test_codes_of_facts_are_told_in_english() -> None:
    (line,) = facts_of(Facts(early_results="no-irm-data"))
    assert line.values == ("No IRM data",)


def test_a_document_without_facts_has_no_lines() -> None:
    assert facts_of(Facts()) == []
