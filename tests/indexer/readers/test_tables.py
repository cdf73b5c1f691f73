from __future__ import annotations

import json
from pathlib import Path

import pytest

from indexer.readers.sources import ReadOptions, ReadResult, read_sources
from indexer.shared.records import Facts, Milestone, Unmapped

TEXT = "The ministry will publish all of its contracts on one portal."
COLUMNS = "id,title,text,country"


def read(path: Path, content: str | bytes, **columns: str) -> ReadResult:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_sources([path], ReadOptions(columns=columns))


def reasons(result: ReadResult, path: Path) -> list[str]:
    return [str(error).removeprefix(f"{path}:") for error in result.rejected]


FULL = {
    "id": "X-1",
    "title": "Contratos abiertos",
    "text": "El ministerio publicará todos sus contratos en un portal.\nLos ciudadanos podrán consultarlos.",
    "lang": "español",
    "country": "Corea del Sur",
    "locality": "Seoul",
    "action_plan": "Plan 2018-2020",
    "year": 2018,
    "theme": "Contratación",
    "status": "Activo",
    "lead_institutions": ["Ministerio de Hacienda", "NA"],
    "supporting_institutions": "Alcaldía; Congreso",
    "policy_areas": ["Gobierno electrónico", "Open Data", "Zeppelins"],
    "verifiable": True,
    "relevant": "Sí",
    "ambition": "Alto",
    "completion_midterm": "Limitado",
    "completion_end": "Substantial",
    "early_results": "Did not change",
    "access_to_information": "Marginal",
    "civic_participation": "Moderado",
    "public_accountability": "did-not-change",
    "starred": 0,
    "start_date": "Septiembre 1, 2018",
    "end_date": "2020-08",
    "carried_forward": "No",
    "irm_reports": ["Informe 2018-2020"],
    "milestones": ["1. Elegir el portal", "Publicar los contratos"],
    "url": "https://example.org/X-1",
    "score": {"nested": 1},
    "nothing": None,
}


def test_jsonl_gives_every_field(tmp_path: Path) -> None:
    result = read(tmp_path / "own.jsonl", json.dumps(FULL) + "\n\n")
    assert result.rejected == ()
    [document] = result.documents
    assert (document.document_id, document.source, document.line) == ("X-1.es", "own.jsonl", 1)
    assert (document.title, document.url) == ("Contratos abiertos", "https://example.org/X-1")
    assert [one.kind for one in document.sections] == ["description", "milestones"]
    assert [document.text[one.start : one.end] for one in document.sections] == [
        "El ministerio publicará todos sus contratos en un portal.\n\nLos ciudadanos podrán consultarlos.",
        "1. Elegir el portal\n\nPublicar los contratos",
    ]
    assert document.milestones == (
        Milestone(number="1", text="Elegir el portal"),
        Milestone(number="", text="Publicar los contratos"),
    )
    assert document.facts == Facts(
        country="KR",
        region="asia",
        locality="Seoul",
        action_plan="Plan 2018-2020",
        year=2018,
        theme="Contratación",
        status="active",
        lead_institutions=("Ministerio de Hacienda",),
        supporting_institutions=("Alcaldía", "Congreso"),
        policy_areas=("e-government", "open-data"),
        verifiable="yes",
        relevant="yes",
        ambition="high",
        completion_midterm="limited",
        completion_end="substantial",
        early_results="did-not-change",
        access_to_information="marginal",
        civic_participation="moderate",
        public_accountability="did-not-change",
        starred="no",
        start_date="2018-09-01",
        end_date="2020-08",
        carried_forward="no",
        irm_reports=("Informe 2018-2020",),
    )
    assert document.unmapped == (Unmapped(field="policy_areas", value="Zeppelins"),)


