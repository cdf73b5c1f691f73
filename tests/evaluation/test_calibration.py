from __future__ import annotations

from collections import Counter
from itertools import product

import pytest

from evaluation.calibration import SPLITS, TOPICS, Checked, check, read_queries, report
from indexer.shared.background import read_background
from searchapp.search.searcher import Searcher
from tests.conftest import BuildIndex
from tests.fakes import FakeEncoder, document

QUERIES = {key: read_queries(*key) for key in product(TOPICS, SPLITS)}


@pytest.mark.parametrize("key", [*QUERIES])
def test_there_are_five_queries_of_each_kind_in_each_of_ten_languages(key: tuple[str, str]) -> None:
    counts = Counter(lang for lang, _ in QUERIES[key])
    assert len(counts) == 10
    assert set(counts.values()) == {5}


def test_no_query_occurs_twice_or_is_part_of_the_background() -> None:
    texts = [text.casefold() for queries in QUERIES.values() for _, text in queries]
    assert len(texts) == len(set(texts)) == 200
    assert not set(texts) & {text.casefold() for text in read_background()}


def test_a_report_counts_and_names_the_errors() -> None:
    def checked(text: str, *, on_topic: bool, comparable: bool, evidence: float | None) -> Checked:
        return Checked(lang="en", text=text, on_topic=on_topic, comparable=comparable, evidence=evidence)

    lines = [
        *report(
            [
                checked("cake", on_topic=False, comparable=False, evidence=1.0),
                checked("puppy", on_topic=False, comparable=True, evidence=4.0),
                checked("open data", on_topic=True, comparable=True, evidence=7.0),
            ]
        )
    ]
    assert lines[1].split() == lines[2].replace("all", "en").split() == ["en", "1", "of", "2", "0", "of", "1"]
    assert lines[3:] == ["  evidence: off-topic 4.00 at most, on-topic 7.00 at least", "  off-topic en: puppy"]


def test_words_of_other_languages_are_no_error_of_keyword_mode_to_list(build: BuildIndex) -> None:
    searcher = Searcher.open(build([document("UK0001", "Open data portal.")]), encoder=FakeEncoder())
    checked = check(searcher, "keyword", "dev")
    assert len(checked) == 100
    assert {one.evidence for one in checked} == {None}
    assert not any("on-topic ru:" in line for line in report(checked))


@pytest.mark.encoder
@pytest.mark.parametrize("mode", ["hybrid", "semantic", "keyword"])
def test_queries_that_the_seeds_do_not_answer_find_nothing_comparable(seed_searcher: Searcher, mode: str) -> None:
    off_topic = [one for one in check(seed_searcher, mode, "dev") if not one.on_topic]  # type: ignore[arg-type]
    assert len(off_topic) == 50
    assert [one.text for one in off_topic if one.comparable] == []
