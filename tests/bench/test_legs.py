from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench.legs import Legs, Setup, Slice, estimate, run_legs
from bench.sets import translated, xquad
from evaluation.dataset import read_dataset
from evaluation.runs import ALL, CROSS_LINGUAL, DOCUMENT_LANG, SAME_LANGUAGE, ModeRun
from tests.bench.fakes import PARAGRAPHS, ShiftedEncoder, write_sets
from tests.evaluation.fakes import AngleEncoder

FOREIGN = Slice(measure="ndcg@10", pool=CROSS_LINGUAL)


@pytest.fixture
def legs(tmp_path: Path) -> Legs:
    data = write_sets(tmp_path / "clir")
    setup = Setup(data=data, cache=tmp_path / "cache", encoder=AngleEncoder(), raw=ShiftedEncoder())
    return run_legs(xquad(data), setup)


def made_up(keyword: list[float], semantic: list[float], hybrid: list[float], folder: Path) -> Legs:
    """Legs whose MRR@10 is given query by query, for the first questions in German and in Greek."""
    dataset = translated(read_dataset(write_sets(folder) / "xquad_para"))
    topics = tuple(topic for topic in dataset.topics if topic.lang in {"de", "el"})[: len(hybrid)]
    runs = {}
    for name, values in {"raw": hybrid, "keyword": keyword, "semantic": semantic, "hybrid": hybrid}.items():
        table = np.full((len(values), 6), np.nan)
        table[:, 4] = values
        runs[name] = ModeRun(mode="hybrid", values={ALL: table}, ranked={}, references={})
    return Legs(type(dataset)(name="", documents=dataset.documents, topics=topics, qrels={}), runs)


MRR = Slice(measure="mrr@10")


def test_every_leg_is_run_on_the_same_queries(legs: Legs) -> None:
    means = legs.means(FOREIGN)
    assert list(means) == ["raw", "keyword", "semantic", "hybrid"]
    assert means["semantic"] == 1
    assert means["raw"] < 0.9


def test_raw_is_the_encoder_by_itself(legs: Legs) -> None:
    # a question in English lies where English texts lie; others stand 20 degrees off, so that the one at 0 is the
    # nearest foreign text to all questions from 0 to 20, and right for the first
    english = legs.means(Slice(measure="mrr@10", pool=SAME_LANGUAGE, query_lang="en"))
    foreign = legs.means(Slice(measure="p@1", pool=CROSS_LINGUAL, query_lang="en"))
    assert english["raw"] == 1
    assert foreign["raw"] == pytest.approx(1 / len(PARAGRAPHS), abs=1e-6)


def test_queries_in_the_documents_language_do_not_count_among_them(legs: Legs) -> None:
    values = legs.values("semantic", Slice(measure="ndcg@10", pool=DOCUMENT_LANG + "en"))
    langs = np.array([topic.lang for topic in legs.dataset.topics])
    assert np.isnan(values[langs == "en"]).all()
    assert not np.isnan(values[langs != "en"]).any()


def test_a_query_language_narrows_the_queries(legs: Legs) -> None:
    values = legs.values("raw", Slice(measure="ndcg@10", query_lang="zh"))
    assert int((~np.isnan(values)).sum()) == len(PARAGRAPHS)


def test_the_margin_is_what_is_left_over_the_bar(legs: Legs) -> None:
    means = legs.means(FOREIGN)
    gain = means["semantic"] - means["raw"]
    assert legs.over(FOREIGN, "semantic", "raw", by=0.07).margin == pytest.approx(gain - 0.07)
    assert not legs.over(FOREIGN, "raw", "semantic", by=0).met
    assert legs.reaches(FOREIGN, "semantic", least=0.985).margin == pytest.approx(0.015)
    assert not legs.reaches(FOREIGN, "raw", least=0.985).met


def test_hybrid_is_held_against_whichever_leg_is_better(tmp_path: Path) -> None:
    words_win = made_up([0.9, 0.9], [0.5, 0.5], [0.8, 0.8], tmp_path / "a")
    meaning_wins = made_up([0.5, 0.5], [0.9, 0.9], [0.8, 0.8], tmp_path / "b")
    for legs in (words_win, meaning_wins):
        assert legs.over_better(MRR, by=-0.005).margin == pytest.approx(-0.095)
    assert made_up([0.5, 0.5], [0.802, 0.802], [0.8, 0.8], tmp_path / "c").over_better(MRR, by=-0.005).met


def test_a_gain_that_may_be_chance_is_not_sure(tmp_path: Path) -> None:
    few = made_up([0.0, 1.0], [0, 0], [1.0, 1.0], tmp_path / "a")
    assert not few.surely_over(MRR, "hybrid", "keyword", p=0.05).met
    many = made_up([0.5] * 24, [0] * 24, [0.6] * 24, tmp_path / "b")
    assert many.surely_over(MRR, "hybrid", "keyword", p=0.05).met


def test_a_sure_loss_is_no_gain(tmp_path: Path) -> None:
    worse = made_up([0.6] * 24, [0] * 24, [0.5] * 24, tmp_path)
    assert not worse.surely_over(MRR, "hybrid", "keyword", p=0.05).met


def test_an_estimate_leaves_out_what_is_not_counted() -> None:
    found = estimate(np.array([0.5, np.nan, 0.7]), np.arange(3))
    assert found.mean == pytest.approx(0.6)
    assert found.low <= 0.6 <= found.high
