from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import ir_measures
import pytest
from click.testing import CliRunner

from concord import main
from evaluation.measures import MEASURES
from indexer.shared import encoder as encoders
from indexer.shared.background import read_background
from indexer.shared.encoder import Encoder
from tests.evaluation.fakes import QUERIES, AngleEncoder, write_set

SECOND = 1 / math.log2(3)
FOURTH = 1 / math.log2(5)


@pytest.fixture
def angle(monkeypatch: pytest.MonkeyPatch) -> AngleEncoder:
    encoder = AngleEncoder()
    monkeypatch.setattr(encoders, "load_encoder", lambda *_args, **_kwargs: encoder)
    return encoder


@pytest.fixture
def fruit(tmp_path: Path) -> Path:
    return write_set(tmp_path / "fruit")


def run(*args: object) -> tuple[int, str, str]:
    cache = Path(str(args[0])).parent / "cache"
    result = CliRunner().invoke(main, ["evaluate", *map(str, args), "--cache", str(cache)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stdout, result.stderr


def report_of(*args: object) -> Any:
    code, out, err = run(*args, "--format", "json")
    assert code == 0, err
    return json.loads(out)


def mode_of(report: Any, mode: str) -> dict[str, Any]:
    [found] = [one for one in report["modes"] if one["mode"] == mode]
    return dict(found)


def slices_of(report: Any, mode: str) -> dict[str, Any]:
    return {one["name"]: one for one in mode_of(report, mode)["slices"]}


def figures(found: dict[str, Any]) -> dict[str, float]:
    return {name: found[name] for name in MEASURES}


@pytest.mark.usefixtures("angle")
def test_overall_figures_are_those_worked_out_by_hand(fruit: Path) -> None:
    # nearest angles first: q1 finds its two at ranks 1 and 2, q2 its one at 2, q3 its one at 4
    report = report_of(fruit, "--mode", "semantic")
    assert report["dataset"] == "fruit"
    assert figures(mode_of(report, "semantic")) == pytest.approx(
        {
            "ndcg@10": (1 + SECOND + FOURTH) / 3,
            "r@10": 1,
            "r@25": 1,
            "r@100": 1,
            "mrr@10": (1 + 1 / 2 + 1 / 4) / 3,
            "p@1": 1 / 3,
        },
        abs=1e-6,
    )


@pytest.mark.usefixtures("angle")
def test_slices_are_those_worked_out_by_hand(fruit: Path) -> None:
    slices = slices_of(report_of(fruit, "--mode", "semantic"), "semantic")
    expected = {
        "query_lang=en": (2, (1 + FOURTH) / 2),
        "query_lang=fr": (1, SECOND),
        "doc_lang=en": (1, 1),  # only q1 has an answer in English, at 1 of d0, d10, d20
        "doc_lang=fr": (3, (1 + 1 + SECOND) / 3),  # q1 and q2 at 1 of the two French ones, q3 at 2
        "cross-lingual": (2, (1 + SECOND) / 2),  # q2 has no answer in English
        "same-language": (2, 1),  # q3 has no answer in English
        "lexical_rank != 1": (1, FOURTH),
    }
    assert {name: one["queries"] for name, one in slices.items()} == {name: n for name, (n, _) in expected.items()}
    for name, (_, ndcg) in expected.items():
        assert slices[name]["ndcg@10"] == pytest.approx(ndcg, abs=1e-6), name


@pytest.mark.usefixtures("angle")
def test_keyword_mode_finds_words_of_texts_alone(fruit: Path) -> None:
    # q1 shares "apple" and "0" with d0.en, q2 and q3 share no word with any text ("grape" is in another key)
    keyword = mode_of(report_of(fruit, "--mode", "keyword"), "keyword")
    assert keyword["p@1"] == pytest.approx(1 / 3, abs=1e-6)
    assert keyword["r@10"] == pytest.approx(1 / 6, abs=1e-6)


@pytest.mark.usefixtures("angle")
def test_modes_stand_side_by_side_with_intervals_and_against_each_other(fruit: Path) -> None:
    report = report_of(fruit)
    assert [one["mode"] for one in report["modes"]] == ["hybrid", "semantic", "keyword"]
    hybrid, keyword = mode_of(report, "hybrid"), mode_of(report, "keyword")
    for mode in report["modes"]:
        for one in (mode, *mode["slices"]):
            for name in MEASURES:
                low, high = one["ci"][name]
                assert low <= one[name] <= high
    assert hybrid["against"]["keyword"]["mrr@10"]["difference"] == pytest.approx(
        hybrid["mrr@10"] - keyword["mrr@10"], abs=1e-5
    )


def test_a_second_evaluation_encodes_nothing(fruit: Path, angle: AngleEncoder) -> None:
    first = report_of(fruit)
    assert len(angle.seen) == 5 + 3 + len(read_background())
    _, _, err = run(fruit)
    assert "fruit: 0 texts encoded anew" in err
    assert report_of(fruit) == first
    assert len(angle.seen) == 5 + 3 + len(read_background())


@pytest.mark.usefixtures("angle")
def test_operators_in_queries_are_plain_text(tmp_path: Path) -> None:
    plain = report_of(write_set(tmp_path / "set"))
    texts = ['0 "apple"?', "9 -cerise lang:en", '14 -"grape"']
    queries = [{**query, "text": text} for query, text in zip(QUERIES, texts, strict=True)]
    marked = report_of(write_set(tmp_path / "set", queries=queries))
    for mode in ("semantic", "keyword"):
        assert figures(mode_of(marked, mode)) == figures(mode_of(plain, mode))


@pytest.mark.usefixtures("angle")
def test_several_sets_give_a_list_in_their_order(tmp_path: Path) -> None:
    folders = [write_set(tmp_path / "b"), write_set(tmp_path / "a")]
    assert [report["dataset"] for report in report_of(*folders)] == ["b", "a"]


@pytest.mark.usefixtures("angle")
def test_trec_files_give_the_same_figures_to_other_tools(fruit: Path, tmp_path: Path) -> None:
    report = report_of(fruit, "--trec", tmp_path / "trec")
    qrels = list(ir_measures.read_trec_qrels(str(tmp_path / "trec" / "fruit.qrels")))
    for mode in ("hybrid", "semantic", "keyword"):
        ranked = list(ir_measures.read_trec_run(str(tmp_path / "trec" / f"fruit.{mode}.run")))
        found = ir_measures.calc_aggregate(list(MEASURES.values()), qrels, ranked)
        expected = figures(mode_of(report, mode))
        assert {name: found[one] for name, one in MEASURES.items()} == pytest.approx(expected, abs=1e-6)


@pytest.mark.usefixtures("angle")
def test_a_run_compared_with_itself_differs_in_nothing(fruit: Path, tmp_path: Path) -> None:
    run(fruit, "--save", tmp_path / "run.json")
    for mode in report_of(fruit, "--baseline", tmp_path / "run.json")["modes"]:
        for one in (mode, *mode["slices"]):
            assert one["baseline"]["queries"] == one["queries"]
            for name in MEASURES:
                assert one["baseline"][name] == {"difference": 0, "p": 1}


@pytest.mark.usefixtures("angle")
def test_a_baseline_is_compared_query_by_query(tmp_path: Path) -> None:
    worse = [{**query, "text": "19"} for query in QUERIES[:2]]  # both rank 20 first, then 13, 10, 3, 0
    write_set(tmp_path / "set", queries=worse, qrels=[("q1", "d0.en", 1), ("q2", "d10.fr", 1)])
    saved = tmp_path / "run.json"
    run(tmp_path / "set", "--save", saved, "--mode", "semantic")
    report = report_of(write_set(tmp_path / "set"), "--baseline", saved, "--mode", "semantic", "--mode", "keyword")
    compared = mode_of(report, "semantic")["baseline"]
    assert compared["queries"] == 2  # q3 is new
    assert compared["mrr@10"]["difference"] == pytest.approx(((1 - 1 / 5) + (1 / 2 - 1 / 2)) / 2, abs=1e-6)
    assert compared["mrr@10"]["p"] == pytest.approx(1)  # one query that differs proves nothing
    assert mode_of(report, "keyword")["baseline"] is None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "run.json: can't be read (No such file or directory)"),
        ("{", "run.json: no run that was saved with --save"),
        ('{"dataset": "fruit", "modes": []}', "run.json: no run that was saved with --save"),
        ('{"format": 9, "runs": []}', "run.json: format: format 9; expected 1"),
        ('{"format": 1, "runs": []}', "run.json: no run of 'fruit' is saved here"),
    ],
)
@pytest.mark.usefixtures("angle")
def test_an_unusable_baseline_is_one_line(fruit: Path, tmp_path: Path, content: str | None, message: str) -> None:
    if content is not None:
        (tmp_path / "run.json").write_text(content)
    code, out, err = run(fruit, "--baseline", tmp_path / "run.json")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert message in err


