from __future__ import annotations

import string
from dataclasses import replace

import bibtexparser
import pytest
import rispy
from bibtexparser.library import Library
from bibtexparser.middlewares import LatexDecodingMiddleware
from hypothesis import given
from hypothesis import strategies as st

from indexer.shared.records import Document, Section
from searchapp.export.references import Reference, bibtex, citation, ris
from tests.fakes import document
from tests.searchapp.export.hits import RTL, arabic, hostile, hub

URL = "https://example.org/commitments/UK0066?lang=en&x=50%25_{y}"


def reference(one: Document, url: str | None = URL) -> Reference:
    return Reference(document=one, abstract=one.text, url=url)


def read_ris(*references: Reference) -> list[dict[str, object]]:
    lines = [line for one in references for line in ris(one)]
    assert not any("\n" in line or "\r" in line for line in lines)
    return rispy.loads("\r\n".join(lines))


def read_bibtex(*references: Reference) -> Library:
    library = bibtexparser.parse_string(
        "\n".join(line for one in references for line in bibtex(one)), append_middleware=[LatexDecodingMiddleware()]
    )
    assert library.failed_blocks == []
    return library


def test_a_ris_record_comes_back() -> None:
    [record] = read_ris(reference(hub()))
    assert record == {
        "type_of_reference": "GOVDOC",
        "id": "UK0066-en",
        "title": "Hub & spoke, 50% open",
        "authors": ["Cabinet Office", "Ministry of Land and Sea"],
        "secondary_title": "Third plan {2016}",
        "note": "UK0066",  # what rispy calls M1
        "year": "2016",
        "place_published": "United Kingdom",
        "publisher": "United Kingdom",
        "language": "en",
        "keywords": ["Open Data", "Public Participation"],
        "abstract": "A hub opens. It is open to all.",
        "urls": [URL],
    }


def test_several_records_come_back_one_by_one() -> None:
    assert [one["title"] for one in read_ris(reference(hub()), reference(arabic()))] == ["Hub & spoke, 50% open", RTL]
    keys = [entry.key for entry in read_bibtex(reference(hub()), reference(arabic())).entries]
    assert keys == ["UK0066-en", "JO0021-ar"]


def test_a_bibtex_entry_comes_back() -> None:
    [entry] = read_bibtex(reference(hub())).entries
    told = {field.key: field.value for field in entry.fields}
    assert (entry.entry_type, entry.key) == ("techreport", "UK0066-en")
    assert told["title"].strip("{}") == "Hub & spoke, 50% open"
    assert "  author = {{Cabinet Office} and {Ministry of Land and Sea}}," in bibtex(reference(hub()))
    assert (told["institution"], told["year"], told["language"]) == ("United Kingdom", "2016", "en")
    assert r"  series = {Third plan \textbraceleft{}2016\textbraceright{}}," in bibtex(reference(hub()))
    assert told["abstract"] == "A hub opens. It is open to all."


def test_the_address_in_bibtex_is_verbatim_but_for_braces() -> None:
    lines = list(bibtex(reference(hub())))
    assert "  url = {https://example.org/commitments/UK0066?lang=en&x=50%25_%7By%7D}," in lines


def test_where_the_country_is_unknown_the_entry_is_a_misc_without_institution() -> None:
    [entry] = read_bibtex(reference(document("A1", "text"), None)).entries
    assert entry.entry_type == "misc"
    assert {field.key for field in entry.fields} == {"title", "type", "number", "language", "abstract"}


def test_the_country_is_the_author_where_no_institution_is_named() -> None:
    [record] = read_ris(reference(arabic()))
    assert record["authors"] == ["Jordan"]
    assert record["place_published"] == "عمّان, Jordan"


def test_hostile_text_adds_no_record_and_no_field() -> None:
    [record] = read_ris(reference(hostile(), None))
    assert record["type_of_reference"] == "GOVDOC"
    assert "unknown_tag" not in record
    library = read_bibtex(reference(hostile(), None), reference(hub()))
    assert [entry.key for entry in library.entries] == [library.entries[0].key, "UK0066-en"]
    for line in (*ris(reference(hostile(), None)), *bibtex(reference(hostile(), None))):
        assert not any(ord(character) < 32 or character in "\u202e\u2029\ufffe" for character in line)


@given(st.text(max_size=60))
def test_any_title_comes_back_from_ris_and_leaves_bibtex_balanced(title: str) -> None:
    one = replace(hub(), title=title)
    [record] = read_ris(reference(one))
    assert isinstance(record.get("title", ""), str)
    text = "\n".join(bibtex(reference(one)))
    depth = 0
    for character in text:
        depth += {"{": 1, "}": -1}.get(character, 0)
        assert depth >= 0
    assert depth == 0
    assert [entry.key for entry in read_bibtex(reference(one), reference(arabic())).entries] == [
        "UK0066-en",
        "JO0021-ar",
    ]


@pytest.mark.parametrize("commitment_id", ["UK0066", "IRM-GB-1-8", "Été 1", "혁신-1", "a_b", "x,y{}", ""])
def test_keys_are_ascii_and_tell_commitments_apart(commitment_id: str) -> None:
    key = reference(document(commitment_id, "text")).key
    assert set(key) <= set(string.ascii_letters + string.digits + "-")
    assert key != reference(document(commitment_id + "_", "text")).key
    assert key != reference(document(commitment_id, "text", lang="fr")).key


def test_a_citation_says_who_when_what_in_which_plan_and_where() -> None:
    assert citation(reference(hub(), "https://example.org/a")) == (
        "Cabinet Office; Ministry of Land and Sea (2016). Hub & spoke, 50% open (commitment UK0066, English). "
        "Third plan {2016}. https://example.org/a"
    )
    assert citation(reference(document("A1", "text"), None)) == "(no year). A title (commitment A1, English)"


def test_the_abstract_of_a_commitment_is_the_start_of_its_description() -> None:
    text = "Facts.\n" + "word " * 1000
    sections = (
        Section(kind="at_glance", heading="", start=0, end=6),
        Section(kind="description", heading="", start=7, end=len(text)),
    )
    long = Reference.of(replace(document("A1", text), sections=sections), None)
    assert long.abstract.startswith("word word")
    assert long.abstract.endswith("word …")
    assert len(long.abstract) <= 2002
    assert Reference.of(replace(document("A1", text), sections=sections[:1]), None).abstract == "Facts."
    assert Reference.of(replace(document("A1", ""), sections=()), None).abstract == ""
