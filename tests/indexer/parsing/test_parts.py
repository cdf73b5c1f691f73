"""The catalogue, milestones, findings and offsets, each on a small example."""

from __future__ import annotations

import pytest

from indexer.parsing.catalogue import read_catalogue, split_catalogue
from indexer.parsing.compose import Piece, compose
from indexer.parsing.lines import Block, read_lines, unwrap
from indexer.parsing.milestones import find_milestones
from indexer.parsing.review import Findings, read_findings
from indexer.shared.records import CatalogueEntry, Milestone, Section, Unmapped


def findings(kind: str, text: str) -> Findings:
    found = Findings()
    read_findings(kind, unwrap(read_lines(text)), found)
    return found


# --- the catalogue ---


def test_the_catalogue_is_cut_off_at_its_heading() -> None:
    body, entries = split_catalogue(read_lines("Text.\n\nCommitments\n\n 1. A\n\n UK0001, 2018, Aid"))
    assert [line.text for line in body] == ["Text."]
    assert [line.text for line in entries] == ["1. A", "UK0001, 2018, Aid"]


def test_a_catalogue_without_heading_is_known_by_its_entries() -> None:
    body, entries = split_catalogue(read_lines("Text.\n1. A\nUK0001, 2018, Aid\n2. B\nUK0002, 2018,"))
    assert [line.text for line in body] == ["Text."]
    assert len(entries) == 4


def test_an_empty_catalogue_leaves_the_text() -> None:
    body, entries = split_catalogue(read_lines("Text.\n\nEngagements"))
    assert ([line.text for line in body], entries) == (["Text."], [])


def test_entries_without_number_year_or_area_are_read() -> None:
    entries, unmapped = read_catalogue(
        read_lines(
            "Title one\ngoes on\nSCO0001, 2017, Open Data\n2. Two, three\nUK0002, , Gardening\n3. Four\nUK0003, 2012,"
        )
    )
    assert entries == (
        CatalogueEntry(commitment_id="SCO0001", title="Title one goes on", year=2017, policy_area="open-data"),
        CatalogueEntry(commitment_id="UK0002", title="Two, three", year=None, policy_area="Gardening"),
        CatalogueEntry(commitment_id="UK0003", title="Four", year=2012, policy_area=""),
    )
    assert unmapped == [Unmapped(field="catalogue_policy_area", value="Gardening")]


# --- milestones ---


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Jalons:\n\n1. Un\n\n2. Deux\n\nInstitution responsable: X", [("1", "Un"), ("2", "Deux")]),
        ("Hitos\n10.1 lanza\n10.2 Implemente", [("10.1", "lanza"), ("10.2", "Implemente")]),
        ("Milestones\n• Draft\n- Final\nText goes on.", [("", "Draft"), ("", "Final")]),
        ("Marcos\nMarco 1: Criar\nMarco 2 - Abrir", [("1", "Criar"), ("2", "Abrir")]),
        (
            "Actividad de hito con un entregable verificable\nUno\nDos\nInformación de contacto\nTres",
            [("", "Uno"), ("", "Dos")],
        ),
    ],
)
def test_milestones_are_read_with_the_numbers_of_their_source(text: str, expected: list[tuple[str, str]]) -> None:
    blocks = unwrap(read_lines(f"Avant.\n\n{text}"))
    found = find_milestones(blocks)
    assert found is not None
    assert found.start == 1
    assert found.end - found.start == len(expected) + 1
    assert list(found.milestones) == [Milestone(number=number, text=text) for number, text in expected]


@pytest.mark.parametrize("text", ["Milestones\n\nThey were late.", "1. A list\n2. without heading", "Milestones"])
def test_without_a_list_under_its_heading_there_are_no_milestones(text: str) -> None:
    assert find_milestones(unwrap(read_lines(text))) is None


# --- what the text of a section says ---


def test_a_review_tells_completion_results_and_dates() -> None:
    found = findings(
        "endterm_review",
        "Midterm: Limited\n\nEnd of term:\n\nSubstantial\n\nAccess to Information: Major\n\n"
        "Civic Participation\n\nMarginal\n\nPublic accountability: somewhat odd\n\n"
        "Start date: May 2016\n\nEnd date:\n\nCarried Forward?\n\nIt was not.",
    )
    assert found.values == {
        "completion_midterm": "limited",
        "completion_end": "substantial",
        "access_to_information": "major",
        "civic_participation": "marginal",
        "start_date": "2016-05",
    }
    assert found.unmapped == [
        Unmapped(field="public_accountability", value="somewhat odd"),
        Unmapped(field="carried_forward", value="It was not."),
    ]


@pytest.mark.parametrize(
    ("kind", "field"), [("midterm_review", "completion_midterm"), ("endterm_review", "completion_end")]
)
@pytest.mark.parametrize("text", ["Limité:", "Aboutissement\nLimité", "Achèvement : Limité"])
def test_completion_belongs_to_the_review_that_tells_it(kind: str, field: str, text: str) -> None:
    assert findings(kind, text).values == {field: "limited"}


def test_a_description_tells_dates_but_no_findings() -> None:
    text = "Septiembre 01, 2018 - Septiembre 30, 2020\n\nLimitado\n\nAcceso a la información: Mayor"
    assert findings("description", text).values == {"start_date": "2018-09-01", "end_date": "2020-09-30"}


def test_prose_after_a_label_is_no_value() -> None:
    prose = (
        "Accès à l'information: depuis 2016, le gouvernement publie toutes ses données sur un portail ouvert à tous."
    )
    found = findings("endterm_review", prose + "\n\nDate de début\n\n" + "En 2016, rien ne se passa. " * 9)
    assert (found.values, found.unmapped) == ({}, [])


def test_the_first_value_counts() -> None:
    assert findings("endterm_review", "Fin du mandat: Limité\n\nFin du mandat: Complet").values == {
        "completion_end": "limited"
    }


# --- the text and its offsets ---


def test_offsets_count_code_points_and_headings_stay_outside() -> None:
    blocks = [Block(text="Čaj 😀 é", spaced=True), Block(text="- a", spaced=False, item=True)]
    more = [Block(text="- b", spaced=False, item=True), Block(text="- c", spaced=True, item=True)]
    text, sections = compose(
        [
            Piece(kind="description", heading="Description", shown="Description", blocks=blocks),
            Piece(kind="notes", heading="Notes", shown="", blocks=[]),
            Piece(kind="milestones", heading="Hitos", shown="Hitos:", blocks=more),
        ]
    )
    assert text == "Description\n\nČaj 😀 é\n\n- a\n\nHitos:\n\n- b\n- c"
    assert sections == (
        Section(kind="description", heading="Description", start=13, end=25),
        Section(kind="milestones", heading="Hitos", start=35, end=42),
    )
    assert [text[one.start : one.end] for one in sections] == ["Čaj 😀 é\n\n- a", "- b\n- c"]