@pytest.mark.usefixtures("angle")
def test_an_unusable_set_is_one_line(tmp_path: Path) -> None:
    code, out, err = run(tmp_path / "nothing")
    assert (code, out) == (2, "")
    assert err.startswith(f"concord: {tmp_path}/nothing/corpus.jsonl: can't be read")
    assert err.count("\n") == 1


def test_two_sets_of_one_name_are_refused_before_anything_is_encoded(
    fruit: Path, tmp_path: Path, angle: AngleEncoder
) -> None:
    code, _, err = run(fruit, write_set(tmp_path / "other" / "fruit"))
    assert code == 2
    assert "another test set is called 'fruit'" in err
    assert angle.seen == []


def translations(tmp_path: Path, *queries: tuple[str, str]) -> Path:
    """A set of documents at 0, 1, ..., 29 degrees, and one query in several languages whose answer lies at 0."""
    return write_set(
        tmp_path,
        documents=[{"id": f"d{angle}", "lang": "en", "title": "", "text": f"{angle} x"} for angle in range(30)],
        queries=[{"id": f"q.{lang}", "lang": lang, "text": text, "item": "i"} for lang, text in queries],
        qrels=[(f"q.{lang}", "d0", 1) for lang, _ in queries],
    )


@pytest.mark.usefixtures("angle")
def test_parity_is_measured_against_english(tmp_path: Path) -> None:
    # English sees 0 to 9; German at 4.1 the same ten with 0 at rank 9; French at 8.4 sees 4 to 13
    folder = translations(tmp_path / "set", ("de", "4.1"), ("en", "0"), ("fr", "8.4"))
    parity = mode_of(report_of(folder, "--mode", "semantic"), "semantic")["parity"]
    ninth = 1 / math.log2(10)
    assert parity["reference"] == "en"
    assert parity["languages"] == [
        {"lang": "de", "queries": 1, "overlap@10": 1, "ndcg@10_lost": pytest.approx(1 - ninth, abs=1e-6)},
        {"lang": "fr", "queries": 1, "overlap@10": 0.6, "ndcg@10_lost": 1},
    ]
    assert parity["overlap@10"] == pytest.approx(0.8)
    assert parity["ndcg@10_lost"] == pytest.approx(1 - ninth / 2, abs=1e-6)


