"""How well commitments that are alike find each other in other languages, by the way their passages are compared.

The commitments are made up of texts that are there in all languages, so that it is known which are alike. Each is on a
theme of three texts, of which it holds two or three. Up to four texts of other themes stand beside them, and in half of
the commitments three that stand for what everyone says. Each language is a country.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from evaluation.cache import CachedEncoder
from evaluation.dataset import Dataset, corpus_id, read_dataset
from evaluation.statistics import bootstrap_intervals
from indexer.pipeline import index_documents
from indexer.readers.sources import ReadResult
from indexer.shared.records import Document, Facts, Section
from indexer.shared.storage import open_generation
from searchapp.engines.embedded import EmbeddedEngine
from searchapp.search.semantic import SemanticLeg
from searchapp.search.similar import likeness

__all__ = ["MEASURES", "SETS", "Texts", "Theme", "compose", "hits", "similar_table"]

Floats = npt.NDArray[np.float32]
Scores = npt.NDArray[np.floating[Any]]
Values = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Texts = dict[str, dict[str, str]]
"""Texts by name and language, each in every language."""
Theme = dict[str, int]
"""Which theme each commitment is on, by its ID."""

SETS = {"udhr_en2x": 1, "xquad_para": 4}
"""Test sets whose texts are there in every language, and which of them are taken: every one, every fourth.

The measure was chosen while looking at the first and at the SDG's targets; the second had no part in it.
"""

DRAWS = 3
"""How often the commitments are made up anew."""

_THEME = 3  # texts
_COMMON = 3
_ALIEN = 4


def _best_pair(similarities: Floats, starts: Rows, _others: Mask) -> Scores:
    best: Scores = np.maximum.reduceat(similarities, starts, axis=1).max(axis=0)
    return best


def _all_pairs(similarities: Floats, starts: Rows, _others: Mask) -> Scores:
    means: Scores = np.add.reduceat(similarities.mean(axis=0), starts) / np.diff(starts, append=similarities.shape[1])
    return means


def _best_matches(similarities: Floats, starts: Rows, _others: Mask) -> Scores:
    there = np.maximum.reduceat(similarities, starts, axis=1).mean(axis=0)
    both: Scores = there + _all_pairs(similarities.max(axis=0, keepdims=True), starts, _others)
    return both / 2


def _likeness(similarities: Floats, starts: Rows, others: Mask) -> Scores:
    return likeness(similarities, starts, others)[0]


MEASURES = {
    "best pair": _best_pair,
    "all pairs": _all_pairs,
    "best matches": _best_matches,
    "likeness": _likeness,
}
"""Ways to compare: `(similarities (n, p), starts (d,), others (d,)) -> scores (d,)`, as `likeness` takes them."""


def similar_table(data: Path, encoder: CachedEncoder) -> Iterator[str]:
    """Give the lines of the table; progress bars go to stderr."""
    yield f"| test set | commitments | {' | '.join(MEASURES)} | likeness over best matches |"
    yield "|---" * (len(MEASURES) + 3) + "|"
    for name, step in SETS.items():
        texts = _texts(read_dataset(data / name))
        values, units = _drawn({text: texts[text] for text in sorted(texts)[::step]}, encoder)
        gain = values[:, -1:] - values[:, -2:-1]
        [[low, high]] = bootstrap_intervals(gain, units)
        means = " | ".join(f"{mean:.3f}" for mean in values.mean(axis=0))
        yield f"| {name} | {len(values)} | {means} | {gain.mean():+.3f} [{low:+.3f}, {high:+.3f}] |"


def _drawn(texts: Texts, encoder: CachedEncoder) -> tuple[Values, Rows]:
    """Return `hits` of all draws, and a number for the draw and theme of each row."""
    found, units = [], []
    for draw in range(DRAWS):
        documents, themes = compose(texts, np.random.default_rng(draw))
        with tempfile.TemporaryDirectory() as folder:
            read = ReadResult(documents=documents, rejected=(), sources=())
            index_documents(read, index=Path(folder), encoder=encoder)
            found.append(hits(Path(folder), themes))
        units += [draw * len(texts) + themes[document.commitment_id] for document in documents]
    return np.concatenate(found), np.array(units)


def hits(index: Path, themes: Theme) -> Values:
    """Return in what share of the other languages each measure finds the theme, `(documents, len(MEASURES))`."""
    generation = open_generation(index)
    leg = SemanticLeg(EmbeddedEngine(generation))
    owner = generation.chunks["document"]
    documents = [generation.document(row) for row in range(generation.manifest.counts.documents)]
    theme = np.array([themes[one.commitment_id] for one in documents])
    country = np.array([one.facts.country for one in documents])
    starts = np.unique(owner, return_index=True)[1]
    found = np.zeros((len(documents), len(MEASURES)))
    for row in range(len(documents)):
        similarities = leg.passage_scores_of_many(leg.as_queries(np.flatnonzero(owner == row)))
        others = np.arange(len(documents)) != row
        for number, measure in enumerate(MEASURES.values()):
            scores = measure(similarities, starts, others)
            found[row, number] = _share(scores, country, theme, row)
    return found


def _share(scores: Scores, country: npt.NDArray[np.str_], theme: Rows, own: int) -> float:
    right = []
    for other in np.unique(country[country != country[own]]):
        rows = np.flatnonzero(country == other)
        right.append(theme[rows[scores[rows].argmax()]] == theme[own])
    return float(np.mean(right))


def compose(texts: Texts, random: np.random.Generator) -> tuple[tuple[Document, ...], Theme]:
    """Return commitments made up of texts, in the order of their IDs, and their themes."""
    names = random.permutation(sorted(texts))
    common, rest = names[:_COMMON], names[_COMMON:]
    themes = rest[: len(rest) // _THEME * _THEME].reshape(-1, _THEME)
    documents, theme = [], {}
    for lang in sorted(next(iter(texts.values()))):
        for number, own in enumerate(themes):
            kept = random.permutation(own)[: _THEME - random.integers(2)]
            alien = random.choice(np.setdiff1d(rest, own), random.integers(_ALIEN + 1), replace=False)
            said = common if random.integers(2) else ()
            name = f"{lang}-{number:02d}"
            documents.append(_document(name, lang, [texts[one][lang] for one in (*kept, *alien, *said)]))
            theme[name] = number
    return tuple(sorted(documents, key=lambda one: one.document_id)), theme


def _texts(dataset: Dataset) -> Texts:
    texts: Texts = {}
    for document in dataset.documents:
        name = corpus_id(document.document_id).rpartition(".")[0]
        texts.setdefault(name, {})[document.lang] = document.text
    return texts


def _document(name: str, lang: str, texts: Sequence[str]) -> Document:
    """Return a commitment that has a section, and so at least a passage, for each text."""
    starts = np.cumsum([0, *(len(text) + 1 for text in texts)])
    return Document(
        document_id=f"{name}.{lang}",
        commitment_id=name,
        lang=lang,
        title="",
        text="\n".join(texts),
        sections=tuple(
            Section(kind="description", heading="", start=int(start), end=int(start) + len(text))
            for start, text in zip(starts, texts, strict=False)
        ),
        facts=Facts(country=lang),
        source="bench",
    )
