"""The legs of a search beside other engines: the same texts, words, vectors and queries, each for its first 100.

Words are the terms that Concord's own rules make of texts and queries. Concord reads a query in every language of the
index, and scores three forms of each word and what of the query is covered; Whoosh scores these forms, too, and the
others one term a word. Flat scans compare passages alone; Concord also takes the best sentences of the nearest 300.
Concord's scan has all cores; the others use one for one query.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from importlib import metadata, util
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from bench.service.made_up import MadeUpEncoder
from bench.service.whoosh_scoring import WhooshRanking, same_share
from bench.speed import medians
from evaluation.dataset import Topic
from indexer.shared.analysis import tokens
from indexer.shared.encoder import Embeddings
from indexer.shared.storage import Generation
from searchapp.engines.embedded import EmbeddedEngine
from searchapp.search.keyword import KeywordLeg
from searchapp.search.query import plain_query
from searchapp.search.semantic import Nearness, SemanticLeg

__all__ = [
    "CUT",
    "PACKAGES",
    "READING",
    "LegTimes",
    "Search",
    "first_rows",
    "keyword_engines",
    "leg_times",
    "missing_packages",
    "nearest_rows",
    "only_read",
    "same_first_chunks",
    "vector_engines",
]

CUT = 100
"""How many chunks a search gives."""

PACKAGES = {"bm25s": "bm25s", "tantivy": "tantivy", "faiss-cpu": "faiss", "matplotlib": "matplotlib"}
"""What the extra `bench` brings: the package's name, and what is imported."""

READING = f"numpy {np.__version__}, reading a quarter of the bytes once"
"""What no scan in eight bits on one core can be faster than."""

Search = Callable[[int], object]
"""Gives the first chunks for the query with a number."""

QUERIES = 500
"""How many queries are ranked by Whoosh, too."""

LegTimes = dict[tuple[str, str], float]
"""Median seconds of a search by leg and engine; of each leg Concord is the first."""

Floats = npt.NDArray[np.float32]
Words = Sequence[Sequence[str]]


def missing_packages() -> list[str]:
    """Return the packages to compare with that aren't installed."""
    return [name for name, imported in PACKAGES.items() if util.find_spec(imported) is None]


def leg_times(generation: Generation, topics: Sequence[Topic]) -> LegTimes:
    """Time the legs of an index that the made-up encoder made, beside all engines installed, query by query."""
    times: LegTimes = {}
    for leg, make in (("keyword", keyword_engines), ("vector", vector_engines)):
        engines = dict(make(generation, topics))
        with threadpool_limits(limits=1):
            found = medians(list(engines.values()), len(topics))
        times.update({(leg, name): seconds for name, seconds in zip(engines, found, strict=True)})
    return times


def same_first_chunks(generation: Generation, topics: Sequence[Topic]) -> float:
    """Return the share of queries of two to five words for which Whoosh gives the same first chunks; titles, cut."""
    cut = (plain_query(" ".join(topic.query.text.split()[: 2 + number % 4])) for number, topic in enumerate(topics))
    return same_share(generation, list(islice(cut, QUERIES)))


def keyword_engines(generation: Generation, topics: Sequence[Topic]) -> Iterator[tuple[str, Search]]:
    """Give Concord's keyword leg, Whoosh, bm25s and tantivy, as far as they are installed."""
    leg, whoosh = KeywordLeg(EmbeddedEngine(generation).postings), WhooshRanking(generation)
    yield "Concord", lambda number: _first_found(leg.run(topics[number].query).scores)
    yield f"{_named('whoosh')}, BM25F", lambda number: whoosh.first(topics[number].query, CUT)
    missing = missing_packages()
    makers = {"bm25s": _bm25s, "tantivy": _tantivy}
    wanted = {name: make for name, make in makers.items() if name not in missing}
    texts = list(_texts(generation)) if wanted else []
    for name, make in wanted.items():
        yield _named(name), make(texts, topics)


