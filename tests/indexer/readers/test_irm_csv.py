from __future__ import annotations

import csv
import json
import random
from collections import Counter
from pathlib import Path

import pytest

from indexer.parsing import parse_page
from indexer.readers.sources import ReadResult, read_sources
from indexer.shared.records import Document, Facts
from indexer.shared.taxonomy import irm_column_areas, policy_area_codes
from indexer.shared.text import clean_text, redact_contacts

HEADER = [
    "Country",
    "Action Plan Number",
    "Comm No",
    "Commitment Title",
    "Full Text",
    "Theme",
    "Start Date",
    "End Date",
    "Lead Institution",
    "Supporting Institution(s)",
    "_Relevant",
    "Potential impact",
    "Completion (progress report)",
    "Completion (end of term)",
    "Did it open government (end of term only)",
    "Year of submission",
    *irm_column_areas(),
    "Starred (current formula) end of term",
    "Starred (current formula) progress report",
    "Starred (2015 only)",
    "Starred (pre-June 2014 assessments)",
]

TEXT = "The government will publish the contracts of all ministries on one portal, and keep it up to date."


def row(**values: str) -> dict[str, str]:
    defaults = {"Country": "UK", "Action Plan Number": "2", "Comm No": "1", "Commitment Title": "A", "Full Text": TEXT}
    ticks = dict.fromkeys(irm_column_areas(), "0")
    return dict.fromkeys(HEADER, "NR") | ticks | defaults | values


def write(path: Path, rows: list[dict[str, str]], header: list[str] = HEADER) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, header, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return path


def only(tmp_path: Path, **values: str) -> Document:
    result = read_sources([write(tmp_path / "irm.csv", [row(**values)])])
    assert [str(error) for error in result.rejected] == []
    [document] = result.documents
    return document


@pytest.fixture(scope="session")
def irm_path(shared_data: Path) -> Path:
    return shared_data / "ogp" / "irm_dev.csv"


@pytest.fixture(scope="session")
def irm(irm_path: Path) -> ReadResult:
    return read_sources([irm_path])


@pytest.fixture(scope="session")
def clean_rows(shared_data: Path) -> list[dict[str, object]]:
    lines = (shared_data / "ogp" / "irm_dev.jsonl").read_text(encoding="utf-8").split("\n")
    return [json.loads(line) for line in lines if line]


def in_file_order(result: ReadResult) -> list[Document]:
    return sorted(result.documents, key=lambda one: one.line or 0)


def test_all_rows_are_read_without_loss(irm: ReadResult) -> None:
    assert [str(error) for error in irm.rejected] == []
    assert len(irm.documents) == len({one.commitment_id for one in irm.documents}) == 980
    assert irm.sources[0].documents == 980


def test_the_first_row(irm: ReadResult) -> None:
    first = in_file_order(irm)[0]
    assert (first.document_id, first.lang, first.source, first.line) == ("IRM-AL-1-10.en", "en", "irm_dev.csv", 2)
    assert first.title == "The regulation on ethics in research and publishing"
    assert first.text.startswith("The Ministry of Education and Science has adopted and published the regulation on: “")
    assert first.text.endswith("authenticity of the work and to fight plagiarism.")
    assert first.facts == Facts(
        country="AL",
        region="europe",
        action_plan="Albania, action plan 1",
        year=2012,
        lead_institutions=("Ministry of Education and Science",),
        supporting_institutions=(
            "Research, Technology and Innovation Agency",
            "Higher Education and Research Institutions",
        ),
        policy_areas=("education", "legislation-and-regulation"),
        theme="e-Governance: 2012 and Onward",
        relevant="no",
        ambition="none",
        completion_midterm="complete",
        starred="no",
    )
    assert first.unmapped == ()


def test_the_middle_row(irm: ReadResult) -> None:
    middle = in_file_order(irm)[489]
    assert (middle.document_id, middle.line) == ("IRM-LV-2-2.en", 738)
    assert middle.title == "Single portal for the drafting of legislative and development planning documents"
    assert middle.text.count("\n") == 4
    assert middle.facts == Facts(
        country="LV",
        region="europe",
        action_plan="Latvia, action plan 2",
        year=2014,
        lead_institutions=("State Chancellery",),
        supporting_institutions=("Ministry of Environmental Protection and Regional Development",),
        policy_areas=("e-government", "e-petitions", "open-parliaments", "public-participation"),
    )


