from __future__ import annotations

from pathlib import Path

import pytest

from evaluation.dataset import corpus_id, read_dataset, sample_topics, with_references
from indexer.shared.errors import InputError
from tests.evaluation.fakes import DOCUMENTS, QUERIES, write_set


def test_a_set_is_read_whole(tmp_path: Path) -> None:
    dataset = read_dataset(write_set(tmp_path / "fruit"))
    assert dataset.name == "fruit"
    assert len(dataset.documents) == 5
    assert [topic.topic_id for topic in dataset.topics] == ["q1", "q2", "q3"]
    assert dataset.qrels["q1"] == {"d0.en": 1, "d0/fr%é": 1, "d20.en": 0}
    assert [topic.lexical_rank for topic in dataset.topics] == [None, 1, 5]


def test_document_ids_lead_back_to_the_corpus_and_are_ordered(tmp_path: Path) -> None:
    documents = read_dataset(write_set(tmp_path)).documents
    assert {corpus_id(one.document_id) for one in documents} == {one["id"] for one in DOCUMENTS}
    assert [one.document_id for one in documents] == sorted(one.document_id for one in documents)
    assert len({one.commitment_id for one in documents}) == len(documents)


def test_languages_are_known_by_their_primary_tag(tmp_path: Path) -> None:
    assert {one.lang for one in read_dataset(write_set(tmp_path)).documents} == {"en", "fr"}


def test_other_keys_are_never_part_of_a_document(tmp_path: Path) -> None:
    for document in read_dataset(write_set(tmp_path)).documents:
        assert "grape" not in repr(document)


def test_a_document_with_only_a_title_has_it_as_its_text(tmp_path: Path) -> None:
    documents = [*DOCUMENTS, {"id": "t", "lang": "en", "title": "Only this", "text": ""}]
    [titled] = [one for one in read_dataset(write_set(tmp_path, documents=documents)).documents if one.title]
    assert (titled.title, titled.text) == ("Only this", "Only this")


def test_queries_are_taken_literally(tmp_path: Path) -> None:
    queries = [*QUERIES, {"id": "q4", "lang": "en", "text": '-who said "lang:fr"?'}]
    query = read_dataset(write_set(tmp_path, queries=queries)).topics[-1].query
    assert (query.text, query.phrases, query.excluded, query.fields.lang) == ('-who said "lang:fr"?', (), (), ())


def test_a_line_separator_inside_a_text_ends_no_line(tmp_path: Path) -> None:
    documents = [*DOCUMENTS, {"id": "u", "lang": "en", "title": "", "text": "one\u2028two"}]
    assert len(read_dataset(write_set(tmp_path, documents=documents)).documents) == 6