def vector_engines(generation: Generation, topics: Sequence[Topic]) -> Iterator[tuple[str, Search]]:
    """Give Concord's semantic leg without and with sentences, a scan by numpy, and FAISS if it is installed."""
    leg = SemanticLeg(EmbeddedEngine(generation))
    vectors = MadeUpEncoder().encode_queries([topic.query.text for topic in topics])
    embeddings = np.array(generation.embeddings)
    scanned = only_read(embeddings)

    def with_sentences(number: int) -> object:
        return first_rows(leg.with_sentences(leg.nearness(vectors[number]), vectors[number]))

    yield "Concord, passages", lambda number: nearest_rows(leg.nearness(vectors[number]))
    yield "Concord, passages and sentences", with_sentences
    yield f"numpy {np.__version__}, flat scan", lambda number: first_rows(embeddings @ vectors[number])
    yield READING, lambda _: scanned.max(initial=0)
    if "faiss-cpu" not in missing_packages():
        yield f"{_named('faiss-cpu')}, IndexFlatIP", _faiss(embeddings, vectors)


def first_rows(scores: Floats) -> npt.NDArray[np.int64]:
    """Return the rows of the highest scores, highest first."""
    count = min(CUT, len(scores))
    rows = np.argpartition(scores, len(scores) - count)[-count:]
    return rows[np.argsort(-scores[rows], kind="stable")]


def nearest_rows(near: Nearness) -> npt.NDArray[np.int64]:
    """Return the rows of the passages most like the query, most like first."""
    return near.nearest[first_rows(near.passages[near.nearest])]


def only_read(embeddings: Embeddings) -> npt.NDArray[np.int64]:
    """Return as many bytes as a scan in eight bits reads, a quarter of the embeddings' (see READING)."""
    return embeddings.reshape(-1)[: embeddings.size // 4].view(np.int64)


def _first_found(scores: Floats) -> npt.NDArray[np.int64]:
    """Return the rows of the highest scores of those that have any, highest first."""
    found = np.flatnonzero(scores)
    return found[first_rows(scores[found])]


def _named(package: str) -> str:
    return f"{package} {metadata.version(package)}"


def _texts(generation: Generation) -> Iterator[list[str]]:
    """Give the terms of each chunk and its title."""
    for row in range(len(generation.chunks)):
        document = generation.document(int(generation.chunks[row]["document"]))
        chunk = generation.chunk(row, document)
        yield [token.term for token in tokens(f"{document.title}\n{chunk.text}", chunk.lang)]


def _terms(topic: Topic) -> list[str]:
    return list(dict.fromkeys(token.term for token in tokens(topic.query.text, topic.lang)))


def _bm25s(texts: Words, topics: Sequence[Topic]) -> Search:
    import bm25s  # noqa: PLC0415 (an extra)

    retriever = bm25s.BM25()
    retriever.index(texts, show_progress=False)
    count = min(CUT, len(texts))
    return lambda number: retriever.retrieve([_terms(topics[number])], k=count, show_progress=False)


def _tantivy(texts: Words, topics: Sequence[Topic]) -> Search:
    import tantivy  # noqa: PLC0415 (an extra)

    schema = tantivy.SchemaBuilder().add_text_field("words", tokenizer_name="words").build()
    index = tantivy.Index(schema)
    index.register_tokenizer("words", tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build())
    writer = index.writer(num_threads=1)
    for words in texts:
        writer.add_document(tantivy.Document(words=" ".join(words)))
    writer.commit()
    writer.wait_merging_threads()
    index.reload()
    searcher = index.searcher()

    def query(topic: Topic) -> Any:
        terms = [tantivy.Query.term_query(schema, "words", term) for term in _terms(topic)]
        return tantivy.Query.boolean_query([(tantivy.Occur.Should, term) for term in terms])

    return lambda number: searcher.search(query(topics[number]), CUT).hits


def _faiss(embeddings: Embeddings, vectors: Embeddings) -> Search:
    import faiss  # noqa: PLC0415 (an extra)

    index = faiss.IndexFlatIP(embeddings.shape[1])
    index.add(embeddings)
    return lambda number: index.search(vectors[number : number + 1], min(CUT, len(embeddings)))