def test_the_last_row(irm: ReadResult) -> None:
    last = in_file_order(irm)[-1]
    assert (last.document_id, last.line) == ("IRM-UA-2-24.en", 2043)
    assert last.title == "e-Government training for local governments"
    assert last.facts == Facts(
        country="UA",
        region="europe",
        action_plan="Ukraine, action plan 2",
        year=2014,
        lead_institutions=("Ministry of Culture",),
        supporting_institutions=(
            "Ministry of Regional Development, National Centre for EGovernance of the State Company Derzhinformresurs,"
            ' "Bibliomist" Programme, Ukrainian Library Association, other unspecified NGOs and international'
            " organisations",
        ),
        policy_areas=("capacity-building", "e-government"),
        theme="5. e-Governance Technologies to Develop e-Democracy",
        relevant="no",
        ambition="minor",
        completion_midterm="complete",
        starred="no",
        end_date="2015-12-31",
    )


def test_the_texts_are_those_of_the_rows(irm: ReadResult, clean_rows: list[dict[str, object]]) -> None:
    for document, clean in zip(in_file_order(irm), clean_rows, strict=True):
        text = redact_contacts(clean_text(str(clean["text"])))
        if text != "N/A":
            assert "".join(document.text.split()) == "".join(text.split())


def test_nearly_all_rows_get_the_language_they_are_in(irm: ReadResult, clean_rows: list[dict[str, object]]) -> None:
    pairs = [
        (document.lang, clean["lang_text"])
        for document, clean in zip(in_file_order(irm), clean_rows, strict=True)
        if clean["lang_text"]
    ]
    agreeing = sum(found == expected for found, expected in pairs)
    assert len(pairs) == 978
    assert agreeing / len(pairs) >= 0.995


def test_every_row_has_a_country_and_a_region(irm: ReadResult) -> None:
    countries = Counter(one.facts.country for one in irm.documents)
    assert None not in countries
    assert len(countries) == 25
    assert (countries["MK"], countries["GB"], countries["MD"]) == (86, 62, 20)
    assert None not in {one.facts.region for one in irm.documents}


def test_every_ticked_topic_arrives(irm: ReadResult, clean_rows: list[dict[str, object]]) -> None:
    areas = irm_column_areas()
    for document, clean in zip(in_file_order(irm), clean_rows, strict=True):
        tags = clean["irm_tags"]
        assert isinstance(tags, list)
        assert set(document.facts.policy_areas) == {areas[tag] for tag in tags}


def test_pages_and_rows_count_together(irm: ReadResult, seeds: Path) -> None:
    pages = [parse_page(path.read_text(encoding="utf-8"), source=path.name) for path in seeds.glob("*.txt")]
    on_pages = {area for page in pages for area in page.facts.policy_areas}
    in_rows = {area for one in irm.documents for area in one.facts.policy_areas}
    assert {"public-participation", "science-and-technology", "e-government"} <= on_pages & in_rows
    assert on_pages | in_rows <= set(policy_area_codes())


