from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import bibtexparser
import pytest
import rispy
from click.testing import CliRunner

from concord import main
from tests.conftest import BuildIndex
from tests.fakes import document


@pytest.fixture
def index(build: BuildIndex) -> Path:
    return build(
        [
            document("GB0001", "Courts publish judgments.", country="GB", year=2016),
            document("GB0002", "Courts publish verdicts.", country="GB", year=2016),
            document("FR0001", "Courts publish judgments, too.", country="FR", year=2014, region="europe"),
            document("FR0002", "Forests are replanted.", country="FR", year=2018, policy_areas=("environment",)),
            document("KR0001", "Courts open their doors.", lang="ko", country="KR", year=2018, region="asia"),
        ]
    )


def run(*args: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, [str(arg) for arg in args])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.stdout, result.stderr


def found(index: Path, *args: object) -> set[str]:
    code, out, err = run("similar", "GB0001", "--index", index, "--format", "jsonl", *args)
    assert (code, err) == (0, "")
    return {json.loads(line)["commitment"]["id"] for line in out.splitlines()}


def test_similar_shows_the_best_of_each_country_unless_asked_for_all(index: Path) -> None:
    assert found(index) == found(index, "--per-country") == {"FR0001", "KR0001"}
    assert found(index, "--all") == {"FR0001", "FR0002", "KR0001"}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--country", "kr"], {"KR0001"}),
        (["--country", "kr", "--country", "FR"], {"KR0001", "FR0001", "FR0002"}),
        (["--lang", "EN"], {"FR0001", "FR0002"}),
        (["--region", "asia"], {"KR0001"}),
        (["--policy-area", "environment"], {"FR0002"}),
        (["--year-from", "2015"], {"FR0002", "KR0001"}),
        (["--year-to", "2015"], {"FR0001"}),
        (["--country", "GB"], set()),
    ],
)
def test_similar_filters_the_others_as_search_does(index: Path, options: list[str], expected: set[str]) -> None:
    assert found(index, "--all", *options) == expected


def test_similar_shows_as_many_as_asked_for(index: Path) -> None:
    assert len(found(index, "--all", "--limit", 2)) == 2


def test_an_unknown_commitment_is_one_line_on_stderr_and_exit_code_2(index: Path) -> None:
    code, out, err = run("similar", "GB9999", "--index", index)
    assert (code, out) == (2, "")
    assert err == "concord: id: there is no commitment 'GB9999' in this index\n"


def test_a_missing_index_is_exit_code_2(tmp_path: Path) -> None:
    code, out, err = run("similar", "GB0001", "--index", tmp_path / "nowhere")
    assert (code, out) == (2, "")
    assert "there is no index here yet" in err


def searched(index: Path, form: str, *args: object) -> str:
    code, out, err = run("search", "courts", "--mode", "keyword", "--index", index, "--format", form, *args)
    assert (code, err) == (0, "")
    return out


def ids_of(form: str, key: str, text: str) -> list[str]:
    if form == "csv":
        return [row[key] for row in csv.DictReader(io.StringIO(text))]
    if form == "ris":
        return [str(record[key]) for record in rispy.loads(text)]
    return [str(entry[key]) for entry in bibtexparser.parse_string(text).entries]


def test_a_search_can_give_everything_it_finds(index: Path) -> None:
    assert len(searched(index, "jsonl", "--limit", "2").splitlines()) == 2
    found = [json.loads(line)["commitment"]["id"] for line in searched(index, "jsonl", "--limit", "all").splitlines()]
    assert sorted(found) == ["FR0001", "GB0001", "GB0002", "KR0001"]
    for form, key in (("csv", "id"), ("ris", "note"), ("bib", "number")):
        assert ids_of(form, key, searched(index, form, "--limit", "all")) == found
        assert ids_of(form, key, searched(index, form, "--limit", 1)) == found[:1]


@pytest.mark.parametrize("form", ["table", "json"])
def test_what_is_read_as_a_whole_needs_a_number_of_commitments(index: Path, form: str) -> None:
    code, out, err = run("search", "courts", "--index", index, "--format", form, "--limit", "all")
    assert (code, out) == (2, "")
    assert f"--limit all needs --format csv, jsonl, ris, bib; for a {form}, give a number" in err


@pytest.mark.parametrize("limit", ["0", "101", "every"])
def test_a_number_of_commitments_out_of_bounds_is_refused(index: Path, limit: str) -> None:
    code, out, err = run("search", "courts", "--index", index, "--limit", limit)
    assert (code, out) == (2, "")
    assert "Invalid value for '--limit'" in err


def test_compare_sets_commitments_side_by_side(index: Path) -> None:
    code, out, err = run("compare", "GB0001", "KR0001", "FR0001", "--index", index, "--format", "json", "--lang", "KO")
    assert (code, err) == (0, "")
    answer = json.loads(out)
    assert answer["query"] == {"id": ["GB0001", "KR0001", "FR0001"], "lang": "ko"}
    assert [one["id"] for one in answer["commitments"]] == ["GB0001", "KR0001", "FR0001"]


@pytest.mark.parametrize(
    ("ids", "said"),
    [
        (["GB0001"], "concord: id: only one commitment is given; expected from 2 to 6\n"),
        (["GB0001", "GB0001"], "concord: id: “GB0001” is given twice; expected different commitments\n"),
        (["GB0001", "XX1"], "concord: id: there is no commitment 'XX1' in this index\n"),
    ],
)
def test_what_can_not_be_compared_is_one_line_on_stderr_and_exit_code_2(index: Path, ids: list[str], said: str) -> None:
    assert run("compare", *ids, "--index", index) == (2, "", said)