def test_csv_gives_the_same_as_jsonl(tmp_path: Path) -> None:
    [of_json] = read(tmp_path / "own.jsonl", json.dumps(FULL)).documents
    names = [name for name in FULL if name not in {"score", "nothing"}]
    cells = ["\n".join(value) if isinstance(value, list) else str(value) for value in map(FULL.__getitem__, names)]
    quoted = ['"' + cell.replace('"', '""') + '"' for cell in cells]
    content = ",".join(names) + "\r\n" + ",".join(quoted) + "\r\n"
    [of_csv] = read(tmp_path / "own.csv", "\ufeff" + content).documents
    assert of_csv.facts == of_json.facts
    assert (of_csv.text, of_csv.milestones, of_csv.sections) == (of_json.text, of_json.milestones, of_json.sections)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(delimiter: str, tmp_path: Path) -> None:
    content = f"ID;Title;Text;Lead Institutions\nA1;One;{TEXT};Treasury\n".replace(";", delimiter)
    [document] = read(tmp_path / "own.csv", content).documents
    assert (document.commitment_id, document.title, document.text) == ("A1", "One", TEXT)
    assert document.facts.lead_institutions == ("Treasury",)


def test_columns_of_other_names_are_mapped(tmp_path: Path) -> None:
    content = f"Kennung,Inhalt,text\nA1,{TEXT},the column that is mapped wins\n"
    [document] = read(tmp_path / "own.csv", content, Kennung="id", inhalt="text").documents
    assert (document.commitment_id, document.text) == ("A1", TEXT)
    line = json.dumps({"Kennung": "A2", "Inhalt": TEXT})
    [document] = read(tmp_path / "own.jsonl", line, Kennung="id", inhalt="text").documents
    assert (document.commitment_id, document.text) == ("A2", TEXT)


def test_an_ogp_id_decides_the_country_not_the_column(tmp_path: Path) -> None:
    content = f"id,text,country\nKR0042,{TEXT},Usine de Corée du Sud\nSEO0002,{TEXT},France\nQ-1,{TEXT},Ελλάδα\n"
    result = read(tmp_path / "own.csv", content)
    assert [(one.facts.country, one.facts.locality) for one in result.documents] == [
        ("KR", None),
        ("GR", None),
        ("KR", "Seoul"),
    ]


def test_without_a_title_the_text_begins_it(tmp_path: Path) -> None:
    [document] = read(tmp_path / "own.csv", f"id,text\nA1,{'word ' * 60}\n").documents
    assert document.title == "word " * 24 + "…"


def test_the_language_is_detected_or_given(tmp_path: Path) -> None:
    french = "Le ministère publiera tous ses contrats sur un portail unique."
    content = f"id,text,lang\nA1,{french},\nA2,{french},en-GB\nA3,{french},Klingonisch\n"
    result = read(tmp_path / "own.csv", content)
    assert [one.lang for one in result.documents] == ["fr", "en", "fr"]
    assert result.documents[2].unmapped == (Unmapped(field="lang", value="Klingonisch"),)


def test_contact_details_are_left_out_everywhere(tmp_path: Path) -> None:
    mail = "kim@korea.kr"
    values = {"id": "A1", "status": mail, "text": f"{TEXT} {mail}", "title": f"Ask {mail}", "policy_areas": [mail]}
    values |= {"milestones": [f"1. Ask {mail}"], "lead_institutions": [mail], "locality": mail, "start_date": mail}
    [document] = read(tmp_path / "own.jsonl", json.dumps(values)).documents
    assert mail not in str(document)
    assert "Ask […]" in document.title


# --- bad input: named with file, line and column, the rest read ---------------------------------------------------


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    assert reasons(read(path, f"id,title,body\nA1,One,{TEXT}\n"), path) == [
        "1: text: this column is missing; the header has 'id', 'title', 'body' (expected columns separated by a comma,"
        " a semicolon, a tab, a vertical bar; --map NAME=text takes another column)"
    ]