def test_ids_do_not_depend_on_the_order_of_rows(irm: ReadResult, irm_path: Path, tmp_path: Path) -> None:
    with irm_path.open(encoding="utf-8-sig", newline="") as file:
        header, *rows = csv.reader(file)
    random.Random(7).shuffle(rows)
    with (tmp_path / "shuffled.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    shuffled = read_sources([tmp_path / "shuffled.csv"])
    assert {one.commitment_id: one.text for one in shuffled.documents} == {
        one.commitment_id: one.text for one in irm.documents
    }


def test_rows_with_one_number_get_a_suffix_and_others_keep_theirs(tmp_path: Path) -> None:
    rows = [
        row(**{"Commitment Title": "A"}),
        row(**{"Commitment Title": "B"}),
        row(**{"Commitment Title": "B", "Full Text": f"{TEXT} More."}),
        row(**{"Comm No": "3 (A)"}),
        row(**{"Country": "Macedonia", "Comm No": "iv"}),
    ]
    ids = [one.commitment_id for one in in_file_order(read_sources([write(tmp_path / "irm.csv", rows)]))]
    assert len(set(ids)) == 5
    assert all(one.startswith("IRM-GB-2-1-") for one in ids[:3])
    assert ids[3:] == ["IRM-GB-2-3-A", "IRM-MK-2-IV"]


@pytest.mark.parametrize(
    ("written", "iso"),
    [
        ("04/01/2012", "2012-04"),
        ("01/04/2014", "2014-04"),
        ("01/01/2014", "2014-01"),
        ("31/12/2016", "2016-12-31"),
        ("31/1/2014", "2014-01-31"),
        ("31/9/2014", "2014-09"),
        ("12/11/2013", "2013"),
        ("Quarter 4 2015", "2015"),
        ("2014", "2014"),
        ("Not Specified", None),
        ("NR", None),
        ("Unclear", None),
    ],
)
def test_dates_are_as_precise_as_they_are_certain(written: str, iso: str | None, tmp_path: Path) -> None:
    document = only(tmp_path, **{"Start Date": written})
    assert document.facts.start_date == iso
    assert document.unmapped == ()


def test_values_share_the_codes_of_pages(tmp_path: Path) -> None:
    facts = only(
        tmp_path,
        **{
            "_Relevant": "1",
            "Potential impact": "Transformative",
            "Completion (progress report)": "a. Not started",
            "Completion (end of term)": "d. Complete",
            "Did it open government (end of term only)": "b. None",
            "Starred (2015 only)": "0",
            "Starred (pre-June 2014 assessments)": "1",
            "Open Data": "1",
            "OGP": "1",
            "Lead Institution": "Cabinet Office; Home Office (a; b)",
            "Year of submission": "2013",
        },
    ).facts
    assert (facts.relevant, facts.ambition, facts.starred) == ("yes", "transformative", "no")
    assert (facts.completion_midterm, facts.completion_end) == ("not-started", "complete")
    assert facts.early_results == "did-not-change"
    assert set(facts.policy_areas) == {"open-data", "ogp-process"}
    assert facts.lead_institutions == ("Cabinet Office", "Home Office (a; b)")
    assert (facts.year, facts.theme) == (2013, None)


def test_a_text_that_says_there_is_none_gives_way_to_the_title(tmp_path: Path) -> None:
    assert only(tmp_path, **{"Full Text": "N/A", "Commitment Title": "3.3. Open contracts"}).text == "Open contracts"


def test_unmapped_values_are_kept(tmp_path: Path) -> None:
    document = only(tmp_path, **{"Potential impact": "Colossal", "End Date": "Ongoing"})
    assert {(one.field, one.value) for one in document.unmapped} == {("ambition", "Colossal"), ("end_date", "Ongoing")}


def test_contact_details_are_left_out(tmp_path: Path) -> None:
    document = only(
        tmp_path, **{"Full Text": f"{TEXT} Write to jo@gov.uk.", "Lead Institution": "Jo, tel. 020 7946 0018"}
    )
    assert "jo@gov.uk" not in document.text
    assert "7946" not in str(document.facts)


def test_a_lang_column_decides(tmp_path: Path) -> None:
    path = write(tmp_path / "irm.csv", [row(lang="pt-BR")], [*HEADER, "lang"])
    assert [one.lang for one in read_sources([path]).documents] == ["pt"]


def test_a_missing_column_is_named_and_the_rows_are_read(tmp_path: Path) -> None:
    path = write(tmp_path / "irm.csv", [row()], [name for name in HEADER if name != "Start Date"])
    result = read_sources([path])
    assert [str(error) for error in result.rejected] == [
        f"{path}:1: Start Date: this column of the IRM database is missing"
    ]
    assert len(result.documents) == 1


def test_without_a_column_that_ids_need_nothing_can_be_read(tmp_path: Path) -> None:
    path = write(tmp_path / "irm.csv", [row()], [name for name in HEADER if name != "Comm No"])
    result = read_sources([path])
    assert [str(error) for error in result.rejected] == [
        f"{path}:1: Comm No: this column of the IRM database is missing"
    ]
    assert result.documents == ()


def test_bad_rows_are_named_and_the_rest_is_read(tmp_path: Path) -> None:
    rows = [row(), row(**{"Comm No": "2", "Country": "Narnia"}), row(**{"Comm No": "3", "Full Text": " "})]
    path = write(tmp_path / "irm.csv", rows)
    result = read_sources([path])
    assert [str(error) for error in result.rejected] == [
        f"{path}:3: Country: unknown country 'Narnia' (expected an ISO 3166 code or a country's name)",
        f"{path}:4: Full Text: no text (expected what is committed to)",
    ]
    assert len(result.documents) == 1
