"""Concord beside its peers: the same texts, queries and encoder weights, in one run.

The peers get whole texts and the raw encoder's vectors, Concord gets the texts. Where documents in the query's own
language are left out, each does so by its filter. Rankings end at ten.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from bench.dense import dense_run
from bench.legs import Setup, estimate
from bench.peers.base import CUT, PEERS, Embedder, Peer, PeerPackage, Text, load_peer, version
from bench.sets import ogp_knownitem, sdg_en2x, sdg_x2en, xquad, xquad_one_language
from bench.speed import Action, medians
from evaluation.cache import index_folder
from evaluation.dataset import Dataset, Topic
from evaluation.measures import COLUMNS
from evaluation.report import topic_units
from evaluation.runs import ALL, CROSS_LINGUAL, Rows, measure_rankings
from indexer.pipeline import index_documents
from indexer.readers.sources import ReadResult
from searchapp.search.results import Filters, SearchRequest
from searchapp.search.searcher import Searcher

__all__ = ["SETS", "Engine", "PeerSet", "compare", "compare_peers"]

Values = npt.NDArray[np.float64]

_NDCG = COLUMNS["ndcg@10"]
_TIMED_QUESTIONS = 50
_INDEXED = 3  # times
_RAW, _CONCORD = "the raw encoder, vectors alone", "Concord, hybrid"


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerSet:
    """A column of the table: its title, how to read it, whether the query's language is left out, whether it is timed.

    `read` takes the folder of test sets and the number of queries of each language.
    """

    title: str
    read: Callable[[Path, int | None], Dataset]
    foreign: bool = False
    timed: bool = False


SETS = (
    PeerSet(title="xquad_para, 12 languages, other languages' documents", read=xquad, foreign=True),
    PeerSet(title="xquad_para, each paragraph in one of six languages", read=xquad_one_language),
    PeerSet(title="sdg_en2x", read=sdg_en2x, timed=True),
    PeerSet(title="sdg_x2en", read=sdg_x2en),
    PeerSet(title="ogp_knownitem_dev", read=ogp_knownitem, timed=True),
)
"""The sets; searches are timed on the one with the most documents, and on real commitments."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """What searches one set: `find` gives the rows of the first ten documents, `answer` all that a user would get."""

    name: str
    find: Callable[[Topic], Sequence[int]]
    answer: Callable[[Topic], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Column:
    """nDCG@10 by engine and topic, each float64 `(topics,)`, and median seconds of a search where they were taken."""

    title: str
    topics: Sequence[Topic]
    values: Mapping[str, Values]
    seconds: Mapping[str, float]


def compare_peers(setup: Setup) -> Iterator[str]:
    """Give the lines of two Markdown tables: nDCG@10 on each set with the time of a search, and the time to index.

    Times stand beside that of raw encoding alone.
    """
    yield from compare(setup, SETS, _engines)
    yield ""
    yield from _indexing_lines(ogp_knownitem(setup.data, setup.sample), setup)


def compare(
    setup: Setup, sets: Sequence[PeerSet], engines: Callable[[Dataset, Setup, PeerSet], Sequence[Engine]]
) -> Iterator[str]:
    """Give the first table for some sets, some of which are timed, and engines, of which Concord comes last."""
    columns = [_column(one, setup, engines) for one in sets]
    timed = [column for column in columns if column.seconds]
    titles = [f"{column.title}, {len(column.topics):,} queries" for column in columns]
    times = [f"median time of a search, {column.title}" for column in timed]
    yield f"| nDCG@10 | {' | '.join([*titles, *times])} |"
    yield "|---|" + "---:|" * (len(columns) + len(timed))
    for name in columns[0].values:
        figures = [f"{np.nanmean(column.values[name]):.3f}" for column in columns]
        ratios = [f"{column.seconds[name] / column.seconds[_RAW]:.2f} ×" for column in timed]
        yield f"| {name} | {' | '.join([*figures, *ratios])} |"
    yield f"| Concord − best peer [95 % interval] | {' | '.join(map(_gain, columns))} |{' |' * len(timed)}"


def _indexing_lines(dataset: Dataset, setup: Setup) -> Iterator[str]:
    """Give the lines of a Markdown table of how long it takes to index a set, encoding included.

    The peers' time is that of raw encoding and their own, with vectors that are there already.
    """
    texts = _texts(dataset)
    embedder = Embedder(setup.raw, setup.cached_raw())
    read = ReadResult(documents=dataset.documents, rejected=(), sources=())

    def encode(_: int) -> None:
        setup.raw.encode_passages([one.text for one in texts])

    def index(_: int) -> None:
        with TemporaryDirectory() as folder:
            index_documents(read, index=Path(folder), encoder=setup.encoder)

    def given(package: PeerPackage, _: int) -> None:
        load_peer(package, texts, embedder)

    raw, ours, *others = medians([encode, index, *(partial(given, package) for package in PEERS)], _INDEXED)
    peers = {_named(package): raw + alone for package, alone in zip(PEERS, others, strict=True)}
    yield f"| indexing {len(texts):,} documents of {dataset.name}, encoding included, median of {_INDEXED} | |"
    yield "|---|---:|"
    for name, seconds in {_RAW: raw, **peers, _CONCORD: ours}.items():
        yield f"| {name} | {seconds / raw:.2f} × |"


def _column(one: PeerSet, setup: Setup, engines: Callable[[Dataset, Setup, PeerSet], Sequence[Engine]]) -> _Column:
    dataset = one.read(setup.data, setup.sample)
    opened = engines(dataset, setup, one)
    pool = CROSS_LINGUAL if one.foreign else ALL
    values = {_RAW: dense_run(dataset, setup.cached_raw()).values[pool][:, _NDCG]}
    for engine in opened:
        values[engine.name] = measure_rankings(dataset, "hybrid", partial(_rank, engine)).values[pool][:, _NDCG]
    seconds = _seconds(dataset.topics, setup, opened) if one.timed else {}
    return _Column(title=one.title, topics=dataset.topics, values=values, seconds=seconds)


def _rank(engine: Engine, topics: Sequence[Topic]) -> Iterator[tuple[Topic, Rows]]:
    for topic in tqdm(topics, desc=f"Ranking ({engine.name})", unit=" queries", disable=None):
        yield topic, np.array(engine.find(topic), dtype=np.int64)


def _seconds(topics: Sequence[Topic], setup: Setup, engines: Sequence[Engine]) -> dict[str, float]:
    actions: list[Action] = [lambda number: setup.raw.encode_queries([topics[number].query.text])]
    actions += [partial(_answer, engine, topics) for engine in engines]
    names = (_RAW, *(engine.name for engine in engines))
    return dict(zip(names, medians(actions, min(_TIMED_QUESTIONS, len(topics))), strict=True))


def _answer(engine: Engine, topics: Sequence[Topic], number: int) -> object:
    return engine.answer(topics[number])


def _gain(column: _Column) -> str:
    """Return by how much the last engine is better than the best of the others."""
    _, *peers, ours = column.values
    best = max(peers, key=lambda name: float(np.nanmean(column.values[name])))
    differences = column.values[ours] - column.values[best]
    return str(estimate(differences, topic_units(column.topics), difference=True))


def _engines(dataset: Dataset, setup: Setup, one: PeerSet) -> list[Engine]:
    texts = _texts(dataset)
    embedder = Embedder(setup.raw, setup.cached_raw())
    peers = [_peer_engine(_named(package), load_peer(package, texts, embedder), one) for package in PEERS]
    return [*peers, _concord_engine(dataset, setup, one)]


def _texts(dataset: Dataset) -> list[Text]:
    return [Text(row=row, lang=document.lang, text=document.text) for row, document in enumerate(dataset.documents)]


def _named(package: PeerPackage) -> str:
    return f"{package.name} {version(package)}, hybrid"


def _peer_engine(name: str, peer: Peer, one: PeerSet) -> Engine:
    def find(topic: Topic) -> list[int]:
        return peer.search(topic.query.text, without=topic.lang if one.foreign else None)

    return Engine(name=name, find=find, answer=find)


def _concord_engine(dataset: Dataset, setup: Setup, one: PeerSet) -> Engine:
    searcher = Searcher.open(index_folder(dataset, setup.cached()), encoder=setup.encoder)
    langs = sorted({document.lang for document in dataset.documents})

    def filters(topic: Topic) -> Filters:
        return Filters(lang=tuple(lang for lang in langs if lang != topic.lang) if one.foreign else ())

    def find(topic: Topic) -> list[int]:
        """Rank as `concord evaluate` does: quotes and minus signs of the query are plain text, as for the peers."""
        return [int(row) for row in searcher.rank(topic.query, "hybrid", filters=filters(topic)).document[:CUT]]

    def answer(topic: Topic) -> object:
        return searcher.search(SearchRequest(query=topic.query.text, filters=filters(topic)))

    return Engine(name=_CONCORD, find=find, answer=answer)