@pytest.mark.usefixtures("angle")
def test_parity_without_english_is_against_the_first_language(tmp_path: Path) -> None:
    folder = translations(tmp_path / "set", ("de", "0"), ("fr", "8.4"))
    parity = mode_of(report_of(folder, "--mode", "semantic"), "semantic")["parity"]
    assert (parity["reference"], [one["lang"] for one in parity["languages"]]) == ("de", ["fr"])


@pytest.mark.usefixtures("angle")
def test_parity_can_be_measured_against_the_queries_of_another_set(tmp_path: Path) -> None:
    folder = translations(tmp_path / "set", ("de", "4.1"), ("fr", "8.4"))
    references = translations(tmp_path / "references", ("en", "0"))
    report = report_of(folder, "--mode", "semantic", "--references", references)
    semantic = mode_of(report, "semantic")
    assert [one["overlap@10"] for one in semantic["parity"]["languages"]] == [1, 0.6]
    assert semantic["queries"] == 2


@pytest.mark.usefixtures("angle")
def test_queries_without_items_have_no_parity(fruit: Path) -> None:
    assert all("parity" not in mode for mode in report_of(fruit)["modes"])


@pytest.mark.usefixtures("angle")
def test_the_table_is_aligned_and_says_everything(tmp_path: Path) -> None:
    folder = translations(tmp_path / "set", ("en", "0"), ("fr", "8.4"))
    run(folder, "--save", tmp_path / "run.json")
    code, out, _ = run(folder, "--baseline", tmp_path / "run.json")
    assert code == 0
    lines = out.splitlines()
    assert lines[0] == "set: 30 documents, 2 queries, angle (angle000angle000, python)"
    header = lines[2]
    for name in ("nDCG@10", "95% interval", "R@10", "R@25", "R@100", "MRR@10", "P@1", "vs baseline"):
        assert name in header
    rows = lines[3 : lines.index("", 3)]
    assert [row.split()[0] for row in rows[::3]] == [
        "all",
        "query_lang=en",
        "query_lang=fr",
        "doc_lang=en",
        "cross-lingual",
        "same-language",
    ]
    assert {len(row) for row in rows} == {len(header)}
    assert "mode      against" in out
    assert "parity with en" in out


@pytest.mark.usefixtures("angle")
def test_a_sample_is_named_by_its_number_of_queries(tmp_path: Path) -> None:
    queries = [{"id": f"q{number}", "lang": "en", "text": f"{number} x"} for number in range(9)]
    qrels = [(f"q{number}", "d0.en", 1) for number in range(9)]
    report = report_of(write_set(tmp_path / "set", queries=queries, qrels=qrels), "--sample", 4)
    assert report["queries"] == mode_of(report, "hybrid")["queries"] == 4


def test_help_of_the_command_loads_neither_torch_nor_measures() -> None:
    program = (
        "import sys\n"
        "from click.testing import CliRunner\n"
        "from concord import main\n"
        "result = CliRunner().invoke(main, ['evaluate', '--help'])\n"
        "assert result.exit_code == 0, result.output\n"
        "heavy = {'torch', 'numpy', 'ir_measures', 'sentence_transformers'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)  # noqa: S603 (our own program)
    assert done.returncode == 0, done.stderr


@pytest.mark.encoder
def test_a_real_set_is_measured_with_the_real_encoder(
    shared_data: Path, encoder: Encoder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(encoders, "load_encoder", lambda *_args, **_kwargs: encoder)
    folder = shared_data / "clir" / "sdg_x2en"
    args = ["evaluate", str(folder), "--sample", "3", "--format", "json", "--cache", str(tmp_path)]
    result = CliRunner().invoke(main, args)
    assert result.exit_code == 0, result.stderr
    report = json.loads(result.stdout)
    assert report["queries"] == 13 * 3
    assert mode_of(report, "semantic")["mrr@10"] > 0.9
    assert slices_of(report, "semantic")["cross-lingual"]["mrr@10"] == mode_of(report, "semantic")["mrr@10"]
