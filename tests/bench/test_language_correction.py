from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench.language_correction import compare, ndcg
from evaluation.dataset import Dataset, corpus_id, read_dataset, sample_topics
from tests.fakes import FakeEncoder


@pytest.fixture
def small(tmp_path: Path) -> Dataset:
    documents = [("d1", "fr", "eau pure"), ("d2", "es", "water"), ("d3", "en", "water")]
    rows = [{"id": name, "lang": lang, "text": text} for name, lang, text in documents]
    (tmp_path / "corpus.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    (tmp_path / "queries.jsonl").write_text('{"id": "q1", "lang": "en", "text": "water"}', encoding="utf-8")
    (tmp_path / "qrels.tsv").write_text("q1\td1\t1\nq1\td2\t1\nq1\td3\t1\n", encoding="utf-8")
    return read_dataset(tmp_path)


def with_fake(dataset: Dataset) -> list[float]:
    encoder = FakeEncoder()
    passages = encoder.encode_passages([document.text for document in dataset.documents])
    return ndcg(dataset, passages, encoder.encode_queries([topic.query.text for topic in dataset.topics])).tolist()


def test_documents_in_the_querys_language_neither_count_nor_rank(small: Dataset) -> None:
    assert with_fake(small) == [1.0]


def test_a_relevant_document_at_the_second_place_is_discounted(small: Dataset) -> None:
    [score] = with_fake(replace(small, qrels={"q1": {"d1": 1}}))
    assert score == pytest.approx(1 / np.log2(3), abs=1e-5)


@pytest.mark.encoder
def test_the_corrected_encoder_finds_more_than_the_raw_one_among_articles_in_23_languages(shared_data: Path) -> None:
    raw, corrected = compare(read_dataset(shared_data / "clir" / "udhr_en2x"))
    assert corrected.mean() > raw.mean()


@pytest.mark.encoder
def test_the_corrected_encoder_finds_more_than_the_raw_one_for_questions_in_12_languages(shared_data: Path) -> None:
    """On a quarter of the paragraphs, to save time; `python -m bench` does it on all of them."""
    whole = read_dataset(shared_data / "clir" / "xquad_para")
    items = sorted({item_of(corpus_id(document.document_id)) for document in whole.documents})
    kept = set(items[::4])
    quarter = replace(
        whole,
        documents=tuple(one for one in whole.documents if item_of(corpus_id(one.document_id)) in kept),
        topics=tuple(one for one in whole.topics if item_of(next(iter(whole.qrels[one.topic_id]))) in kept),
    )
    raw, corrected = compare(sample_topics(quarter, 25))
    assert len(raw) == 300
    assert corrected.mean() > raw.mean()


def item_of(name: str) -> str:
    return name.rpartition(".")[0]
