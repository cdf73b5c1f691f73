"""The test sets of the benchmarks: as they are on disk, sampled, or derived from those on disk."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from evaluation.dataset import Dataset, corpus_id, read_dataset, read_topics, sample_topics, with_references
from indexer.shared.errors import ConcordError
from indexer.shared.records import Document

__all__ = [
    "NAMES",
    "SIX",
    "check_data",
    "in_languages",
    "ogp_knownitem",
    "one_language_each",
    "sdg_en2x",
    "sdg_x2en",
    "translated",
    "xquad",
    "xquad_one_language",
]

NAMES = ("ogp_knownitem_dev", "sdg_en2x", "sdg_x2en", "xquad_para")
"""Folders of the sets that are read here."""

SIX = ("ar", "de", "en", "es", "ru", "zh")
"""Languages that XQuAD is asked in, and that its paragraphs are left in when each is left in one."""

_XQUAD_QUESTIONS = 300  # of 1,190 in each language


def check_data(folder: Path, names: Iterable[str] = NAMES) -> None:
    """Raise ConcordError, before any long work, when a set is missing."""
    missing = [name for name in names if not (folder / name).is_dir()]
    if missing:
        raise ConcordError(f"{folder}: no test sets {', '.join(missing)} there")


def xquad(data: Path, sample: int | None = None) -> Dataset:
    """Return XQuAD's paragraphs in 12 languages with the same `sample` questions (default 300) in each of SIX."""
    whole = translated(read_dataset(data / "xquad_para"))
    return sample_topics(in_languages(whole, SIX), sample or _XQUAD_QUESTIONS)


def xquad_one_language(data: Path, sample: int | None = None) -> Dataset:
    """Return the same questions with each paragraph in one language of SIX, be it the question's own or not."""
    return one_language_each(xquad(data, sample), SIX)


def sdg_en2x(data: Path, sample: int | None = None) -> Dataset:
    """Return the Sustainable Development Goals in 25 languages, asked for in English."""
    return _sampled(read_dataset(data / "sdg_en2x"), sample)


def sdg_x2en(data: Path, sample: int | None = None) -> Dataset:
    """Return the goals in English, asked for in 13 languages; references are the same questions in English."""
    return with_references(_sampled(read_dataset(data / "sdg_x2en"), sample), read_topics(data / "sdg_en2x"))


def ogp_knownitem(data: Path, sample: int | None = None) -> Dataset:
    """Return commitments in English and Spanish, asked for by their titles."""
    return _sampled(read_dataset(data / "ogp_knownitem_dev"), sample)


def in_languages(dataset: Dataset, langs: Collection[str]) -> Dataset:
    """Return the set with the queries in some languages, and all documents."""
    return replace(dataset, topics=tuple(topic for topic in dataset.topics if topic.lang in langs))


def translated(dataset: Dataset) -> Dataset:
    """Return a set whose IDs end in a dot and the language with what these IDs say of translations.

    Queries that differ in language alone have the same item, and what is relevant is so in each of its languages, the
    query's own included.
    """
    versions: dict[str, list[str]] = {}
    for document in dataset.documents:
        versions.setdefault(_name(document), []).append(corpus_id(document.document_id))
    names = {version: name for name, found in versions.items() for version in found}
    qrels = {
        topic_id: {version: grade for document, grade in grades.items() for version in versions[names[document]]}
        for topic_id, grades in dataset.qrels.items()
    }
    topics = tuple(replace(topic, item=topic.topic_id.removesuffix(f".{topic.lang}")) for topic in dataset.topics)
    return replace(dataset, topics=topics, qrels=qrels)


def one_language_each(dataset: Dataset, langs: Sequence[str], *, seed: int = 0) -> Dataset:
    """Return the set with one translation of each document, in the language of some that a seeded hash chooses.

    IDs are as for `translated`. Documents that aren't in the chosen language are left out.
    """
    kept = tuple(document for document in dataset.documents if document.lang == _choice(langs, seed, _name(document)))
    ids = {corpus_id(document.document_id) for document in kept}
    qrels = {
        topic_id: {document: grade for document, grade in grades.items() if document in ids}
        for topic_id, grades in dataset.qrels.items()
    }
    return replace(dataset, name=f"{dataset.name}-one-language-{seed}", documents=kept, qrels=qrels)


def _sampled(dataset: Dataset, sample: int | None) -> Dataset:
    return dataset if sample is None else sample_topics(dataset, sample)


def _name(document: Document) -> str:
    """Return what the corpus IDs of all translations of a document start with."""
    return corpus_id(document.document_id).removesuffix(f".{document.lang}")


def _choice(langs: Sequence[str], seed: int, name: str) -> str:
    digest = hashlib.sha256(f"{seed}\0{name}".encode()).digest()
    return langs[int.from_bytes(digest) % len(langs)]
