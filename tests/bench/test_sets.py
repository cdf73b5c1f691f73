from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from bench.sets import SIX, check_data, in_languages, one_language_each, sdg_x2en, translated, xquad, xquad_one_language
from evaluation.dataset import Dataset, corpus_id, read_dataset
from indexer.shared.errors import ConcordError
from tests.bench.fakes import LANGS, PARAGRAPHS, write_sets


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_sets(tmp_path / "clir")


@pytest.fixture
def whole(data: Path) -> Dataset:
    return translated(read_dataset(data / "xquad_para"))


def test_questions_that_differ_in_language_alone_are_one_item(whole: Dataset) -> None:
    by_item = Counter(topic.item for topic in whole.topics)
    assert by_item == {f"q{angle}": len(LANGS) for angle in PARAGRAPHS}


def test_what_is_relevant_is_so_in_every_language(whole: Dataset) -> None:
    assert whole.qrels["q5.de"] == {f"p5.{lang}": 1 for lang in LANGS}


def test_grades_are_kept(data: Path) -> None:
    dataset = read_dataset(data / "xquad_para")
    graded = translated(replace(dataset, qrels={"q5.de": {"p5.en": 3, "p10.en": 0}}))
    assert graded.qrels["q5.de"]["p5.zh"] == 3
    assert graded.qrels["q5.de"]["p10.de"] == 0


def test_the_same_questions_are_asked_in_each_of_six_languages_with_every_document_there(data: Path) -> None:
    sampled = xquad(data, 4)
    items = {lang: {topic.item for topic in sampled.topics if topic.lang == lang} for lang in SIX}
    assert {len(found) for found in items.values()} == {4}
    assert len(set.union(*items.values())) == 4
    assert {topic.lang for topic in sampled.topics} == set(SIX)
    assert len(sampled.documents) == len(PARAGRAPHS) * len(LANGS)


def test_each_paragraph_is_left_in_one_language_of_six(data: Path) -> None:
    derived = xquad_one_language(data)
    names = [corpus_id(document.document_id).partition(".")[0] for document in derived.documents]
    assert sorted(names) == sorted(f"p{angle}" for angle in PARAGRAPHS)
    langs = {document.lang for document in derived.documents}
    assert langs <= set(SIX)
    assert len(langs) > 2


def test_the_version_left_is_relevant_whichever_language_asks(data: Path) -> None:
    derived = xquad_one_language(data)
    kept = {corpus_id(document.document_id) for document in derived.documents}
    for topic in derived.topics:
        [(document, grade)] = derived.qrels[topic.topic_id].items()
        assert (document in kept, grade) == (True, 1)
        assert document.partition(".")[0] == topic.topic_id.partition(".")[0].replace("q", "p")
    own = [topic for topic in derived.topics if f".{topic.lang}" in str(derived.qrels[topic.topic_id])]
    assert own, "some questions are in the paragraph's own language"


def test_which_language_is_left_follows_from_the_seed_alone(whole: Dataset) -> None:
    def chosen(seed: int) -> list[str]:
        return [document.document_id for document in one_language_each(whole, SIX, seed=seed).documents]

    assert chosen(0) == chosen(0)
    assert chosen(0) != chosen(1)


def test_a_derived_set_has_a_name_of_its_own(data: Path) -> None:
    assert xquad_one_language(data).name != xquad(data).name


def test_queries_are_narrowed_to_languages_and_documents_are_not(whole: Dataset) -> None:
    narrowed = in_languages(whole, ("de", "el"))
    assert {topic.lang for topic in narrowed.topics} == {"de", "el"}
    assert narrowed.documents == whole.documents


def test_the_goals_are_compared_with_the_same_questions_in_english(data: Path) -> None:
    dataset = sdg_x2en(data, 3)
    assert len(dataset.topics) == 6
    assert {topic.item for topic in dataset.references} == {topic.item for topic in dataset.topics}
    assert {topic.lang for topic in dataset.references} == {"en"}


def test_sets_that_are_missing_are_named_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "sdg_en2x").mkdir()
    with pytest.raises(ConcordError, match="no test sets ogp_knownitem_dev, sdg_x2en, xquad_para there"):
        check_data(tmp_path)
