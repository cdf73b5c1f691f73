from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest

from searchapp.export.tables import HIT_COLUMNS, csv_line, hit_table
from tests.fakes import document
from tests.searchapp.export.hits import RTL, arabic, hit, hostile, hub


def rows(*lines: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO("\r\n".join(lines), newline=""), strict=True))


@pytest.mark.parametrize(
    "start", ["=", "+", "-", "@", "\t=", "＝", "＋", "－", "＠", "\x00=", "\u200b=", "\r=", " \t+"]
)
def test_no_cell_begins_as_a_formula(start: str) -> None:
    [[cell]] = rows(csv_line([f"{start}SUM(A1)"]))
    assert cell.endswith("SUM(A1)")
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"))


def test_numbers_stay_numbers_and_texts_that_are_harmless_stay_as_they_are() -> None:
    cells = (-1, -0.25, 0.00001, -0.00001, 12, None, "a - b", "'quoted'", "1+1", ("a", "b"))
    assert rows(csv_line(cells)) == [
        ["-1", "-0.2500", "0.0000", "0.0000", "12", "", "a - b", "'quoted'", "1+1", "a; b"]
    ]


def test_quotes_commas_and_line_breaks_come_back() -> None:
    for text in ('one, "two"\nthree', "one\ntwo", "one,two", '"'):
        assert rows(csv_line([text, text]), csv_line([text])) == [[text, text], [text]]


def test_a_result_comes_back_row_by_row() -> None:
    header, first, second = rows(*hit_table([hit(hub()), hit(arabic(), 2)], base="https://here"))
    assert tuple(header) == HIT_COLUMNS
    told = dict(zip(header, first, strict=True))
    assert (told["rank"], told["score"], told["semantic"], told["keyword"]) == ("1", "0.3333", "0.0000", "")
    assert (told["id"], told["country"], told["country_name"]) == ("UK0066", "GB", "United Kingdom")
    assert told["passage"] == "A hub opens.\n\nIt is open to all."
    assert told["policy_areas"] == "open-data; public-participation"
    assert (told["also_in"], told["url"]) == ("fr; es", "https://here/commitments/UK0066?lang=en")
    assert dict(zip(header, second, strict=True))["title"] == RTL


def test_without_an_address_of_the_application_there_is_only_that_of_the_source() -> None:
    with_source = replace(document("A1", "text"), url="https://there.org/A1")
    urls = [row[-1] for row in rows(*hit_table([hit(hub()), hit(with_source)]))]
    assert urls == ["url", "", "https://there.org/A1"]


def test_a_hostile_document_makes_one_row_without_formulas_and_control_characters() -> None:
    header, row = rows(*hit_table([hit(hostile())], base="https://here"))
    assert len(row) == len(header)
    for name, cell in zip(header, row, strict=True):
        assert not cell.startswith(("=", "+", "@")), name
        assert not any(ord(character) < 32 and character != "\n" for character in cell), name
        assert "\u202e" not in cell, name
    told = dict(zip(header, row, strict=True))
    assert told["id"] == "'=1+1"
    assert told["title"].startswith("'=cmd|")
    assert "javascript" not in told["url"]
