from __future__ import annotations

import json
from pathlib import Path

import pytest
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
