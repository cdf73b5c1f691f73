from __future__ import annotations

from dataclasses import replace

import pytest

from searchapp.addresses import best_address, is_web_address
from tests.fakes import document


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://example.org/a", True),
        ("HTTP://example.org", True),
        ("javascript:alert(1)", False),
        ("http://[half", False),
        ("/x", False),
        (None, False),
    ],
)
def test_only_web_addresses_become_links(url: str | None, allowed: bool) -> None:  # noqa: FBT001 (a table's column)
    assert is_web_address(url) is allowed


def test_a_commitment_is_read_at_its_source_or_else_on_its_page() -> None:
    ours = document("A/1 ä", "text", lang="fr")
    assert best_address(ours, "http://here/root") == "http://here/root/commitments/A%2F1%20%C3%A4?lang=fr"
    assert best_address(ours, None) is None
    theirs = replace(document("A1", "text"), url="https://there.org/A1")
    assert best_address(theirs, "http://here") == best_address(theirs, None) == "https://there.org/A1"
    hostile = replace(document("A1", "text"), url="javascript:alert(1)")
    assert best_address(hostile, None) is None
