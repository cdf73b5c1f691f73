from __future__ import annotations

import pytest

from indexer.parsing.labels import (
    count_languages,
    find_label,
    label_key,
    split_glued_label,
    split_label,
    starts_with_label,
)
from indexer.shared.tables import read_table
from indexer.shared.taxonomy import LABEL_LANGUAGES

TABLE = read_table("indexer", "labels.toml")
GROUPS = sorted(group for group in TABLE if not group.endswith("_words"))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Vue d’ensemble", "Vue d'ensemble"),
        ("D'un coup d'œil", "D\u2019UN COUP D'OEIL :"),
        ("Institution(s) de soutien", "Institution (s) de soutien"),
        ("Conception i", "Conception"),
        ("Design \u24d8", "Design"),
        ("Plan de ACCION", "Plan de acción:"),
        ("Reportés?", "reportes"),
        ("¿Se trasladó?", "Se traslado"),
        ("Achèvement :", "ache\u0300vement"),
    ],
)
def test_spellings_of_one_label_are_equal(one: str, other: str) -> None:
    assert label_key(one) == label_key(other)


def test_different_labels_stay_different() -> None:
    assert label_key("Institutions") != label_key("Institution(s)")
    assert label_key("Plan d'action") != label_key("Cycle du plan d'action")


@pytest.mark.parametrize("group", GROUPS)
def test_every_label_of_the_table_is_found_under_its_name(group: str) -> None:
    for name, by_lang in TABLE[group].items():
        for lang, texts in by_lang.items():
            assert lang in LABEL_LANGUAGES
            for text in texts:
                label = find_label(group, text)
                assert label is not None, text
                assert (label.name, lang in label.langs) == (name, True), text


@pytest.mark.parametrize("group", GROUPS)
def test_every_label_exists_in_all_four_languages(group: str) -> None:
    for name, by_lang in TABLE[group].items():
        assert set(by_lang) == set(LABEL_LANGUAGES), f"{group}.{name}"


def test_no_text_is_both_a_heading_and_a_field_of_the_box() -> None:
    headings = {label_key(text) for texts in TABLE["heading"].values() for lang in texts.values() for text in lang}
    fields = {label_key(text) for texts in TABLE["field"].values() for lang in texts.values() for text in lang}
    assert headings & fields == set()


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ("Cycle du plan d'action : 2016", "cycle", "2016"),
        ("Plan d'action: Plan d'action: suite", "action_plan", "Plan d'action: suite"),
        ("Ambition (voir définition): Haut", "ambition", "Haut"),
        ("Ambición (consulta: definición): Bajo", "ambition", "Bajo"),
        ("Institution (s) de soutien: NA", "supporting_institutions", "NA"),
        ("Status\uff1aActive", "status", "Active"),
        ("Estatus", "status", ""),
        ("Statut:", "status", ""),
    ],
)
def test_a_line_is_cut_at_the_colon_of_its_label(line: str, name: str, value: str) -> None:
    found = split_label("field", line)
    assert found is not None
    assert (found[0].name, found[1]) == (name, value)


@pytest.mark.parametrize("line", ["Le statut: actif", "Note: rien", "", ":", "Statut " * 40 + ": actif"])
def test_other_lines_have_no_label(line: str) -> None:
    assert split_label("field", line) is None


def test_what_follows_a_prefix_is_returned() -> None:
    assert starts_with_label("starred", "Compromiso destacado Beneficiarios reales") == "Beneficiarios reales"
    assert starts_with_label("starred", "Compromiso destacable") is None
    assert starts_with_label("trap", "NE PAS suivre ce lien ou vous serez interdit") == "ou vous serez interdit"
    assert starts_with_label("trap", "Ne pas suivre cette voie") is None


def test_a_heading_glued_to_a_line_is_cut_off() -> None:
    assert split_glued_label("Public ParticipationIRM Review") == ("Public Participation", "IRM Review")
    assert split_glued_label("Audits (all)Description") == ("Audits (all)", "Description")
    assert split_glued_label("A short Description") is None
    assert split_glued_label("IRM Review") is None


def test_words_of_a_heading_only_count_in_a_heading() -> None:
    assert find_label("section", "Resumen de estado de mitad de término de IRM") is not None
    assert find_label("section", "resumen de estado de mitad de término de IRM") is None
    assert find_label("section", "El resumen del IRM llega a la mitad del plazo.") is None


def test_languages_are_counted_by_labels() -> None:
    counts = count_languages(["Saltar navegación", "Diseño i", "Estado: Activo", "Design i", "Prosa: nada", "Hitos"])
    assert counts["es"] == 3
    assert counts.most_common(1)[0][0] == "es"
