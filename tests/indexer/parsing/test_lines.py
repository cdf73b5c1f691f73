from __future__ import annotations

import pytest

from indexer.parsing.lines import Block, Line, read_lines, unwrap


def texts(text: str) -> list[str]:
    return [block.text for block in unwrap(read_lines(text))]


def test_lines_know_whether_a_blank_line_stands_before_them() -> None:
    assert read_lines("one\ntwo\n\n  three   3 ") == [
        Line(text="one", spaced=True),
        Line(text="two", spaced=False),
        Line(text="three 3", spaced=True),
    ]


@pytest.mark.parametrize(
    "line",
    [
        "Skip Navigation",
        "Ignorer la navigation",
        "Saltar navegación",
        "Pular navegação",
        "Do NOT follow this link or you will be banned from the site!",
        "NE PAS suivre ce lien ou vous serez interdit sur le site!",
        "NO siga este enlace o será prohibido en el sitio!",
        "NÃO siga este link ou você será banido do site!",
    ],
)
def test_lines_of_the_site_are_dropped_wherever_they_stand(line: str) -> None:
    assert texts(f"{line}\nbefore.\n{line}\nafter.\n{line}") == ["before.", "after."]


def test_the_sites_name_is_only_dropped_at_the_end() -> None:
    assert texts("Open Government Partnership\n\nText.\n\nOpen Government Partnership\n") == [
        "Open Government Partnership",
        "Text.",
    ]


def test_a_line_goes_on_in_lower_case() -> None:
    assert texts("The commission will publish every\nmeeting within a week.\nNext.") == [
        "The commission will publish every meeting within a week.",
        "Next.",
    ]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Il sera créé au sein du", "Gouvernement un service."),
        ("Les projets de l'État et", "Paris."),
        ("El plan fue elaborado por la", "Secretaría General."),
        ("O plano foi elaborado pela", "Controladoria."),
        ("A plan that was made by the", "Ministry."),
        ("EL MINISTERIO PARA LA TRANSICIÓN Y", "EL MINISTERIO DE CULTURA"),
        ("In cooperation with the Ministry of Finance and its agencies,", "Local Councils and others"),
    ],
)
def test_a_line_that_no_sentence_ends_with_goes_on(before: str, after: str) -> None:
    assert texts(f"{before}\n{after}") == [f"{before} {after}"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("What is the commitment?", "a list follows"),
        ("It ends with a full stop.", "and starts in lower case"),
        ("Il s'agit de ceci :", "une liste"),
        ("Informations complémentaires,", "N/A"),
        ("SE COMPROMETE EN SUS RESPECTIVAS ÁREAS A", "Potenciar la fábrica"),
        ("A heading of some length", "A paragraph that begins with a capital."),
        ("Short", "lower"),
        ("The list of what will be done", "- first"),
        ("The list of what will be done", "1. first"),
        ("The list of what will be done", "11.2. first"),
        ("The report can be read under", "https://example.org"),
        ("The work of the commission", "start date: 2018"),
        ("Date de début et de fin de l'engagement", "septembre 2018 à août 2020"),
    ],
)
def test_headings_items_and_finished_sentences_stay_apart(before: str, after: str) -> None:
    assert texts(f"{before}\n{after}") == [before, after]


def test_a_blank_line_always_separates() -> None:
    assert texts("the ministry of the\n\ninterior and others") == ["the ministry of the", "interior and others"]


def test_in_a_wrapped_run_a_full_line_goes_on_before_a_capital() -> None:
    run = (
        "Objective\n"
        "We will make the administration of\n"
        "municipalities more open to people in the whole North\n"
        "Rhine and to companies from all over\n"
        "europe who want to work there."
    )
    assert texts(run) == ["Objective", " ".join(run.split("\n")[1:])]


def test_items_are_marked_and_take_their_continuation() -> None:
    blocks = unwrap(
        read_lines("• the first of the items is long and\ngoes on here\n2) the second\n3.1 the third\nText.")
    )
    assert [(block.text, block.item) for block in blocks] == [
        ("• the first of the items is long and goes on here", True),
        ("2) the second", True),
        ("3.1 the third", True),
        ("Text.", False),
    ]


@pytest.mark.parametrize(
    "line", ["2018 was a good year", "10 Establecer incubadoras", "North-South", "2018-2020", "1,5 %"]
)
def test_numbers_and_dashes_in_prose_make_no_item(line: str) -> None:
    assert unwrap([Line(text=line, spaced=True)]) == [Block(text=line, spaced=True, item=False)]
