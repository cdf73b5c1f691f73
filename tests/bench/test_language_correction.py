from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench.language_correction import TestSet as CorrectionSet
from bench.language_correction import compare, interval, read_set, scores
from tests.fakes import FakeEncoder


def small(**changes: object) -> CorrectionSet:
    values = {
        "name": "small",
        "documents": (("d1", "fr", "eau pure"), ("d2", "es", "water"), ("d3", "en", "water")),
        "queries": (("q1", "en", "water"),),
        "relevant": {"q1": {"d1", "d2", "d3"}},
    }
    return CorrectionSet(**values | changes)  # type: ignore[arg-type]


def with_fake(test_set: CorrectionSet) -> list[float]:
    encoder = FakeEncoder()
    passages = encoder.encode_passages([text for _, _, text in test_set.documents])
    return scores(test_set, passages, encoder.encode_queries([text for _, _, text in test_set.queries])).tolist()


def test_documents_in_the_querys_language_neither_count_nor_rank() -> None:
    assert with_fake(small()) == [1.0]


def test_a_relevant_document_at_the_second_place_is_discounted() -> None:
    [score] = with_fake(small(relevant={"q1": {"d1"}}))
    assert score == pytest.approx(1 / np.log2(3))


def test_the_interval_of_a_constant_difference_is_that_difference() -> None:
    assert interval(np.full(20, 0.25)) == (0.25, 0.25)


def test_a_sample_has_equally_many_queries_of_each_language_and_is_always_the_same(shared_data: Path) -> None:
    one = read_set(shared_data / "clir" / "xquad_para", 300)
    assert len(one.queries) == 300
    assert {lang: sum(query[1] == lang for query in one.queries) for lang in ("en", "zh", "el")} == {
        "en": 25,
        "zh": 25,
        "el": 25,
    }
    assert read_set(shared_data / "clir" / "xquad_para", 300).queries == one.queries


@pytest.mark.encoder
def test_the_corrected_encoder_finds_more_than_the_raw_one_among_articles_in_23_languages(shared_data: Path) -> None:
    raw, corrected = compare(read_set(shared_data / "clir" / "udhr_en2x", None))
    assert corrected.mean() > raw.mean()


@pytest.mark.encoder
def test_the_corrected_encoder_finds_more_than_the_raw_one_for_questions_in_12_languages(shared_data: Path) -> None:
    """On a quarter of the paragraphs, to save time; `python -m bench` does it on all of them."""
    whole = read_set(shared_data / "clir" / "xquad_para", None)
    kept = {item for number, item in enumerate(sorted({item_of(one) for one in whole.documents})) if number % 4 == 0}
    queries = [one for one in whole.queries if item_of((next(iter(whole.relevant[one[0]])), "", "")) in kept]
    raw, corrected = compare(
        replace(
            whole,
            documents=tuple(one for one in whole.documents if item_of(one) in kept),
            queries=tuple(queries[:: len(queries) // 300][:300]),
        )
    )
    assert len(raw) == 300
    assert corrected.mean() > raw.mean()


def item_of(document: tuple[str, str, str]) -> str:
    return document[0].rpartition(".")[0]
