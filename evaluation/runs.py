"""Indexing a test set as any corpus, ranking its documents for every topic, and measuring the rankings.

Besides all documents together, pools of candidates are measured: a pool drops documents from both the ranking (before
the cut) and the judgements. A topic with no relevant document in a pool isn't counted there.

    all              every document
    cross-lingual    documents in another language than the topic's
    same-language    documents in the topic's language
    doc_lang=xx      documents in one language
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from evaluation.cache import CachedEncoder, index_folder
from evaluation.dataset import Dataset, Topic, corpus_id
from evaluation.measures import DEPTH, MEASURES, measure
from indexer.shared.errors import IndexStoreError
from indexer.shared.storage import open_generation
from searchapp.engines.opening import store_of
from searchapp.search.fusion import FusionWeights
from searchapp.search.results import Mode
from searchapp.search.searcher import Searcher

__all__ = [
    "ALL",
    "CROSS_LINGUAL",
    "DOCUMENT_LANG",
    "SAME_LANGUAGE",
    "ModeRun",
    "Rows",
    "Values",
    "evaluate",
    "measure_rankings",
]

ALL = "all"
CROSS_LINGUAL = "cross-lingual"
SAME_LANGUAGE = "same-language"
DOCUMENT_LANG = "doc_lang="
"""Start of the names of the pools that hold documents of one language."""

Values = npt.NDArray[np.float64]
"""Measures by topic, `(topics, len(MEASURES))`; NaN where a topic isn't counted."""

Rows = npt.NDArray[np.int64]
"""Rows of a test set's documents, the best first, `(any,)`."""

Rankings = Iterable[tuple[Topic, Rows]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModeRun:
    """What one search mode did: values by pool, and the first DEPTH corpus IDs for each topic and reference by ID."""

    mode: Mode
    values: dict[str, Values]
    ranked: dict[str, tuple[str, ...]]
    references: dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Corpus:
    """By document row: corpus ID and language."""

    ids: tuple[str, ...]
    langs: npt.NDArray[np.str_]

    def pools(self) -> tuple[str, ...]:
        return (ALL, CROSS_LINGUAL, SAME_LANGUAGE, *(DOCUMENT_LANG + str(lang) for lang in np.unique(self.langs)))

    def candidates(self, rows: Rows, pool: str, topic: Topic) -> Rows:
        """Return those of the rows that are in a pool, in their order."""
        if pool == ALL:
            return rows
        lang = pool.removeprefix(DOCUMENT_LANG) if pool.startswith(DOCUMENT_LANG) else topic.lang
        inside: npt.NDArray[np.bool_] = self.langs[rows] == lang
        return rows[~inside if pool == CROSS_LINGUAL else inside]

    def first(self, rows: Rows, pool: str, topic: Topic) -> tuple[str, ...]:
        return tuple(self.ids[row] for row in self.candidates(rows, pool, topic)[:DEPTH])


def evaluate(
    dataset: Dataset,
    encoder: CachedEncoder,
    modes: Sequence[Mode],
    *,
    weights: FusionWeights | None = None,
    engine: str = "",
) -> tuple[ModeRun, ...]:
    """Index the documents, rank them for all topics in each mode, and measure; progress is shown on stderr.

    They are published to the database at `engine` and searched there, if it is given.
    """
    folder = index_folder(dataset, encoder)
    if engine:
        _publish(folder, engine)
    searcher = Searcher.open(store_of(str(folder), engine), encoder=encoder, weights=weights)
    return tuple(measure_rankings(dataset, mode, partial(_rankings, searcher, mode)) for mode in modes)


def _publish(folder: Path, engine: str) -> None:
    """Publish a test set's index to a database, unless that holds an index of something else."""
    from indexer.postgresql import answering_in, publish_to  # noqa: PLC0415 (a folder needs none of its libraries)

    answering = answering_in(engine)
    if answering is not None and answering.sources:
        raise IndexStoreError(
            f"the database holds the index of {answering.sources[0].name}, which an evaluation would replace;"
            " give it a database of its own"
        )
    publish_to(engine, open_generation(folder))


def measure_rankings(dataset: Dataset, mode: Mode, rank: Callable[[Sequence[Topic]], Rankings]) -> ModeRun:
    """Measure any engine: `rank` gives for each topic the rows of all documents that it finds, the best first."""
    corpus = _Corpus(
        ids=tuple(corpus_id(document.document_id) for document in dataset.documents),
        langs=np.array([document.lang for document in dataset.documents]),
    )
    pools: dict[str, dict[str, tuple[str, ...]]] = {pool: {} for pool in corpus.pools()}
    for topic, rows in rank(dataset.topics):
        for pool, run in pools.items():
            run[topic.topic_id] = corpus.first(rows, pool, topic)
    references = {topic.topic_id: corpus.first(rows, ALL, topic) for topic, rows in rank(dataset.references)}
    return ModeRun(
        mode=mode,
        values={pool: _measured(dataset, corpus, pool, run) for pool, run in pools.items()},
        ranked=pools[ALL],
        references=references,
    )


def _rankings(searcher: Searcher, mode: Mode, topics: Sequence[Topic]) -> Iterator[tuple[Topic, Rows]]:
    """Give each topic with its ranking, rows of all documents that match; the topics are encoded together."""
    if mode == "keyword":
        vectors = [None] * len(topics)
    else:
        vectors = list(searcher.encode([topic.query.text for topic in topics]))
    pairs = zip(topics, vectors, strict=True)
    for topic, vector in tqdm(pairs, total=len(topics), desc=f"Ranking ({mode})", unit=" queries", disable=None):
        yield topic, searcher.rank(topic.query, mode, vector=vector).document


def _measured(dataset: Dataset, corpus: _Corpus, pool: str, run: dict[str, tuple[str, ...]]) -> Values:
    rows = {document: row for row, document in enumerate(corpus.ids)}
    qrels = {}
    for topic in dataset.topics:
        grades = dataset.qrels.get(topic.topic_id, {})
        judged = np.array([rows[document] for document in grades], dtype=np.int64)
        inside = {corpus.ids[row]: grades[corpus.ids[row]] for row in corpus.candidates(judged, pool, topic)}
        if any(grade > 0 for grade in inside.values()):
            qrels[topic.topic_id] = inside
    values = np.full((len(dataset.topics), len(MEASURES)), np.nan)
    measured = measure(qrels, {topic_id: run[topic_id] for topic_id in qrels})
    for number, topic in enumerate(dataset.topics):
        if topic.topic_id in measured:
            values[number] = measured[topic.topic_id]
    return values
