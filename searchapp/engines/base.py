"""What a search asks of an engine, wherever it stores a generation.

An engine gives what is stored, and products of a query's vector with stored ones. All that a score is made of besides,
and filters, facets and the order of hits, is written once above it, so that every engine gives the same answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from indexer.shared.calibration import Scale
from indexer.shared.columns import ColumnRecord
from indexer.shared.encoder import Embeddings, Learned
from indexer.shared.manifest import Manifest
from indexer.shared.postings import PostingList
from indexer.shared.records import Chunk, Document
from indexer.shared.similarity import Similarity
from indexer.shared.storage import Centres, Sentences

__all__ = ["Engine", "PostingSource"]

Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


class PostingSource(Protocol):
    """The keyword index: which rows have which terms. Terms have numbers, sorted within each field."""

    @property
    def langs(self) -> tuple[str, ...]:
        """The languages that have fields of their own."""

    @property
    def fields(self) -> Mapping[str, tuple[int, int]]:
        """The first number of each field's terms, and that after its last."""

    @property
    def row_langs(self) -> npt.NDArray[np.int16]:
        """The number of each row's language, int16 `(rows,)`."""

    @property
    def lengths(self) -> npt.NDArray[np.int32]:
        """The weighted length of each row in terms, and in surfaces, int32 `(2, rows)`."""

    def vocabulary(self, field: str) -> Mapping[bytes, int]:
        """Return the numbers of the terms of a field; empty for a field that no row has."""

    def term(self, number: int) -> bytes:
        """Return a term by its number, in UTF-8."""

    def terms_starting(self, field: str, start: str) -> range:
        """Return the numbers of the terms of a field that start with some letters."""

    def frequencies(self, numbers: Rows) -> Rows:
        """Return how many rows have each of these terms, int64 `(n,)`."""

    def posting_list(self, number: int) -> PostingList:
        """Return the rows that have a term."""

    def prepare(self, numbers: Iterable[int]) -> None:
        """Make ready for `posting_list` of these terms, all at once where each would take its time."""


class Engine(Protocol):
    """One opened generation. Safe to use from several threads; raises IndexStoreError where it can't be read."""

    @property
    def place(self) -> str:
        """Where it is, for messages."""

    @property
    def manifest(self) -> Manifest:
        """What it is made of."""

    @property
    def learned(self) -> Learned:
        """What its encoder had learned."""

    @property
    def chunks(self) -> npt.NDArray[np.void]:
        """Where each chunk lies, CHUNK_DTYPE `(chunks,)`."""

    @property
    def groups(self) -> npt.NDArray[np.int32]:
        """The number of each document's group of near-duplicates, int32 `(documents,)`."""

    @property
    def positions(self) -> npt.NDArray[np.float32] | None:
        """The place of each document on the map by meaning, float32 `(documents, 2)`."""

    @property
    def background(self) -> Embeddings:
        """The background as queries, float32 `(texts, dim)`."""

    @property
    def centres(self) -> Centres | None:
        """What is subtracted from the vectors of each language."""

    @property
    def postings(self) -> PostingSource:
        """The keyword index."""

    def records(self) -> list[ColumnRecord]:
        """Return of every document what filters and facets need."""

    def prefetch(self, rows: Sequence[int], *, sentences: bool = True) -> None:
        """Make ready for the documents and sentences of these chunks, all at once where each would take its time."""

    def document(self, row: int) -> Document:
        """Return the document in this row."""

    def chunk(self, row: int, document: Document) -> Chunk:
        """Return the chunk in this row, which must be one of the document's."""

    def sentences(self, row: int) -> Sentences:
        """Return the sentences of the chunk in this row."""

    def sentence_products(self, rows: Rows, others: Floats) -> tuple[Floats, Rows]:
        """Return products of the sentences of these chunks with k vectors `(dim, k)`, and how many each chunk has.

        Float32 `(sentences, k)`, chunk by chunk, and int64 `(rows,)`.
        """

    def vectors(self, rows: Rows) -> Embeddings:
        """Return the passages' vectors of these chunks, float32 `(rows, dim)`."""

    def products(self, vector: Floats, rows: Rows | None = None) -> Floats:
        """Return each model's products of a vector `(dim,)` with the passages of these chunks, or of all, exactly.

        Float32 `(models, rows)`.
        """

    def products_of_many(self, vectors: Embeddings) -> Floats:
        """Return each model's products of n vectors `(n, dim)` with the passages of all chunks, exactly.

        Float32 `(n, models, chunks)`.
        """

    def scanned(self, similarity: Similarity, vector: Floats) -> Floats | None:
        """Return the similarities of all passages to a query `(dim,)`, float32 `(chunks,)`, less exactly but sooner.

        None is returned where comparing all of them exactly takes no longer.
        """

    def nearest(self, similarity: Similarity, vector: Floats, documents: Mask | None) -> Rows | None:
        """Return the chunks nearest to a query by passage, ascending, or nearly all of these; None where all are few.

        `documents` says of which they may be, bool `(documents,)`; None for all. None is returned where comparing all
        of them is as quick.
        """

    def scale(self, compute: Callable[[], Scale]) -> Scale:
        """Return what makes similarities evidence: what is stored, or what `compute` gives."""