def test_a_wrong_delimiter_is_named(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    [reason] = reasons(read(path, f"id^title^text\nA1^One^{TEXT}\n"), path)
    assert reason.startswith(
        "1: id: this column is missing; the header has 'id^title^text' (expected columns separated"
    )
    [reason] = reasons(read(path, f"id,title,text\nA1;One;{TEXT}\nA2;Two;{TEXT}\n"), path)
    assert (
        reason == "2: title: 1 field where the header has 3 (expected a comma between fields); left out up to the end"
    )


@pytest.mark.parametrize(
    ("bad", "expected"),
    [
        ('A2,"Two,' + TEXT, "3: title: a quotation mark is never closed"),
        (f'A2,"Two" wo,{TEXT}', "3: title: text follows a closing quotation mark"),
        (f"A2,Two,{TEXT},x,y", "3: 5 fields where the header has 3 (expected a comma between fields)"),
        (
            f"A2,T\rwo,{TEXT}",
            "3: title: a carriage return stands alone in a field (expected quotation marks around it)",
        ),
        ("A2,Two", "3: text: 2 fields where the header has 3 (expected a comma between fields)"),
        ("A2,Two,", "3: text: no text (expected what is committed to)"),
        ("A2,,N/A", "3: text: no text but 'N/A', and no title (expected what is committed to)"),
        (f",Two,{TEXT}", "3: id: no ID (expected up to 100 characters without spaces and none of / # ? % @ \\)"),
        (f"a b,Two,{TEXT}", "3: id: 'a b' (expected up to 100 characters without spaces and none of / # ? % @ \\)"),
    ],
)
def test_a_bad_row_costs_itself_only(bad: str, expected: str, tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    result = read(
        path, f'id,title,text\nA1,One,"{TEXT}\nAnd more."\n'.replace("\nAnd", " And") + f"{bad}\nA3,3,{TEXT}\n"
    )
    assert reasons(result, path) == [expected]
    assert [one.commitment_id for one in result.documents] == ["A1", "A3"]


def test_an_unclosed_quotation_mark_before_quoted_rows_costs_only_its_row(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    rows = "".join(f'A{number},"Title, {number}","{TEXT}"\n' for number in range(3, 9))
    result = read(path, f'id,title,text\nA1,One,{TEXT}\nA2,"Two,{TEXT}\n{rows}')
    assert reasons(result, path) == ["3: title: text follows a closing quotation mark"]
    assert len(result.documents) == 7


def test_the_lines_of_a_broken_row_are_told(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    result = read(path, f'id,title,text\nA2,"Two" x,"{TEXT}\nmore\nand more."\nA3,Three,{TEXT}\n')
    assert reasons(result, path) == ["2: title: text follows a closing quotation mark; left out up to line 4"]
    assert [one.commitment_id for one in result.documents] == ["A3"]


def test_bytes_that_are_not_utf_8_are_named_with_their_column(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    content = f"id,title,text\nA1,One,{TEXT}\nA2,Résumé,{TEXT}\nA3,Three,{TEXT}\n".encode("cp1252")
    result = read(path, content)
    assert reasons(result, path) == ["3: title: not UTF-8: byte 0xe9 in 'R�sum�'"]
    assert [one.commitment_id for one in result.documents] == ["A1", "A3"]
    path = tmp_path / "own.jsonl"
    lines = [
        json.dumps({"id": f"A{n}", "text": TEXT, "title": "Résumé" if n == 2 else ""}, ensure_ascii=False)
        for n in (1, 2)
    ]
    result = read(path, "\n".join(lines).encode("cp1252"))
    [reason] = reasons(result, path)
    assert reason.startswith("2: not UTF-8: byte 0xe9 at character ")
    assert len(result.documents) == 1


def test_utf_16_is_named(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    [reason] = reasons(read(path, f"id,text\nA1,{TEXT}\n".encode("utf-16")), path)
    assert reason == "1: UTF-16; expected UTF-8 (save it so, for instance as “CSV UTF-8”)"


def test_an_unknown_country_is_named(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    result = read(path, f"id,text,Country\nA1,{TEXT},Narnia\nA2,{TEXT},Ivory Coast\n")
    assert reasons(result, path) == [
        "2: Country: unknown country 'Narnia' (expected an ISO 3166 code or a country's name)"
    ]
    assert [one.facts.country for one in result.documents] == ["CI"]


@pytest.mark.parametrize(("mark", "end"), [("", " "), ('"', " "), ('"', "\n")])
def test_a_huge_field_is_named_and_passed_over(tmp_path: Path, mark: str, end: str) -> None:
    path = tmp_path / "own.csv"
    huge = ("x" * 99 + end) * 500_000
    result = read(path, f"id,title,text\nA1,One,{TEXT}\nA2,Two,{mark}{huge}{mark}\nA3,Three,{TEXT}\n")
    [reason] = reasons(result, path)
    assert reason.startswith("3: text: too long: expected a row of at most 4 MiB")
    assert [one.commitment_id for one in result.documents] == ["A1", "A3"]


def test_a_huge_json_line_is_named_and_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "own.jsonl"
    lines = [json.dumps({"id": f"A{n}", "text": TEXT * (1_000_000 if n == 2 else 1)}) for n in (1, 2, 3)]
    result = read(path, "\n".join(lines))
    assert reasons(result, path) == ["2: too long: expected a line of at most 4 MiB"]
    assert len(result.documents) == 2


def test_ids_that_come_twice_are_named(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    result = read(path, f"id,text\nA1,{TEXT}\nA2,{TEXT}\nA1,{TEXT} Again.\n")
    assert reasons(result, path) == [
        f"4: id: commitment A1 in language 'en' was already read from {path}:2; this one is left out"
    ]
    assert len(result.documents) == 2


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("{not json}", "2: not valid JSON: "),
        ("[1, 2]", "2: Expected `object`, got `array`"),
        ('{"id": "A2", "x": ' + "[" * 100_000 + "]" * 100_000 + "}", "2: nested too deeply"),
        ('{"id": "A2"}', "2: text: no text"),
        ('{"id": ["A", "2"], "text": "x"}', "2: id: 'A\\n2'"),
    ],
)
def test_a_bad_json_line_is_named(line: str, expected: str, tmp_path: Path) -> None:
    path = tmp_path / "own.jsonl"
    result = read(path, json.dumps({"id": "A1", "text": TEXT}) + f"\n{line}\n" + json.dumps({"id": "A3", "text": TEXT}))
    [reason] = reasons(result, path)
    assert reason.startswith(expected)
    assert len(result.documents) == 2


@pytest.mark.parametrize("content", ["", "\n\n", "\ufeff"])
def test_an_empty_table_is_named(content: str, tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    assert reasons(read(path, content), path) == ["1: no header (expected the names of the columns)"]


def test_a_column_that_comes_twice_is_named(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    assert reasons(read(path, f"id,text,text\nA1,{TEXT},x\n"), path) == [
        "1: text: this column stands twice in the header"
    ]


def test_a_file_of_broken_rows_is_given_up(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    rows = "".join(f'A{number},"T" x,{TEXT}\nB{number},T,{TEXT}\n' for number in range(150))
    result = read(path, f"id,title,text\n{rows}")
    assert len(result.rejected) == 101
    assert "more than 100 broken places; the rest is left out" in str(result.rejected[-1])
    assert len(result.documents) == 100


def test_blank_rows_are_no_errors(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    result = read(path, f"id,title,text\n\n\nA1,One,{TEXT}\n,,\n" + "\n" * 3_000)
    assert reasons(result, path) == []
    assert [one.line for one in result.documents] == [4]


def test_a_header_that_is_none_is_named(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    assert reasons(read(path, f"id,Numéro,text\nA1,1,{TEXT}\n".encode("cp1252")), path) == [
        "1: the header is not UTF-8"
    ]
    [reason] = reasons(read(path, f"id,text\rA1,{TEXT}\r"), path)
    assert reason.startswith("1: id: this column is missing; the header has 'id,text\\rA1")


def test_odd_characters_in_values_are_left_out(tmp_path: Path) -> None:
    line = '{"id": "A1", "title": "a\\u0000b\\u200bc", "text": "' + TEXT + '\\u2028More."}'
    [document] = read(tmp_path / "own.jsonl", line).documents
    assert (document.title, document.text) == ("abc", f"{TEXT}\n\nMore.")


@pytest.mark.parametrize("value", ['"\\ud800"', "1e400", "1" * 5_000])
def test_a_value_that_is_no_text_and_no_number_is_named(value: str, tmp_path: Path) -> None:
    path = tmp_path / "own.jsonl"
    good = json.dumps({"id": "A1", "text": TEXT})
    result = read(path, f'{{"id": "A2", "text": "x", "year": {value}}}\n{good}')
    [reason] = reasons(result, path)
    assert reason.startswith("1: ")
    assert len(result.documents) == 1
