"""What the bonus of exact words gives: queries for a number or a name that one document has, in seven languages.

The queries are made by rule from the documents of a set. A number has three digits or more; a name has four letters or
more, a capital inside of a sentence (not in German, where every noun has one), and stands nowhere in small letters.
Either occurs in one document alone, which is the relevant one. For each document that has one, a hash chooses it; it is
asked for alone and in a few words of each language. The sets' own questions show what the bonus does where something
else is asked for.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import regex

from bench.legs import Setup
from bench.sets import ogp_knownitem, xquad_one_language
from evaluation.dataset import Dataset, Topic, corpus_id
from evaluation.measures import COLUMNS
from evaluation.runs import ALL, evaluate
from evaluation.statistics import bootstrap_intervals
from indexer.shared.records import Document
from indexer.shared.word_forms import number
from searchapp.search.fusion import FusionWeights
from searchapp.search.query import plain_query

__all__ = ["FRAMES", "asked_for", "exact_table", "names_in", "numbers_in"]

FRAMES = {
    "und": "{}",
    "ar": "معلومات عن {}",
    "en": "information about {}",
    "es": "información sobre {}",
    "fr": "projet {}",
    "ru": "информация о {}",
    "zh": "关于{}的信息",
}
"""How a number or a name is asked for in each language."""

Find = Callable[[Document], dict[str, str]]
"""Gives what a document may be asked for, by the form that makes it equal in all documents."""

_NUMBER = regex.compile(r"\p{Nd}++(?:[.,\u066B\u066C]\p{Nd}++)*+")
_WORD = regex.compile(r"[\p{L}\p{M}\p{N}]++")
_NAME = regex.compile(r"(?<=[\p{L}\p{N},] )\p{Lu}[\p{L}\p{M}]{3,}+(?![\p{N}'’])")
_DIGITS = 3
_CAPITAL_NOUNS = ("de",)
"""Languages in whose texts capitals don't tell names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """A line of the table: what it is called, its queries, and the measure that is shown of them."""

    label: str
    dataset: Dataset
    measure: str


def exact_table(setup: Setup) -> Iterator[str]:
    """Give the lines of the table."""
    yield "| queries | | measure | without | with | difference |"
    yield "| --- | ---: | --- | ---: | ---: | ---: |"
    for line in filter(lambda line: line.dataset.topics, _lines(setup)):
        before, after = (_values(setup, line, FusionWeights(exact=exact)) for exact in (0, 1))
        names = [topic.item or topic.topic_id for topic in line.dataset.topics]
        units = np.unique(names, return_inverse=True)[1]
        [[low, high]] = bootstrap_intervals((after - before)[:, None], units)
        yield (
            f"| {line.label} | {len(before):,} | {line.measure} | {before.mean():.3f} | {after.mean():.3f}"
            f" | {(after - before).mean():+.3f} [{low:+.3f}, {high:+.3f}] |"
        )


def asked_for(dataset: Dataset, find: Find) -> Dataset:
    """Return the set with queries for what is found in one of its documents alone."""
    found = {document.document_id: find(document) for document in dataset.documents}
    counts = Counter(form for forms in found.values() for form in forms)
    topics, qrels = [], {}
    for document_id, forms in found.items():
        single = [form for form in forms if counts[form] == 1]
        if single:
            wanted = forms[min(single, key=lambda form: hashlib.sha256(form.encode()).digest())]
            for lang, frame in FRAMES.items():
                query = plain_query(frame.format(wanted))
                topics.append(Topic(topic_id=f"{document_id}:{lang}", lang=lang, query=query, item=document_id))
                qrels[f"{document_id}:{lang}"] = {corpus_id(document_id): 1}
    return replace(dataset, topics=tuple(topics), qrels=qrels, references=())


def numbers_in(document: Document) -> dict[str, str]:
    """Return the numbers of a document as written, by their value."""
    found = {number(match[0]) or "": match[0] for match in _NUMBER.finditer(_text(document))}
    return {value: written for value, written in found.items() if sum(map(str.isdigit, value)) >= _DIGITS}


def names_in(documents: Sequence[Document]) -> Find:
    """Return what finds the names in these documents, by their small letters."""
    words = [set(_WORD.findall(_text(document))) for document in documents]
    small = {word for found in words for word in found if word[0].islower()}
    counts = Counter(form for found in words for form in {word.lower() for word in found})

    def find(document: Document) -> dict[str, str]:
        if document.lang in _CAPITAL_NOUNS:
            return {}
        names = {name.lower(): name for name in _NAME.findall(_text(document))}
        return {form: name for form, name in names.items() if form not in small and counts[form] == 1}

    return find


def _lines(setup: Setup) -> Iterator[_Line]:
    ogp, questions = ogp_knownitem(setup.data, setup.sample), xquad_one_language(setup.data, setup.sample)
    for label, dataset in (("OGP", ogp), ("XQuAD, one language each", questions)):
        yield _Line(label=f"{label}: numbers", dataset=asked_for(dataset, numbers_in), measure="p@1")
        yield _Line(label=f"{label}: names", dataset=asked_for(dataset, names_in(dataset.documents)), measure="p@1")
        yield _Line(label=f"{label}: its questions", dataset=dataset, measure="ndcg@10")


def _values(setup: Setup, line: _Line, weights: FusionWeights) -> npt.NDArray[np.float64]:
    """Return the measure of each query in hybrid mode, float64 `(queries,)`."""
    (run,) = evaluate(replace(line.dataset, references=()), setup.cached(), ("hybrid",), weights=weights)
    return run.values[ALL][:, COLUMNS[line.measure]]


def _text(document: Document) -> str:
    return f"{document.title}\n{document.text}"
