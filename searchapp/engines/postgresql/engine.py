"""A generation in PostgreSQL: vectors, texts, sentences and postings stay there, and there vectors are multiplied.

What every search needs whole is read once a generation and held in memory, some hundred bytes a chunk: where chunks
lie, their languages and lengths, the columns of filters and facets, and the vocabulary with its document frequencies.

Up to EXACT_UP_TO chunks, every passage is compared exactly. Beyond, an HNSW index (Malkov and Yashunin 2018, "Efficient
and robust approximate nearest neighbor search using hierarchical navigable small world graphs") of each partition names
the nearest, which are then compared exactly. It holds both models' vectors side by side, centred and in 16 bits; the
inner product with a query whose parts are weighted is the similarity.

The tables and their partitions are those of `indexer.shared.postgresql.schema`. All values travel as parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
from pgvector import HalfVector, Vector
from psycopg import sql

from indexer.shared.calibration import Scale
from indexer.shared.columns import ColumnRecord
from indexer.shared.encoder import Embeddings, Learned
from indexer.shared.errors import EngineDownError
from indexer.shared.manifest import Manifest
from indexer.shared.postgresql.parts import LEARNED, array_of
from indexer.shared.quantised import QuantisedVectors
from indexer.shared.records import Chunk, Document
from indexer.shared.similarity import Similarity, model_parts
from indexer.shared.storage import Centres, Sentences, chunk_of
from searchapp.engines.postgresql.database import NEAREST, of_partition
from searchapp.engines.postgresql.postings import DatabasePostings
from searchapp.engines.postgresql.servers import Servers
from searchapp.held import Held

__all__ = ["PostgresEngine", "Published"]

_PASSING = 5000  # chunks that pass filters, up to which all of them are compared
_DOCUMENTS_HELD = 1000
_SENTENCES_HELD = 4000

Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_RECORD = msgspec.json.Decoder(ColumnRecord)
_DOCUMENT = msgspec.json.Decoder(Document)


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A generation in a database.

    `number` is its own, `numbered` how many chunks were ever given a number there, `partitions` how many tables each of
    its tables is cut into. Beyond `exact_up_to` chunks, searches are approximate.
    """

    number: int
    manifest: Manifest
    numbered: int
    partitions: int
    exact_up_to: int


