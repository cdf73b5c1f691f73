"""Commitments made up of real sentences and titles: as many as a measurement of speed needs.

Each has two sections of 80 to 139 words, which are two chunks, in one language. Words have the frequencies of the real
texts, but none of a commitment's sentences belong together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from evaluation.dataset import Dataset
from indexer.chunking import MAX_WORDS, MIN_WORDS
from indexer.sentences import sentence_spans
from indexer.shared.records import Document, Facts, Section
from indexer.shared.words import count_words

__all__ = ["make_documents"]

_LONGEST = MAX_WORDS - MIN_WORDS  # words of a sentence, so that a section which lacks one never gets too many
_COUNTRIES = ("AL", "BR", "CA", "CI", "FR", "GE", "KR", "MX", "PH", "UA")
_YEARS = range(2012, 2024)
_KINDS = ("description", "midterm_review")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Material:
    """What a set has in one language."""

    titles: Sequence[str]
    sentences: Sequence[str]


def make_documents(dataset: Dataset, chunks: int, *, seed: int = 0) -> tuple[Document, ...]:
    """Return documents with so many chunks, ordered by document_id; the same seed gives the same.

    Sentences are those of the set's documents, titles its queries, and languages as frequent as in its documents.
    """
    random = Random(seed)  # noqa: S311 (text to measure with is no secret)
    material = {lang: _material(dataset, lang) for lang in sorted({one.lang for one in dataset.documents})}
    langs = [document.lang for document in dataset.documents if material[document.lang].sentences]
    documents = []
    for number, first in enumerate(range(0, chunks, len(_KINDS))):
        lang = random.choice(langs)
        kinds = _KINDS[: chunks - first]
        documents.append(_document(f"M{number:06d}", lang, material[lang], kinds, random))
    return tuple(documents)


def _material(dataset: Dataset, lang: str) -> _Material:
    titles = [topic.query.text for topic in dataset.topics if topic.lang == lang]
    sentences = [one for document in dataset.documents if document.lang == lang for one in _sentences(document)]
    return _Material(titles=titles or sentences, sentences=sentences)


def _sentences(document: Document) -> Iterator[str]:
    for start, end in sentence_spans(document.text, 0, len(document.text), document.lang):
        if 0 < count_words(document.text[start:end]) <= _LONGEST:
            yield " ".join(document.text[start:end].split())


def _document(name: str, lang: str, material: _Material, kinds: Sequence[str], random: Random) -> Document:
    text, sections = "", []
    for kind in kinds:
        start = len(text)
        text += _section(material.sentences, random)
        sections.append(Section(kind=kind, heading="", start=start, end=len(text)))
        text += "\n"
    return Document(
        document_id=f"{name}.{lang}",
        commitment_id=name,
        lang=lang,
        title=random.choice(material.titles),
        text=text.rstrip("\n"),
        sections=tuple(sections),
        facts=Facts(country=random.choice(_COUNTRIES), year=random.choice(_YEARS)),
        source="made-up",
    )


def _section(sentences: Sequence[str], random: Random) -> str:
    chosen: list[str] = []
    words = 0
    while words < MIN_WORDS:
        chosen.append(random.choice(sentences))
        words += count_words(chosen[-1])
    return " ".join(chosen)
