"""The embedded engine: a generation in files, memory-mapped, and scans of all passages in this process.

Where there are many passages, they are compared in eight bits first (`searchapp.engines.flat_scan`); whoever needs some
exactly asks for their products.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property

import msgspec
import numpy as np
import numpy.typing as npt

from indexer.shared.analysis import analysis_revision
from indexer.shared.arrays import ranges
from indexer.shared.calibration import Scale
from indexer.shared.columns import ColumnRecord
from indexer.shared.encoder import Embeddings, Learned
from indexer.shared.manifest import Manifest
from indexer.shared.postings import Postings, load_postings
from indexer.shared.records import Chunk, Document
from indexer.shared.similarity import EXACT_UP_TO, Similarity, known_langs, model_parts, products_of_many
from indexer.shared.storage import Centres, Generation, Sentences
from searchapp.engines.flat_scan import BLOCK, FlatScan

__all__ = ["EmbeddedEngine"]

Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_SEVERAL = 3  # vectors, from which on it takes less time to multiply them together

_DECODER = msgspec.json.Decoder(ColumnRecord)


class EmbeddedEngine:
    """An opened generation in a folder; see `searchapp.engines.base.Engine` for what the methods give."""

    def __init__(self, generation: Generation) -> None:
        self._generation = generation
        self._models = model_parts(generation.manifest.encoder)
        knows = known_langs(generation.manifest.encoder, generation.manifest.langs)
        known = knows[generation.chunks["lang"]]
        groups = enumerate((~known, known)[: len(self._models)])
        self._groups = {number: np.flatnonzero(chosen) for number, chosen in groups if chosen.any()}
        self._lock = threading.Lock()
        self._scan: FlatScan | None = None

    @property
    def place(self) -> str:
        """The generation's folder."""
        return str(self._generation.folder)

    @property
    def manifest(self) -> Manifest:
        """The generation's manifest."""
        return self._generation.manifest

    @property
    def learned(self) -> Learned:
        """What its encoder had learned."""
        return self._generation.learned

    @property
    def chunks(self) -> npt.NDArray[np.void]:
        """Where each chunk lies."""
        return self._generation.chunks

    @property
    def groups(self) -> npt.NDArray[np.int32]:
        """The number of each document's group of near-duplicates."""
        return self._generation.groups

    @property
    def positions(self) -> npt.NDArray[np.float32] | None:
        """The place of each document on the map by meaning."""
        return self._generation.positions

    @property
    def background(self) -> Embeddings:
        """The background as queries."""
        return self._generation.background

    @property
    def centres(self) -> Centres | None:
        """What is subtracted from the vectors of each language."""
        return self._generation.centres

    @cached_property
    def postings(self) -> Postings:
        """The keyword index (IndexStoreError when it is missing, damaged or made by other word rules)."""
        return load_postings(self._generation.keyword_folder, revision=analysis_revision())

    def records(self) -> list[ColumnRecord]:
        """Return of every document what filters and facets need."""
        return [self._generation.decoded(row, _DECODER) for row in range(self.manifest.counts.documents)]

    def prefetch(self, rows: Sequence[int], *, sentences: bool = True) -> None:
        """Do nothing: what is mapped is at hand."""

    def document(self, row: int) -> Document:
        """Return the document in this row."""
        return self._generation.document(row)

    def chunk(self, row: int, document: Document) -> Chunk:
        """Return the chunk in this row, which must be one of the document's."""
        return self._generation.chunk(row, document)

    def sentences(self, row: int) -> Sentences:
        """Return the sentences of the chunk in this row."""
        return self._generation.sentences(row)

    def sentence_products(self, rows: Rows, others: Floats) -> tuple[Floats, Rows]:
        """Return products of the sentences of these chunks with vectors, and how many each chunk has."""
        first, end = (self._generation.sentence_offsets[place].astype(np.int64) for place in (rows, rows + 1))
        counts = end - first
        places = ranges(first, counts)
        return self._generation.all_sentences.embeddings[places] @ others, counts

    def vectors(self, rows: Rows) -> Embeddings:
        """Return the passages' vectors of these chunks."""
        return np.asarray(self._generation.embeddings).take(rows, axis=0)

    def products(self, vector: Floats, rows: Rows | None = None) -> Floats:
        """Return each model's products of a vector with the passages of these chunks, or of all, exactly.

        One vector at a time, which is several times faster than a matrix with a column for each model.
        """
        passages = np.asarray(self._generation.embeddings) if rows is None else self.vectors(rows)
        return np.stack([passages[:, part] @ vector[part] for part in self._models])

    def products_of_many(self, vectors: Embeddings) -> Floats:
        """Return each model's products of vectors with the passages of all chunks, which are read once."""
        if len(vectors) < _SEVERAL:
            return np.stack([self.products(vector) for vector in vectors])
        return products_of_many(vectors, np.asarray(self._generation.embeddings), self._models)

    def scanned(self, similarity: Similarity, vector: Floats) -> Floats | None:
        """Return the similarities of all passages, less exactly; None where they are few."""
        if len(self.chunks) <= EXACT_UP_TO:
            return None
        queries = similarity.queries(vector)
        return self._scan_of(similarity).products([queries[group] for group in self._groups])

    def nearest(self, similarity: Similarity, vector: Floats, documents: Mask | None) -> Rows | None:  # noqa: ARG002 (as every engine has it)
        """Return None: all passages are compared."""
        return None

    def scale(self, compute: Callable[[], Scale]) -> Scale:
        """Return what `compute` gives."""
        return compute()

    def _scan_of(self, similarity: Similarity) -> FlatScan:
        """Return the passages to scan: those in languages that only the first model knows, and that both know."""
        with self._lock:
            if self._scan is None:
                self._scan = FlatScan([self._centred(similarity, group) for group in self._groups])
            return self._scan

    def _centred(self, similarity: Similarity, group: int) -> Iterator[tuple[Rows, Embeddings]]:
        """Give blocks of what the models that know a group say of its passages, less the centres of their languages."""
        rows = self._groups[group]
        for start in range(0, len(rows), BLOCK):
            some = rows[start : start + BLOCK]
            vectors = similarity.centred(self.vectors(some), self.chunks["lang"][some])
            yield some, vectors[:, : self._models[group].stop]