DOCUMENT = '{"id": "x", "lang": "en", "title": "", "text": "words"}\n'
QUERY = '{"id": "x", "lang": "en", "text": "words"}\n'


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("corpus.jsonl", None, r"corpus\.jsonl: can't be read \(No such file"),
        ("corpus.jsonl", "\n", r"corpus\.jsonl: empty"),
        ("corpus.jsonl", DOCUMENT + "{", r"corpus\.jsonl:2: no JSON object"),
        ("corpus.jsonl", "[1]", r"corpus\.jsonl:1: no JSON object"),
        ("corpus.jsonl", '{"lang": "en", "text": "words"}', r"corpus\.jsonl:1: id: missing"),
        ("corpus.jsonl", '{"id": 7, "lang": "en", "text": "words"}', r"corpus\.jsonl:1: id: 7 is no text"),
        ("corpus.jsonl", '{"id": "a b", "lang": "en", "text": "words"}', r"corpus\.jsonl:1: id: 'a b' .*one word"),
        ("corpus.jsonl", '{"id": "a", "text": "words"}', r"corpus\.jsonl:1: lang: missing"),
        ("corpus.jsonl", '{"id": "a", "lang": "en"}', r"corpus\.jsonl:1: text: missing"),
        ("corpus.jsonl", '{"id": "a", "lang": "en", "text": " "}', r"corpus\.jsonl:1: text: empty"),
        ("corpus.jsonl", DOCUMENT + "\n" + DOCUMENT, r"corpus\.jsonl:3: id: 'x' is the ID of an earlier line"),
        ("queries.jsonl", QUERY + QUERY, r"queries\.jsonl:2: id: 'x' is the ID of an earlier line"),
        ("queries.jsonl", '{"id": "a", "lang": "en", "text": "?"}', r"queries\.jsonl:1: text: there is no word"),
        ("queries.jsonl", QUERY[:-2] + ', "item": []}', r"queries\.jsonl:1: item: \[\] is neither"),
        ("queries.jsonl", QUERY[:-2] + ', "lexical_rank": "1"}', r"queries\.jsonl:1: lexical_rank: '1' is no whole"),
        ("qrels.tsv", "q1 d0.en 1\n", r"qrels\.tsv:1: 1 columns; expected query, document and grade"),
        ("qrels.tsv", "q1\td0.en\tyes\n", r"qrels\.tsv:1: grade: 'yes' is no whole number"),
        ("qrels.tsv", "q1\td0.en\t1\nq9\td0.en\t1\n", r"qrels\.tsv:2: query: 'q9' is not in queries\.jsonl"),
        ("qrels.tsv", "q1\td9\t1\n", r"qrels\.tsv:1: document: 'd9' is not in corpus\.jsonl"),
        ("qrels.tsv", "q1\td0.en\t0\n", r"qrels\.tsv: no document is judged relevant"),
    ],
)
def test_what_is_wrong_is_named_with_file_line_and_field(
    tmp_path: Path, file: str, content: str | None, message: str
) -> None:
    write_set(tmp_path)
    (tmp_path / file).unlink()
    if content is not None:
        (tmp_path / file).write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        read_dataset(tmp_path)


def test_bytes_that_are_no_text_are_named(tmp_path: Path) -> None:
    write_set(tmp_path)
    with (tmp_path / "corpus.jsonl").open("ab") as file:
        file.write(b'{"id": "\xff"}\n')
    with pytest.raises(InputError, match=r"corpus\.jsonl:6: not UTF-8"):
        read_dataset(tmp_path)


def translated(items: int) -> tuple[list[dict[str, object]], list[tuple[str, str, int]]]:
    queries = [
        {"id": f"{item}.{lang}", "lang": lang, "text": f"{item} words", "item": item}
        for lang in ("en", "fr")
        for item in range(items)
    ]
    return queries, [(str(query["id"]), "d0.en", 1) for query in queries]


def test_a_sample_takes_the_same_items_of_each_language_every_time(tmp_path: Path) -> None:
    queries, qrels = translated(50)
    dataset = read_dataset(write_set(tmp_path, queries=queries, qrels=qrels))
    sample = sample_topics(dataset, 5)
    by_lang = {lang: [topic.item for topic in sample.topics if topic.lang == lang] for lang in ("en", "fr")}
    assert len(by_lang["en"]) == 5
    assert by_lang["en"] == by_lang["fr"]
    assert sample == sample_topics(dataset, 5)
    assert sample.topics != sample_topics(dataset, 5, seed=1).topics
    assert sample.documents == dataset.documents


def test_a_sample_takes_judged_queries_only(tmp_path: Path) -> None:
    queries, _ = translated(50)
    dataset = read_dataset(write_set(tmp_path, queries=queries, qrels=[("7.en", "d0.en", 1), ("8.fr", "d0.en", 0)]))
    assert [topic.topic_id for topic in sample_topics(dataset, 5).topics] == ["7.en"]


def test_references_are_the_queries_that_share_an_item(tmp_path: Path) -> None:
    queries, qrels = translated(3)
    dataset = read_dataset(write_set(tmp_path, queries=queries, qrels=qrels))
    others, _ = translated(5)
    more = read_dataset(write_set(tmp_path / "more", queries=others, qrels=[("0.en", "d0.en", 1)])).topics
    assert {topic.item for topic in with_references(dataset, more).references} == {"0", "1", "2"}
    assert with_references(read_dataset(write_set(tmp_path / "plain")), more).references == ()
