from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from concord import main
from indexer.shared import encoder as encoders
from indexer.shared.storage import current_digest, open_generation
from tests.fakes import FakeEncoder, load_fake


@pytest.fixture(autouse=True)
def _fake_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoders, "load_encoder", lambda *_args, **_kwargs: FakeEncoder())


@pytest.fixture
def pages(tmp_path: Path, seeds: Path) -> Path:
    shutil.copytree(seeds, tmp_path / "pages")
    return tmp_path / "pages"


def run(*args: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, [str(arg) for arg in args])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.stdout, result.stderr


def test_indexing_says_what_it_did_on_stderr(pages: Path, tmp_path: Path) -> None:
    code, out, err = run("index", pages, "--index", tmp_path / "index")
    assert (code, out) == (0, "")
    assert "5 commitments in 5 documents" in err
    assert "languages es, fr; 0 rejected" in err


def test_by_several_processes_the_index_is_the_same(
    pages: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoders, "load_encoder", load_fake)
    for workers in (1, 2):
        code, _, err = run("index", pages, "--index", tmp_path / str(workers), "--workers", workers)
        assert (code, err.count("5 commitments in 5 documents")) == (0, 1)
    alone, many = (open_generation(tmp_path / str(workers)).manifest for workers in (1, 2))
    assert (many.digest, many.files) == (alone.digest, alone.files)


def test_how_far_embedding_is_and_its_rate_are_shown(
    pages: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(encoders, "load_encoder", load_fake)
    args = ["index", str(pages), "--index", str(tmp_path / "index"), "--workers", "2"]
    main(args, standalone_mode=False)
    assert re.search(r"Encoding: 100%.* (\d+)/\1 .* texts/s\]", capsys.readouterr().err)


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (["--workers", "0"], "0 is not in the range x>=1"),
        (["--workers", "2", "--dask", "tcp://localhost:8786"], "--workers and --dask can't be used together"),
        (
            ["--dask", "localhost"],
            "concord: 'localhost' is no address of a Dask scheduler (expected tcp://host:port or",
        ),
    ],
)
def test_workers_that_can_not_be_are_one_line(pages: Path, tmp_path: Path, args: list[str], expected: str) -> None:
    code, _, err = run("index", pages, "--index", tmp_path / "index", *args)
    assert code == 2
    assert expected in err
    assert not (tmp_path / "index").exists()


def test_indexing_again_embeds_nothing_and_keeps_the_digest(pages: Path, tmp_path: Path) -> None:
    run("index", pages, "--index", tmp_path / "index")
    digest = current_digest(tmp_path / "index")
    code, _, err = run("index", pages, "--index", tmp_path / "index")
    assert code == 0
    assert "(0 embedded anew)" in err
    assert current_digest(tmp_path / "index") == digest


def test_rejected_files_are_named_and_the_rest_is_indexed(pages: Path, tmp_path: Path) -> None:
    (pages / "empty.txt").write_text("")
    code, _, err = run("index", pages, tmp_path / "nowhere", "--index", tmp_path / "index")
    assert code == 1
    assert f"rejected: {pages}/empty.txt: " in err
    assert f"rejected: {tmp_path}/nowhere: no such file or folder" in err
    assert "5 commitments" in err
    assert "2 rejected" in err


def test_when_nothing_can_be_read_the_old_index_stays(pages: Path, tmp_path: Path) -> None:
    run("index", pages, "--index", tmp_path / "index")
    digest = current_digest(tmp_path / "index")
    code, _, err = run("index", tmp_path / "nowhere", "--index", tmp_path / "index")
    assert code == 1
    assert "nothing could be indexed" in err
    assert current_digest(tmp_path / "index") == digest


def test_a_removed_file_is_no_longer_found(pages: Path, tmp_path: Path) -> None:
    run("index", pages, "--index", tmp_path / "index")
    next(pages.glob("000*")).unlink()
    run("index", pages, "--index", tmp_path / "index")
    _, out, _ = run("search", "corruption", "--mode", "keyword", "--index", tmp_path / "index", "--format", "csv")
    assert "UK0066" not in out


ROWS = "Nr,Inhalt,country,ambition\nA1,We will publish all contracts.,Kenya,Colossal\nA2,We will consult.,Narnia,\n"


