from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from bench import cli
from bench.bars import Bar, Case
from bench.legs import Setup
from bench.peers import base
from bench.quality import PARTS
from bench.service.measured import Measured, ServiceSetup
from indexer.shared.encoder import Encoder
from tests.bench.fakes import LANGS, ShiftedEncoder, write_sets
from tests.bench.service.figures import made_up
from tests.evaluation.fakes import AngleEncoder

PAGE = Path(__file__).parents[2] / "docs" / "performance.md"
BARS = {"xquad": 7, "xquad-one-language": 2, "sdg-en2x": 2, "sdg-x2en": 4, "ogp-knownitem": 2, "speed": 2}


@pytest.fixture(autouse=True)
def angles(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(name: str, **_: object) -> Encoder:
        return ShiftedEncoder() if name.endswith("+raw") else AngleEncoder()

    monkeypatch.setattr(cli, "load_encoder", load)
    monkeypatch.delitem(PARTS, "strengths")  # its queries and documents aren't made up of angles


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_sets(tmp_path / "clir")


def run(command: str, data: Path, *args: object) -> tuple[int, str, str]:
    options = ["--data", data, "--cache", data.parent / "cache"]
    result = CliRunner().invoke(cli.main, [command, *map(str, [*args, *options])])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stdout, result.stderr


def rows_of(out: str) -> list[list[str]]:
    lines = [line for line in out.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_one_command_prints_every_bar(data: Path) -> None:
    code, out, err = run("quality", data)
    assert code == 0, err
    rows = rows_of(out)
    assert len(rows) == sum(BARS.values())
    assert {row[-1] for row in rows} <= {"yes", "no"}
    assert out.startswith("`python -m bench quality`: angle (angle000angle000); raw: angle+raw (shift000shift000).")


def test_the_better_encoder_meets_its_bars_and_the_raw_one_itself_does_not(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, out, _ = run("quality", data, "xquad", "sdg-x2en")
    assert [row[-1] for row in rows_of(out)] == ["yes"] * (BARS["xquad"] + BARS["sdg-x2en"])
    monkeypatch.setattr(cli, "load_encoder", lambda _name, **_: ShiftedEncoder())
    _, out, _ = run("quality", data, "xquad")
    answers = {(row[1].partition(",")[0], row[-2]): row[-1] for row in rows_of(out)}
    assert answers["nDCG@10", "semantic ≥ raw + 0.07"] == "no"
    assert answers["nDCG@10 by query language", "semantic ≥ raw"] == "yes"


def test_parts_are_measured_alone_and_languages_shown_on_request(data: Path) -> None:
    code, out, err = run("quality", data, "xquad", "--each", "--sample", 2)
    assert code == 0, err
    shown = [row[1] for row in rows_of(out)]
    assert shown.count("nDCG@10 by document language: el") == 2
    assert len([what for what in shown if what.startswith("nDCG@10 by document language")]) == 2 * len(LANGS)
    assert "xquad_para in 7 languages, foreign documents (12 queries)" in out


def test_what_is_measured_elsewhere_is_added_by_name(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def off_topic(_: Setup) -> Iterator[Bar]:
        case = Case(legs={}, estimate="3 of 100", margin=-1)
        yield Bar(data="off-topic queries", what="strong hits", limit="≤ 2", cases=(case,))

    for name in list(PARTS):
        monkeypatch.delitem(PARTS, name)
    monkeypatch.setitem(PARTS, "off-topic", off_topic)
    _, out, _ = run("quality", data)
    assert rows_of(out) == [["off-topic queries", "strong hits", "", "", "", "", "3 of 100", "≤ 2", "no"]]


def test_the_table_is_written_as_it_is_printed(data: Path, tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text("<!-- quality -->\nold\n<!-- /quality -->\n", encoding="utf-8")
    code, out, err = run("quality", data, "--write", readme)
    assert code == 0, err
    assert readme.read_text(encoding="utf-8") == f"<!-- quality -->\n\n{out}\n<!-- /quality -->\n"


def test_half_a_table_is_not_written(data: Path, tmp_path: Path) -> None:
    code, _, err = run("quality", data, "xquad", "--write", tmp_path / "README.md")
    assert code == 2
    assert "--write is for the whole table" in err


def test_missing_sets_are_one_line(tmp_path: Path) -> None:
    code, out, err = run("quality", tmp_path / "nothing")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "no test sets" in err


def test_peers_that_are_not_installed_are_named_with_the_way_to_install_them(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base.util, "find_spec", lambda name: None if name == "haystack" else object())
    code, out, err = run("peers", data)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "haystack-ai: not installed; to compare with peers, pip install -c constraints.txt '.[peers]'" in err


def test_without_a_command_every_table_is_printed_and_missing_peers_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[str] = []
    for name in ("correction", "quality", "exact", "similar", "service", "runtimes", "workers", "peers"):
        monkeypatch.setattr(cli.main.commands[name], "callback", lambda name=name, **_: called.append(name))
    monkeypatch.setattr(base.util, "find_spec", lambda _: None)
    result = CliRunner().invoke(cli.main, [])
    assert result.exit_code == 0, result.output
    assert called == ["correction", "quality", "exact", "similar", "service", "runtimes", "workers"]
    assert "txtai, haystack-ai, lancedb: not installed" in result.stderr
    monkeypatch.setattr(base.util, "find_spec", lambda _: object())
    CliRunner().invoke(cli.main, [])
    assert called == ["correction", "quality", "exact", "similar", "service", "runtimes", "workers"] * 2 + ["peers"]


def serve_nothing(monkeypatch: pytest.MonkeyPatch) -> list[ServiceSetup]:
    asked: list[ServiceSetup] = []

    def measure(setup: ServiceSetup) -> Measured:
        asked.append(setup)
        return made_up()

    monkeypatch.setattr(cli, "measure", measure)
    return asked


def test_sizes_can_be_chosen_and_engines_that_are_missing_are_named(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = serve_nothing(monkeypatch)
    monkeypatch.setattr(cli, "missing_packages", lambda: ["bm25s", "tantivy"])
    args = ["service", "--data", str(data), "--chunks", "10,200", "--scans", "300", "--encoder", "angle"]
    result = CliRunner().invoke(cli.main, args)
    assert result.exit_code == 0, result.output
    assert (asked[0].sizes, asked[0].scans) == ((10, 200), (300,))
    assert result.stdout.startswith("`python -m bench service --chunks 10,200 --scans 300`: angle, ")
    assert "bm25s, tantivy: not installed, left out" in result.stderr


@pytest.mark.parametrize("missing", [[], ["matplotlib"]])
def test_tables_limits_and_plots_are_written_as_far_as_they_can_be(
    data: Path, tmp_path: Path, missing: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    serve_nothing(monkeypatch)
    drawn: list[Path] = []
    monkeypatch.setattr(cli, "draw", lambda _, folder: drawn.append(folder))
    monkeypatch.setattr(cli, "missing_packages", lambda: missing)
    page = tmp_path / "performance.md"
    page.write_text(PAGE.read_text(encoding="utf-8"), encoding="utf-8")
    result = CliRunner().invoke(cli.main, ["service", "--data", str(data), "--write", str(page)])
    assert result.exit_code == 0, result.output
    tables, _, limits = result.stdout.partition("\n| worked out")
    written = page.read_text(encoding="utf-8")
    assert f"<!-- service -->\n\n{tables}\n<!-- /service -->\n" in written
    assert f"<!-- limits -->\n\n| worked out{limits}\n<!-- /limits -->\n" in written
    assert drawn == ([] if missing else [tmp_path])


def test_runtimes_are_a_table_on_the_page(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "runtime_table", lambda _: ["| a table |"])
    page = tmp_path / "performance.md"
    page.write_text(PAGE.read_text(encoding="utf-8"), encoding="utf-8")
    result = CliRunner().invoke(cli.main, ["runtimes", "--data", str(data), "--write", str(page)])
    assert result.exit_code == 0, result.output
    assert f"<!-- runtimes -->\n\n{result.stdout}\n<!-- /runtimes -->\n" in page.read_text(encoding="utf-8")
    assert result.stdout.endswith("\n\n| a table |\n")


def test_the_page_shows_every_plot() -> None:
    shown = re.findall(r"!\[[^]]+\]\(([^)]+)\)", PAGE.read_text(encoding="utf-8"))
    assert sorted(shown) == sorted(path.name for path in PAGE.parent.glob("*.svg"))


@pytest.mark.parametrize("sizes", ["0", "10,", "many"])
def test_sizes_that_are_no_numbers_are_refused(data: Path, sizes: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = serve_nothing(monkeypatch)
    result = CliRunner().invoke(cli.main, ["service", "--data", str(data), "--chunks", sizes])
    assert (result.exit_code, asked) == (2, [])
    assert "no list of numbers such as 1000,10000" in result.stderr