class PostgresEngine:
    """An opened generation in a database; see `searchapp.engines.base.Engine` for what the methods give."""

    def __init__(
        self,
        servers: Servers,
        published: Published,
        parts: Mapping[str, bytes],
    ) -> None:
        self._servers = servers
        self._published = published
        self._manifest = manifest = published.manifest
        self._alive = sql.SQL("since <= {0} and (until is null or until > {0})").format(sql.Literal(published.number))
        self._models = model_parts(manifest.encoder)
        self._chunks = array_of(parts, "chunks")
        self._document_numbers = array_of(parts, "document_numbers")
        self._chunk_numbers = array_of(parts, "chunk_numbers")
        self._row_of = _places(self._chunk_numbers, published.numbered)
        self._parts = parts
        self._postings = DatabasePostings(servers, parts, alive=self._alive, row_of=self._row_of)
        self._documents: Held[int, Document] = Held(_DOCUMENTS_HELD)
        self._sentences: Held[int, Sentences] = Held(_SENTENCES_HELD)

    @property
    def place(self) -> str:
        """The database's address."""
        return self._servers.place

    @property
    def manifest(self) -> Manifest:
        """The generation's manifest."""
        return self._manifest

    @cached_property
    def learned(self) -> Learned:
        """What its encoder had learned."""
        names = [name for name in self._parts if name.startswith(LEARNED)]
        return {name.removeprefix(LEARNED): array_of(self._parts, name) for name in names}

    @property
    def chunks(self) -> npt.NDArray[np.void]:
        """Where each chunk lies."""
        return self._chunks

    @cached_property
    def groups(self) -> npt.NDArray[np.int32]:
        """The number of each document's group of near-duplicates."""
        return array_of(self._parts, "groups")

    @cached_property
    def positions(self) -> npt.NDArray[np.float32] | None:
        """The place of each document on the map by meaning."""
        return array_of(self._parts, "positions") if "positions" in self._parts else None

    @cached_property
    def background(self) -> Embeddings:
        """The background as queries."""
        return array_of(self._parts, "background")

    @cached_property
    def centres(self) -> Centres | None:
        """What is subtracted from the vectors of each language."""
        if "centres" not in self._parts:
            return None
        passages, sentences = array_of(self._parts, "centres")
        return Centres(passages=passages, sentences=sentences)

    @property
    def postings(self) -> DatabasePostings:
        """The keyword index."""
        return self._postings

    def records(self) -> list[ColumnRecord]:
        """Return of every document what filters and facets need."""
        return [_RECORD.decode(line) for line in self._parts["records"].splitlines()]

    def prefetch(self, rows: Sequence[int], *, sentences: bool = True) -> None:
        """Fetch the documents and sentences of these chunks."""
        self._fetch_documents([int(self._chunks["document"][row]) for row in rows])
        if sentences:
            self._fetch_sentences(list(rows))

    def document(self, row: int) -> Document:
        """Return the document in this row."""
        held = self._documents.get(row)
        return held if held is not None else self._fetch_documents([row])[row]

    def chunk(self, row: int, document: Document) -> Chunk:
        """Return the chunk in this row, which must be one of the document's."""
        return chunk_of(self._chunks[row], document)

    def sentences(self, row: int) -> Sentences:
        """Return the sentences of the chunk in this row."""
        held = self._sentences.get(row)
        return held if held is not None else self._fetch_sentences([row])[row]

    def sentence_products(self, rows: Rows, others: Floats) -> tuple[Floats, Rows]:
        """Return products of the sentences of these chunks with vectors, and how many each chunk has."""
        found = self._rows_of(
            "select chunk, codes, scales from concord.sentences where chunk = any(%s) and {alive}",
            [self._chunk_numbers[rows].tolist()],
        )
        by_number = {number: (codes, scales) for number, codes, scales in found}
        try:
            ordered = [by_number[number] for number in self._chunk_numbers[rows].tolist()]
        except KeyError as error:
            raise self._lost(error) from error
        scales = [np.frombuffer(scale, "<f4") for _, scale in ordered]
        codes = np.frombuffer(b"".join(code for code, _ in ordered), np.int8).reshape(-1, self._manifest.encoder.dim)
        vectors = QuantisedVectors(codes=codes, scales=np.concatenate([np.empty(0, np.float32), *scales]))
        return vectors @ others, np.array([len(each) for each in scales], dtype=np.int64)

    def vectors(self, rows: Rows) -> Embeddings:
        """Return the passages' vectors of these chunks; noughts for the second model where it doesn't know them."""
        numbers, places = np.unique(self._chunk_numbers[rows], return_inverse=True)
        found = self._rows_of(
            "select chunk, first, second from concord.chunks where chunk = any(%s) and {alive}",
            [numbers.tolist()],
        )
        if len(found) != len(numbers):
            raise self._lost(len(numbers) - len(found))
        vectors = np.zeros((len(numbers), self._manifest.encoder.dim), dtype=np.float32)
        for number, *models in found:
            place = np.searchsorted(numbers, number)
            for part, vector in zip(self._models, models, strict=False):
                if vector is not None:
                    vectors[place, part] = vector
        return vectors[places]

    def products(self, vector: Floats, rows: Rows | None = None) -> Floats:
        """Return each model's products of a vector with the passages of these chunks, or of all, exactly."""
        queries = [Vector(vector[part]) for part in self._models]
        columns = [sql.SQL("first"), sql.SQL("second")][: len(queries)]
        products = sql.SQL(", ").join(
            sql.SQL("array_agg(coalesce(-({} <#> %s), 0)::real)").format(column) for column in columns
        )
        some = sql.SQL("") if rows is None else sql.SQL(" and chunk = any(%s)")
        wanted = [] if rows is None else [self._chunk_numbers[rows].tolist()]
        found = self._servers.rows_of_partitions(
            sql.SQL("select array_agg(chunk), {} from concord.{{table}} where {}{}").format(
                products, self._alive, some
            ),
            "chunks",
            [*queries, *wanted],
        )
        of_all = np.zeros((len(self._models), len(self._chunks)), dtype=np.float32)
        count = 0
        for numbers, *each in found:
            if numbers is not None:
                places = self._row_of[numbers]
                count += int((places >= 0).sum())
                of_all[:, places] = each
        if count != (len(self._chunks) if rows is None else len(rows)):
            raise self._lost(count)
        return of_all if rows is None else of_all[:, rows]

    def products_of_many(self, vectors: Embeddings) -> Floats:
        """Return each model's products of vectors with the passages of all chunks, exactly."""
        return np.stack([self.products(vector) for vector in vectors])

    def scanned(self, similarity: Similarity, vector: Floats) -> Floats | None:  # noqa: ARG002 (as every engine has it)
        """Return None: where all passages are compared, they are so exactly."""
        return None

    def nearest(self, similarity: Similarity, vector: Floats, documents: Mask | None) -> Rows | None:
        """Return the chunks nearest to a query by passage, or nearly all of these; None where all are few."""
        if len(self._chunks) <= self._published.exact_up_to:
            return None
        passing = None
        if documents is not None:
            rows = np.flatnonzero(documents[self._chunks["document"]])
            if len(rows) <= _PASSING:
                return rows
            passing = self._document_numbers[documents].tolist()
        numbers, products = self._walked(similarity, vector, passing)
        if len(numbers) > NEAREST:
            numbers = numbers[np.argpartition(products, NEAREST - 1)[:NEAREST]]
        rows = self._row_of[numbers]
        return np.unique(rows[rows >= 0])

    def scale(self, compute: Callable[[], Scale]) -> Scale:  # noqa: ARG002 (it is stored)
        """Return what was computed when the generation was published."""
        return Scale(
            slopes=array_of(self._parts, "slopes"),
            zeros=array_of(self._parts, "zeros"),
            share=float(array_of(self._parts, "share")[0]),
        )

    def _walked(
        self, similarity: Similarity, vector: Floats, documents: list[int] | None
    ) -> tuple[npt.NDArray[np.int32], Floats]:
        """Return what the approximate indexes give: numbers of chunks, and their negative products with the query."""
        filtered = sql.SQL("") if documents is None else sql.SQL(" and document = any(%s)")
        found = []
        for models, query in enumerate(similarity.queries(vector), start=1):
            dim = sql.Literal(len(query))
            statement = sql.SQL(
                "select array_agg(chunk), array_agg(product) from (select chunk,"
                " (vector::halfvec({dim}) <#> %s::halfvec({dim}))::real as product from concord.{{table}}"
                " where models = {models} and dim = {dim} and {alive}{filtered}"
                " order by vector::halfvec({dim}) <#> %s::halfvec({dim}) limit {limit}) as found"
            ).format(
                dim=dim,
                models=sql.Literal(models),
                alive=self._alive,
                filtered=filtered,
                limit=sql.Literal(of_partition(self._published.partitions)),
            )
            half = HalfVector(query)
            parameters = [half, *([] if documents is None else [documents]), half]
            found += [
                row for row in self._servers.rows_of_partitions(statement, "nearest", parameters) if row[0] is not None
            ]
        numbers = np.concatenate([np.empty(0, np.int32), *(numbers for numbers, _ in found)])
        return numbers, np.concatenate([np.empty(0, np.float32), *(products for _, products in found)])

    def _fetch_documents(self, rows: Sequence[int]) -> dict[int, Document]:
        found = {row: document for row in rows if (document := self._documents.get(row)) is not None}
        missing = [row for row in dict.fromkeys(rows) if row not in found]
        if missing:
            records = self._rows_of(
                "select document, record::text from concord.documents where document = any(%s) and {alive}",
                [self._document_numbers[missing].tolist()],
            )
            by_number = dict(records)
            for row in missing:
                try:
                    record = by_number[int(self._document_numbers[row])]
                except KeyError as error:
                    raise self._lost(error) from error
                found[row] = _DOCUMENT.decode(record)
                self._documents.put(row, found[row])
        return found

    def _fetch_sentences(self, rows: Sequence[int]) -> dict[int, Sentences]:
        found = {row: held for row in rows if (held := self._sentences.get(row)) is not None}
        missing = [row for row in dict.fromkeys(rows) if row not in found]
        if missing:
            stored = self._rows_of(
                "select chunk, spans, codes, scales from concord.sentences where chunk = any(%s) and {alive}",
                [self._chunk_numbers[missing].tolist()],
            )
            for number, spans, codes, scales in stored:
                row = int(self._row_of[number])
                found[row] = Sentences(
                    spans=np.frombuffer(spans, "<i4").reshape(-1, 2),
                    embeddings=QuantisedVectors(
                        codes=np.frombuffer(codes, np.int8).reshape(-1, self._manifest.encoder.dim),
                        scales=np.frombuffer(scales, "<f4"),
                    ),
                )
                self._sentences.put(row, found[row])
            if len(stored) != len(missing):
                raise self._lost(len(missing) - len(stored))
        return found

    def _rows_of(self, template: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
        statement = sql.SQL(template).format(alive=self._alive)
        return self._servers.rows(statement, parameters)

    def _lost(self, what: object) -> EngineDownError:
        """Return the error for rows that aren't there: the generation was removed, long after another answered."""
        return EngineDownError(f"{self.place}: rows of generation {self._manifest.digest} are gone ({what}); try again")


def _places(numbers: npt.NDArray[np.int32], count: int) -> Rows:
    """Return the row of each of so many numbers, int64, -1 where there is none."""
    places = np.full(count, -1, dtype=np.int64)
    places[numbers] = np.arange(len(numbers))
    return places