def test_tables_are_indexed_with_columns_of_other_names_and_bad_rows_named(pages: Path, tmp_path: Path) -> None:
    rows = pages / "rows.csv"
    rows.write_text(ROWS)
    index = tmp_path / "index"
    code, _, err = run("index", pages, "--map", "Nr=id", "--map", "Inhalt=text", "--index", index)
    assert code == 1
    assert "6 commitments in 6 documents" in err
    assert f"rejected: {rows}:3: country: unknown country 'Narnia'" in err
    _, out, _ = run("stats", "--index", index)
    assert "ambition: 'Colossal' (1)" in out


def test_standard_input_is_indexed(tmp_path: Path) -> None:
    args = [
        "index",
        "-",
        "--format",
        "csv",
        "--map",
        "Nr=id",
        "--map",
        "Inhalt=text",
        "--index",
        str(tmp_path / "index"),
    ]
    result = CliRunner().invoke(main, args, input=ROWS)
    assert result.exit_code == 1
    assert "1 commitments in 1 documents" in result.stderr
    assert "rejected: -:3: country: " in result.stderr


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (["--map", "Nr=number"], "'Nr=number' (expected COLUMN=FIELD, FIELD one of id, title, text, "),
        (["--map", "Nr"], "'Nr' (expected COLUMN=FIELD, FIELD one of "),
        (["--format", "xlsx"], "'xlsx' (expected one of irm-csv, csv, jsonl, ogp-html, ogp-text)"),
    ],
)
def test_unknown_fields_and_formats_are_wrong_usage(pages: Path, args: list[str], expected: str) -> None:
    code, _, err = run("index", pages, *args)
    assert code == 2
    assert expected in err


def test_an_edited_row_is_the_only_one_embedded_anew(tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    content = "id,text\n" + "".join(f"A{number},We will publish list {number}.\n" for number in range(20))
    rows.write_text(content)
    run("index", rows, "--index", tmp_path / "index")
    rows.write_text(content.replace("list 7.", "the seventh list."))
    _, _, err = run("index", rows, "--index", tmp_path / "index")
    assert "20 commitments" in err
    assert "(1 embedded anew)" in err


def test_stats_describe_the_index(pages: Path, tmp_path: Path) -> None:
    run("index", pages, "--index", tmp_path / "index")
    code, out, _ = run("stats", "--index", tmp_path / "index")
    assert code == 0
    assert "commitments   5" in out
    assert "languages     fr 4, es 1" in out
    assert "countries     KR 2, DE 1, FR 1, GB 1" in out
    assert "regions       europe 3, asia 2" in out


@pytest.mark.parametrize("command", [["search", "x"], ["stats"]])
def test_a_missing_index_is_one_line_and_exit_code_2(tmp_path: Path, command: list[str]) -> None:
    code, out, err = run(*command, "--index", tmp_path)
    assert (code, out) == (2, "")
    assert err == f"concord: {tmp_path}: there is no index here yet; build one with `concord index SOURCE...`\n"


def test_settings_come_from_the_environment_too(pages: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONCORD_INDEX", str(tmp_path / "elsewhere"))
    run("index", pages)
    assert current_digest(tmp_path / "elsewhere")


def test_help_and_keyword_search_never_import_torch(pages: Path, tmp_path: Path) -> None:
    run("index", pages, "--index", tmp_path / "index")
    program = (
        "import sys\n"
        "from click.testing import CliRunner\n"
        "from concord import main\n"
        "for args in (['--help'], ['index', '--help'],\n"
        f"             ['search', 'corruption', '--mode', 'keyword', '--index', {str(tmp_path / 'index')!r}]):\n"
        "    result = CliRunner().invoke(main, args)\n"
        "    assert result.exit_code == 0, result.output\n"
        "assert 'UK0066' in result.output\n"
        "heavy = {'torch', 'transformers', 'sentence_transformers'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)  # noqa: S603 (our own program)
    assert done.returncode == 0, done.stderr


def test_verify_says_that_an_index_is_whole_or_names_what_is_not(pages: Path, tmp_path: Path) -> None:
    run("index", pages, "--index", tmp_path / "index")
    code, _, err = run("verify", "--index", tmp_path / "index")
    assert code == 0
    assert current_digest(tmp_path / "index") in err
    damaged = tmp_path / "index" / "generations" / current_digest(tmp_path / "index") / "documents.jsonl"
    damaged.write_bytes(damaged.read_bytes().replace(b"UK0066", b"UK0067"))
    code, _, err = run("verify", "--index", tmp_path / "index")
    assert code == 2
    assert f"damaged: {damaged}\n" in err
    assert "rebuild" in err
