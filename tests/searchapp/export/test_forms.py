from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchapp.export import FORMS, filename, lines_of
from searchapp.serialize import hit_dict
from tests.searchapp.export.hits import arabic, hit, hostile, hub

HITS = [hit(hub()), hit(arabic(), 2), hit(hostile(), 3)]


def test_json_lines_are_the_hits_of_the_api() -> None:
    lines = list(lines_of(HITS, "jsonl", root="/root", base="https://here/root"))
    assert not any("\n" in line for line in lines)
    assert [json.loads(line) for line in lines] == [hit_dict(one, root="/root") for one in HITS]


@pytest.mark.parametrize("form", FORMS)
def test_hits_are_read_only_as_they_are_written(form: str) -> None:
    read: list[int] = []
    lines = lines_of((read.append(one.rank) or one for one in HITS), form)  # type: ignore[func-returns-value]
    assert read == []
    next(lines)
    assert len(read) <= 1
    assert len(list(lines)) >= 2
    assert read == [1, 2, 3]


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("open data", "concord-open-data.csv"),
        ("  Égalité & ../../etc/passwd\r\nX: y ", "concord-egalite-etc-passwd-x-y.csv"),
        ("혁신 허브", "concord-search.csv"),
        ('"', "concord-search.csv"),
        ("x" * 500, f"concord-{'x' * 60}.csv"),
    ],
)
def test_a_filename_is_made_of_what_the_query_has_in_ascii(query: str, name: str) -> None:
    assert filename(query, "csv") == name


@given(st.text())
def test_any_query_gives_a_safe_filename(query: str) -> None:
    assert re.fullmatch(r"concord(-[a-z0-9]+)+\.ris", filename(query, "ris"))
