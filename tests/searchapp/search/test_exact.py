from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from indexer.keyword_index import KeywordEntry, write_keyword_index
from indexer.shared.analysis import analysis_revision
from indexer.shared.postings import load_postings
from searchapp.search.exact import ABOUT, NUMBER_WEIGHT, RARE, RARE_SHARE, ExactWords
from searchapp.search.keyword import KeywordLeg
from searchapp.search.query import parse_query

Bonus = Callable[[str], list[float]]

TEXTS = [
    ("en", "The inquiry into Hillsborough cost 4,711 pounds in 2014"),
    ("es", "El presupuesto de 2014, un proyecto de la ciudad"),
    ("ru", "проект общества в 2014 году, 12 городов"),
    ("ar", "مشروع الحكومة ٤٬٧١٢ دينار"),
    ("zh", "关于项目的 COP26 报告"),
    ("de", "Das Projekt der Stadt und die Vergabe"),
    *[("en", f"Of Mexico and open project number{number}") for number in range(RARE + 1)],
    *[("fr", "un texte")] * 150,
]


def exact(folder: Path, texts: list[tuple[str, str]], commitment: list[int] | None = None) -> ExactWords:
    entries = [
        KeywordEntry(row=row, commitment_id=f"XX{row:04}", lang=lang, title="", institutions="", text=text)
        for row, (lang, text) in enumerate(texts)
    ]
    write_keyword_index(folder, entries, {lang for lang, _ in texts})
    numbers = np.array(commitment or range(len(texts)), dtype=np.int32)
    return ExactWords(KeywordLeg(load_postings(folder, revision=analysis_revision())).lexicon, numbers)


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> ExactWords:
    return exact(tmp_path_factory.mktemp("exact"), TEXTS)


def lifted(words: ExactWords, typed: str) -> list[int]:
    """The rows with a bonus, the highest first."""
    bonus = words.shares(parse_query(typed)).bonus
    assert bonus.dtype == np.float32
    assert bonus.shape == (len(TEXTS),)
    assert ((bonus >= 0) & (bonus <= 1 + 1e-6)).all()
    return [int(row) for row in np.argsort(-bonus, kind="stable") if bonus[row] > 0]


@pytest.mark.parametrize(
    ("typed", "rows"),
    [
        ("4711", [0]),
        ("proyecto 4.711", [0]),
        ("проект 4 711", [0]),
        ("مشروع ٤٧١١", [0]),
        ('"4711"', [0]),
        ("4712", [3]),
        ("2014", [0, 1, 2]),
        ("12", [2]),
        ("Hillsborough", [0]),
        ("proyecto hillsborough", [0]),
        ("关于 Hillsborough", [0]),
        ("cop26", [4]),
        ("4711 4712", [0, 3]),
        ("4711 2014", [0, 1, 2]),
    ],
)
def test_a_number_or_a_rare_name_lifts_the_passages_that_have_it(
    words: ExactWords, typed: str, rows: list[int]
) -> None:
    assert lifted(words, typed) == rows


@pytest.mark.parametrize(
    "typed",
    [
        "inquiry",
        "presupuesto",
        "project",
        "Vergabe",
        "Mexico",
        "关于项目",
        "4",
        "471",
        "47110",
        "zzz 9999",
        "hillsborugh",
        "4711*",
        "open -4711",
        "id:4711",
    ],
)
def test_other_words_lift_nothing(words: ExactWords, typed: str) -> None:
    assert lifted(words, typed) == []


def test_the_bonus_of_a_number_alone_is_its_whole_weight_and_falls_with_other_words(words: ExactWords) -> None:
    values = [
        words.shares(parse_query(f"4711{more}")).bonus[0] for more in ("", " project", " project city", " a b c d e f")
    ]
    assert values[0] == pytest.approx(NUMBER_WEIGHT)
    assert values == sorted(values, reverse=True)
    assert values[-1] > 0


def test_a_name_counts_only_in_a_query_that_is_about_it(words: ExactWords) -> None:
    assert words.shares(parse_query("Hillsborough")).bonus[0] == pytest.approx(1)
    long = "how much money did the public inquiry into Hillsborough cost in pounds in the city"
    assert not words.shares(parse_query(long)).bonus.any()
    assert 0 < ABOUT < 1


def test_coverage_is_the_share_of_the_query_that_exact_words_are(words: ExactWords) -> None:
    coverage = words.shares(parse_query("4711 Hillsborough")).coverage
    assert coverage.share[0] == pytest.approx(1)
    assert coverage.idf[0] == pytest.approx(2 * math.log(1 + (len(TEXTS) - 0.5) / 1.5))
    assert not coverage.share[1:].any()
    part = words.shares(parse_query("project 4711")).coverage
    assert 0 < part.share[0] < 1
    assert part.idf[0] == pytest.approx(coverage.idf[0] / 2)
    assert not words.shares(parse_query("project")).coverage.share.any()


def test_the_rarer_number_weighs_more(words: ExactWords) -> None:
    bonus = words.shares(parse_query("4711 2014")).bonus
    assert bonus[0] > bonus[1] == bonus[2] > 0
    alone = words.shares(parse_query("4712 2014")).bonus
    assert alone[3] > alone[1]


def test_rare_counts_commitments_and_not_passages(tmp_path: Path) -> None:
    texts = [("en", "the Hillsborough panel")] * (RARE + 2)
    texts += [("en", "another text")] * 200
    several = exact(tmp_path / "several", texts)
    assert not several.shares(parse_query("Hillsborough")).bonus.any()
    one = exact(tmp_path / "one", texts, commitment=[0] * (RARE + 2) + list(range(1, 201)))
    assert np.flatnonzero(one.shares(parse_query("Hillsborough")).bonus).tolist() == list(range(RARE + 2))


def test_among_few_commitments_no_word_is_rare(tmp_path: Path) -> None:
    few = int(1 / RARE_SHARE) - 1
    texts = [("en", "the Hillsborough panel"), *[("en", f"text {number}") for number in range(few)]]
    assert exact(tmp_path / "enough", texts).shares(parse_query("Hillsborough")).bonus.any()
    assert not exact(tmp_path / "few", texts[:-1]).shares(parse_query("Hillsborough")).bonus.any()
    assert exact(tmp_path / "number", [*texts[:1], ("en", "4711")]).shares(parse_query("4711")).bonus.any()


def test_a_word_that_is_mostly_written_small_is_no_name(tmp_path: Path) -> None:
    texts = [("en", "the Hub of all"), ("en", "a hub"), ("en", "any hub"), *[("en", "a text")] * 200]
    assert not exact(tmp_path / "small", texts).shares(parse_query("hub")).bonus.any()
    assert exact(tmp_path / "large", [*texts[:2], *texts[3:]]).shares(parse_query("hub")).bonus.any()


def test_an_index_of_no_passages_lifts_nothing(tmp_path: Path) -> None:
    assert exact(tmp_path, []).shares(parse_query("4711 Hillsborough")).bonus.shape == (0,)
