"""Test sets: reading a folder of corpus.jsonl, queries.jsonl and qrels.tsv, and turning its texts into documents.

    corpus.jsonl    {"id", "lang", "title", "text"}                 title may be missing or empty
    queries.jsonl   {"id", "lang", "text"}, optional "item" (shared by translations of one query) and "lexical_rank"
    qrels.tsv       query id, document id, grade; separated by tabs, no header; relevant from grade 1

Every other JSON key is left unread, and no ID can be searched for. Languages are compared by their primary tags.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import msgspec

from indexer.shared.errors import InputError, QueryError
from indexer.shared.records import Document, Facts, Section
from indexer.shared.word_forms import primary_tag
from searchapp.search.query import Query, plain_query

__all__ = ["Dataset", "Topic", "corpus_id", "read_dataset", "read_topics", "sample_topics", "with_references"]

Qrels = dict[str, dict[str, int]]

_PREFIX = "doc:"  # no query says a word like this one, so that IDs are never found


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """One query of a test set, its text taken literally. Translations of one query have the same `item`."""

    topic_id: str
    lang: str
    query: Query
    item: str | None = None
    lexical_rank: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """A test set: documents ordered by document_id, topics in the order of their file, and judgements.

    `qrels` maps topic IDs to corpus IDs to grades. `references` are topics of another set that translations are
    compared with; nothing else is measured of them.
    """

    name: str
    documents: tuple[Document, ...]
    topics: tuple[Topic, ...]
    qrels: Qrels
    references: tuple[Topic, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """One JSON object of a file, which knows its place for messages."""

    path: Path
    line: int
    values: dict[str, Any]

    def error(self, reason: str, field: str | None = None) -> InputError:
        return InputError(reason, path=self.path, line=self.line, field=field)

    def text(self, field: str) -> str:
        if field not in self.values:
            raise self.error("missing; expected text", field)
        value = self.values[field]
        if not isinstance(value, str):
            raise self.error(f"{value!r:.40} is no text", field)
        return value

    def name(self, field: str) -> str:
        """Return a text that can stand in a file of columns, such as an ID or a language."""
        value = self.text(field)
        if not value or len(value.split()) != 1 or value != value.strip():
            raise self.error(f"{value!r:.40} is empty or has spaces; expected one word", field)
        return value


def read_dataset(folder: Path) -> Dataset:
    """Read a test set (InputError, naming file, line and field, for the first thing that is wrong with it)."""
    documents = _read_documents(folder / "corpus.jsonl")
    topics = read_topics(folder)
    qrels = _read_qrels(
        folder / "qrels.tsv",
        topic_ids={topic.topic_id for topic in topics},
        corpus_ids={corpus_id(document.document_id) for document in documents},
    )
    return Dataset(name=folder.resolve().name, documents=documents, topics=topics, qrels=qrels)


def read_topics(folder: Path) -> tuple[Topic, ...]:
    """Read the queries of a test set."""
    topics: dict[str, Topic] = {}
    for row in _rows(folder / "queries.jsonl"):
        topic = _topic(row)
        if topic.topic_id in topics:
            raise row.error(f"{topic.topic_id!r:.40} is the ID of an earlier line, too", "id")
        topics[topic.topic_id] = topic
    return tuple(topics.values())


def sample_topics(dataset: Dataset, size: int, *, seed: int = 0) -> Dataset:
    """Return the set with at most `size` judged queries of each language, and all documents.

    Chosen by a seeded hash of item or ID, so that the languages keep the same items where they have them.
    """
    by_lang: dict[str, list[Topic]] = {}
    for topic in dataset.topics:
        if any(grade > 0 for grade in dataset.qrels.get(topic.topic_id, {}).values()):
            by_lang.setdefault(topic.lang, []).append(topic)
    kept = {
        topic.topic_id
        for topics in by_lang.values()
        for topic in sorted(topics, key=lambda one: _hash(seed, one.item or one.topic_id))[:size]
    }
    return replace(dataset, topics=tuple(topic for topic in dataset.topics if topic.topic_id in kept))


def with_references(dataset: Dataset, topics: Sequence[Topic]) -> Dataset:
    """Return the set with those topics of another set as references that share an item with its own."""
    items = {topic.item for topic in dataset.topics if topic.item is not None}
    return replace(dataset, references=tuple(topic for topic in topics if topic.item in items))


def corpus_id(document_id: str) -> str:
    """Return the ID that a document has in its corpus.jsonl."""
    return unquote(document_id.removeprefix(_PREFIX).rpartition(".")[0])


def _hash(seed: int, key: str) -> bytes:
    return hashlib.sha256(f"{seed}\0{key}".encode()).digest()


def _read_documents(path: Path) -> tuple[Document, ...]:
    documents: dict[str, Document] = {}
    for row in _rows(path):
        document = _document(row)
        key = corpus_id(document.document_id)
        if key in documents:
            raise row.error(f"{key!r:.40} is the ID of an earlier line, too", "id")
        documents[key] = document
    return tuple(sorted(documents.values(), key=lambda one: one.document_id))


def _document(row: _Row) -> Document:
    """Return a text of the corpus as a document: one section, and an ID made of its ID that no query finds."""
    commitment_id = _PREFIX + quote(row.name("id"), safe="")
    lang = primary_tag(row.name("lang"))
    title = row.text("title").strip() if row.values.get("title") is not None else ""
    text = row.text("text") if row.text("text").strip() else title
    if not text:
        raise row.error("empty, and so is the title", "text")
    return Document(
        document_id=f"{commitment_id}.{lang}",
        commitment_id=commitment_id,
        lang=lang,
        title=title,
        text=text,
        sections=(Section(kind="description", heading="", start=0, end=len(text)),),
        facts=Facts(),
        source=row.path.name,
    )


def _topic(row: _Row) -> Topic:
    item, lexical_rank = row.values.get("item"), row.values.get("lexical_rank")
    if not isinstance(item, (str, int, type(None))):
        raise row.error(f"{item!r:.40} is neither text nor number", "item")
    if not isinstance(lexical_rank, (int, type(None))):
        raise row.error(f"{lexical_rank!r:.40} is no whole number", "lexical_rank")
    try:
        query = plain_query(row.text("text"))
    except QueryError as error:
        raise row.error(error.reason, "text") from error
    return Topic(
        topic_id=row.name("id"),
        lang=primary_tag(row.name("lang")),
        query=query,
        item=None if item is None else str(item),
        lexical_rank=lexical_rank,
    )


def _read_qrels(path: Path, *, topic_ids: set[str], corpus_ids: set[str]) -> Qrels:
    qrels: Qrels = {}
    for number, line in _lines(path):
        columns = line.split("\t")
        if len(columns) != 3:  # noqa: PLR2004 (query, document, grade)
            raise InputError(f"{len(columns)} columns; expected query, document and grade", path=path, line=number)
        topic_id, document, grade = (column.strip() for column in columns)
        if topic_id not in topic_ids:
            raise InputError(f"{topic_id!r:.40} is not in queries.jsonl", path=path, line=number, field="query")
        if document not in corpus_ids:
            raise InputError(f"{document!r:.40} is not in corpus.jsonl", path=path, line=number, field="document")
        qrels.setdefault(topic_id, {})[document] = _grade(grade, path, number)
    if not any(grade > 0 for grades in qrels.values() for grade in grades.values()):
        raise InputError("no document is judged relevant; expected a grade of 1 or more somewhere", path=path)
    return qrels


def _grade(text: str, path: Path, line: int) -> int:
    try:
        return int(text)
    except ValueError:
        raise InputError(f"{text!r:.40} is no whole number", path=path, line=line, field="grade") from None


def _rows(path: Path) -> Iterator[_Row]:
    for number, line in _lines(path):
        try:
            values = msgspec.json.decode(line, type=dict[str, Any])
        except msgspec.MsgspecError as error:
            raise InputError(f"no JSON object ({error})", path=path, line=number) from error
        yield _Row(path=path, line=number, values=values)


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Give the lines that are not blank, with their numbers; InputError when there are none."""
    try:
        lines = path.read_bytes().removeprefix(b"\xef\xbb\xbf").split(b"\n")
    except OSError as error:
        raise InputError(
            f"can't be read ({error.strerror}); a test set has corpus.jsonl, queries.jsonl and qrels.tsv", path=path
        ) from error
    if not any(line.strip() for line in lines):
        raise InputError("empty", path=path)
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                yield number, line.decode("utf-8")
            except UnicodeDecodeError as error:
                raise InputError(f"not UTF-8 ({error.reason})", path=path, line=number) from error
