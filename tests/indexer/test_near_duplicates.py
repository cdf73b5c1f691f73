from __future__ import annotations

import pytest

from indexer.near_duplicates import group_documents, signatures
from indexer.shared.records import Document
from tests.fakes import document

TEXT = "The ministry will publish every contract of the year on one portal, in formats that computers can read. " * 4


def groups(*documents: Document) -> list[int]:
    return group_documents(documents, signatures(documents)).tolist()


def test_repeated_texts_of_one_country_are_one_group() -> None:
    assert groups(
        document("A1", TEXT), document("A2", "Something else entirely, about schools and roads."), document("A3", TEXT)
    ) == [0, 1, 0]


def test_small_differences_do_not_separate() -> None:
    assert groups(document("A1", TEXT), document("A2", TEXT.upper().replace("PORTAL,", "portal;"))) == [0, 0]


def test_a_text_that_shares_only_a_part_is_another() -> None:
    longer = TEXT + "It will also train two hundred officials, open ten offices and answer questions in person. " * 3
    assert groups(document("A1", TEXT), document("A2", longer)) == [0, 1]


def test_the_same_text_from_two_countries_is_two_promises() -> None:
    assert groups(document("A1", TEXT, country="FR"), document("B1", TEXT, country="DE")) == [0, 1]


def test_language_versions_are_one_group_and_so_are_their_duplicates() -> None:
    assert groups(
        document("A1", TEXT),
        document("A1", "Tout autre chose, mais du même engagement.", lang="fr"),
        document("A2", TEXT),
    ) == [0, 0, 0]


@pytest.mark.parametrize("text", ["", "N/A", "To be specified later"])
def test_texts_too_short_to_tell_are_never_folded(text: str) -> None:
    assert groups(document("A1", text), document("A2", text)) == [0, 1]


def test_nothing_gives_nothing() -> None:
    assert groups() == []
