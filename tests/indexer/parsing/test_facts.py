from __future__ import annotations

import pytest

from indexer.parsing.facts import (
    carried_forward_code,
    code_of,
    institutions,
    is_nothing,
    policy_areas,
    report_names,
    years,
)
from indexer.shared.tables import read_table

VALUES = read_table("indexer", "values.toml")


@pytest.mark.parametrize("field", sorted(VALUES["fields"]))
def test_every_value_of_the_table_has_its_code(field: str) -> None:
    seen: set[str] = set()
    for scale in VALUES["fields"][field]:
        for code, texts in VALUES["scales"][scale].items():
            for text in (code, *texts):
                if text.casefold() not in seen:
                    assert code_of(field, text) == code, text
                    assert code_of(field, f" {text.upper()} : ") == code, text
                    assert code_of(field, f"{text} {text}") == code, text
            seen |= {text.casefold() for text in texts}


def test_within_a_scale_no_text_has_two_codes() -> None:
    for name, scale in VALUES["scales"].items():
        texts = [text.casefold() for texts in scale.values() for text in dict.fromkeys(map(str.casefold, texts))]
        assert len(texts) == len(set(texts)), name


@pytest.mark.parametrize(
    "value",
    [
        "examen IRM en attente",
        "en attente de révision IRM",
        "en attente de l'examen du MII",
        "en attente d'examen par le MII",
        "Revisión pendiente de IRM",
        "Pending IRM Review",
        "Pendente de revisão do IRM",
    ],
)
def test_reviews_to_come_are_pending(value: str) -> None:
    assert code_of("completion", value) == "pending-review"


@pytest.mark.parametrize(
    "value", ["pas de données IRM", "Aucune donnée du MII", "Sin datos de IRM", "Sem dados do IRM"]
)
def test_missing_reviews_have_a_code(value: str) -> None:
    assert code_of("early_results", value) == "no-irm-data"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("completion", "Oui"),
        ("verifiable", "Major"),
        ("relevant", "accès à l'information, autre chose"),
        ("completion", "The review of the IRM was still pending when this text was written last year"),
        ("year", "2018"),
        ("completion", ""),
    ],
)
def test_other_values_have_no_code(field: str, value: str) -> None:
    assert code_of(field, value) is None


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Yes", "yes"),
        ("Cet engagement n'a pas été repris dans un nouveau plan d'action.", "no"),
        ("Cet engagement a été repris dans le plan 2018-2020. Il n'a pas changé.", "yes"),
        ("The commitment was not directly carried over to the next plan.", "no"),
        ("This commitment has been carried forward.", "yes"),
        ("El compromiso no se retomó en el cuarto plan.", "no"),
        ("El compromiso se retomó en el cuarto plan.", "yes"),
        ("O compromisso não foi levado adiante.", "no"),
        ("It is not clear whether this commitment will be carried forward.", None),
        ("At the time of writing there was no new plan.", None),
    ],
)
def test_whether_a_commitment_was_carried_forward(text: str, code: str | None) -> None:
    assert carried_forward_code(text) == code


def test_institutions_are_cut_at_semicolons_and_lines_but_not_in_parentheses() -> None:
    values = ["Ministry A (unit 1; unit 2), Agency B ; Agency C", "Council D;", "N/A", "Ministry A (unit (1); x); E"]
    assert institutions(values) == (
        "Ministry A (unit 1; unit 2), Agency B",
        "Agency C",
        "Council D",
        "Ministry A (unit (1); x)",
        "E",
    )
    assert institutions(["Unit (1; never closed; Unit 2"]) == ("Unit (1", "never closed", "Unit 2")


@pytest.mark.parametrize("value", ["NA", "N/A", "n.a.", "None specified", "Aucune", "Ninguno", "Não se aplica", "S/O"])
def test_nothing_has_many_names(value: str) -> None:
    assert is_nothing(value)
    assert institutions([value]) == ()


def test_something_is_not_nothing() -> None:
    assert not is_nothing("NASA")


def test_policy_areas_are_codes_in_the_order_of_the_page() -> None:
    codes, unknown = policy_areas(["Santé, Aide; Justice", "Quantum Gardening, Santé", "Water, Sanitation and Hygiene"])
    assert codes == ("health", "aid", "justice", "water-and-sanitation")
    assert unknown == ["Quantum Gardening"]


def test_each_report_has_a_year_in_its_name() -> None:
    assert report_names(["Spain Report 2017-2019, Spain Review 2020-2024", "Seoul, Korea Report 2017"]) == (
        "Spain Report 2017-2019",
        "Spain Review 2020-2024",
        "Seoul, Korea Report 2017",
    )
    assert report_names(["Final report, in Spanish"]) == ("Final report, in Spanish",)


@pytest.mark.parametrize("value", ["Pending IRM Review", "examen IRM en attente", "NA", "No IRM data"])
def test_a_pending_report_is_no_report(value: str) -> None:
    assert report_names([value]) == ()


def test_years_are_whole_numbers_of_four_digits() -> None:
    assert years("2016-18, 12018, 1999 y 2020") == [2016, 1999, 2020]
