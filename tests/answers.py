"""All that a searcher can be asked, to compare two of them, and commitments that differ enough for that."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, replace
from itertools import product
from pathlib import Path
from random import Random
from typing import Any, get_args

import numpy as np

from indexer.pipeline import index_documents
from indexer.postgresql import publish_to
from indexer.readers.sources import ReadResult
from indexer.shared.encoder import Encoder
from indexer.shared.records import Document
from indexer.shared.similarity import EXACT_UP_TO
from indexer.shared.storage import open_generation
from searchapp.engines.postgresql.store import DatabaseStore
from searchapp.search.results import CompareRequest, Filters, Mode, SearchRequest, SimilarRequest
from searchapp.search.searcher import Searcher
from tests.fakes import document

__all__ = ["LANGS", "assert_same_answers", "index_of", "made_up_document", "made_up_documents", "publish"]

LANGS = ("en", "fr", "el")
"""The second model of the made-up encoder knows all but the last."""

_WORDS = (
    *("water", "open", "data", "portal", "supply", "network", "corruption", "agency", "budget", "courts", "school"),
    *("health", "energy", "contracts", "4711", "Songdo", "registry", "licence", "forest", "river", "audit", "archive"),
)
_QUERIES = (
    "open data portal",
    "courts of Songdo 4711",
    '"open data" -courts',
    "wat* registry",
    "suply netwrk",
    "XX0003",
)
_FILTERS = (Filters(), Filters(lang=("el", "fr")), Filters(country=("GB", "KR"), year_from=2012))
_MOST_OFF = 1e-4  # of scores: both engines add up the same products in another order


def made_up_documents(count: int, *, seed: int = 1) -> list[Document]:
    """Commitments in three languages and four countries, every fifth in two languages; each its own words in a way."""
    documents = [made_up_document(number, LANGS[number % 3], seed=seed) for number in range(count)]
    return documents + [made_up_document(number, LANGS[(number + 1) % 3], seed=seed) for number in range(0, count, 5)]


def made_up_document(number: int, lang: str, *, seed: int = 1) -> Document:
    """One of them; another seed gives it another text."""
    words = Random(f"{seed} {number} {lang}")
    sentences = [" ".join(words.choices(_WORDS, k=14)) for _ in range(words.randrange(2, 14))]
    return document(
        f"XX{number:04d}",
        " ".join(f"{one.capitalize()}." for one in sentences),
        lang=lang,
        title=" ".join(words.choices(_WORDS, k=3)),
        country=("GB", "FR", "KR", "DE")[number % 4],
        year=2010 + number % 7,
        policy_areas=(("open-data",), ("water",), ())[number % 3],
    )


def index_of(documents: Iterable[Document], folder: Path, encoder: Encoder) -> Path:
    """Index documents into a folder."""
    ordered = tuple(sorted(documents, key=lambda one: one.document_id))
    index_documents(ReadResult(documents=ordered, rejected=(), sources=()), index=folder, encoder=encoder)
    return folder


def publish(documents: Iterable[Document], folder: Path, address: str, encoder: Encoder) -> None:
    """Index documents into a folder, and publish that to a database."""
    publish_to(address, open_generation(index_of(documents, folder, encoder)))


def assert_same_answers(folder: Path, address: str, encoder: Encoder, *, exact_up_to: int = EXACT_UP_TO) -> None:
    """Compare all that can be asked of a folder and of a database: order, totals, facets, passages, marks, scores."""
    store = DatabaseStore(address, exact_up_to=exact_up_to)
    try:
        one, other = Searcher.open(folder, encoder=encoder), Searcher.open(store, encoder=encoder)
        assert one.info == other.info
        for ask in _questions(one):
            _assert_alike(ask(one), ask(other), "")
    finally:
        store.close()


def _questions(searcher: Searcher) -> Iterable[Callable[[Searcher], Any]]:
    modes: Sequence[Mode] = get_args(Mode)
    for (row, query), (column, mode) in product(enumerate(_QUERIES), enumerate(modes)):
        filters = _FILTERS[(row + column) % len(_FILTERS)]  # each with every mode
        request = SearchRequest(query=query, mode=mode, filters=filters, limit=100, explain=True)
        yield lambda asked, request=request: asked.search(request)
    for request in (SearchRequest(query="", filters=_FILTERS[2]), SearchRequest(query="open data portal")):
        yield lambda asked, request=request: asked.search(replace(request, group_by="country", sort="newest"))
        yield lambda asked, request=request: asked.overview(request)
        yield lambda asked, request=request: asked.facets(request)
        yield lambda asked, request=request: list(asked.all_hits(replace(request, fold=False)))
    ids = sorted({one.partition(".")[0] for one in searcher.document_ids})[:6]
    for commitment_id in ids:
        yield lambda asked, commitment_id=commitment_id: asked.similar(SimilarRequest(commitment_id=commitment_id))
        yield lambda asked, commitment_id=commitment_id: asked.commitment(commitment_id)
    if len(ids) > 1:
        yield lambda asked: asked.compare(CompareRequest(commitment_ids=tuple(ids)))


def _assert_alike(one: Any, other: Any, place: str) -> None:
    """Compare records, numbers within what adding up may change; the time taken is not compared."""
    if hasattr(one, "__dataclass_fields__"):
        assert type(one) is type(other), place
        one, other = asdict(one), asdict(other)
    if isinstance(one, dict):
        assert list(one) == list(other), place
        for name in one.keys() - {"took_ms"}:
            _assert_alike(one[name], other[name], f"{place}.{name}")
    elif isinstance(one, (list, tuple)):
        assert len(one) == len(other), (place, one, other)
        for number, pair in enumerate(zip(one, other, strict=True)):
            _assert_alike(*pair, f"{place}[{number}]")
    elif isinstance(one, np.ndarray):
        np.testing.assert_allclose(one, other, atol=_MOST_OFF, err_msg=place)
    elif isinstance(one, float):
        assert isinstance(other, float), place
        assert math.isclose(one, other, abs_tol=_MOST_OFF, rel_tol=_MOST_OFF), (place, one, other)
    else:
        assert one == other, place
