"""Publishing a generation to PostgreSQL, where any number of servers search it.

What a generation shares with the one that answers is left as it is; documents that are new or have changed are written
beside the old ones, in one transaction, and become current in the next. A failure at any moment leaves the generation
that answers as it was. `indexer.shared.postgresql.schema` says what lies where.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import psycopg
from pgvector import HalfVector, Vector
from pgvector.psycopg import register_vector
from psycopg import sql
from tqdm import tqdm

from indexer.shared.analysis import analysis_revision
from indexer.shared.arrays import Numbers, ranges
from indexer.shared.calibration import scale_of
from indexer.shared.columns import ColumnRecord
from indexer.shared.errors import IndexStoreError
from indexer.shared.manifest import Manifest
from indexer.shared.postgresql.connections import connect, place_of
from indexer.shared.postgresql.copying import rows_into
from indexer.shared.postgresql.generations import answering_generation
from indexer.shared.postgresql.parts import LEARNED, array_of, array_parts, load_parts, save_parts
from indexer.shared.postgresql.schema import PARTITIONED, PARTITIONS, install, shards_of
from indexer.shared.postings import Postings, load_postings
from indexer.shared.similarity import EXACT_UP_TO, Similarity
from indexer.shared.storage import Generation

__all__ = ["answering_in", "prepare_for", "publish_to", "restore_in"]

_LOCK = 0x434F4E43  # of one database: who publishes
_SEGMENTS = 8  # generations that may have added to a term's postings before all are written anew
_BLOCK = 1024  # chunks that are read at a time
_DIGEST_BYTES = 16
_CHUNK = {"commitment_id": "text", "chunk": "int4", "document": "int4", "since": "int4"}

Digests = npt.NDArray[np.void]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Numbered:
    """The documents and chunks of a generation by their lasting numbers, int32, and digests of the documents.

    `number` is the generation's own; the next ones are free. `segments` are the generations whose postings count.
    """

    number: int
    documents: npt.NDArray[np.int32]
    chunks: npt.NDArray[np.int32]
    digests: Digests
    segments: tuple[int, ...]
    next_document: int
    next_chunk: int


_NOTHING = _Numbered(
    number=0,
    documents=np.empty(0, np.int32),
    chunks=np.empty(0, np.int32),
    digests=np.empty(0, f"V{_DIGEST_BYTES}"),
    segments=(),
    next_document=0,
    next_chunk=0,
)


def prepare_for(address: str) -> str:
    """Bring a database up to this program's schema, and return its name for messages; raises as `publish_to`.

    Who can't publish there is told now, before anything is indexed.
    """
    with connect(address) as connection, _single_writer(connection, address):
        install(connection)
        connection.execute("delete from concord.generations where false")
    return place_of(address)


def answering_in(address: str) -> Manifest | None:
    """Return the manifest of the generation that answers in a database, None if none does; raises as `publish_to`."""
    prepare_for(address)
    with connect(address) as connection:
        answering = answering_generation(connection)
        return None if answering is None else answering.manifest


def publish_to(address: str, generation: Generation) -> None:
    """Make a generation the one that answers in a database; nothing is written if it is already.

    The schema is installed or brought up to date first. Raises IndexStoreError: when another process is publishing,
    and whatever PostgreSQL says.
    """
    with connect(address) as connection, _single_writer(connection, address):
        install(connection)
        register_vector(connection)
        current, digest = _current(connection)
        if digest == generation.manifest.digest:
            return
        _clear(connection, newer_than=current.number)
        numbered = _numbered(connection, generation, current)
        with connection.transaction():
            _write(connection, generation, current, numbered)
        _index_nearest(connection, generation.manifest)
        _answer_with(connection, numbered.number)
        _clear(connection, older_than=current.number)


def restore_in(address: str, digest: str | None = None) -> Manifest:
    """Make an older generation of a database answer: the named one, else that which answered before.

    Raises IndexStoreError when there is no such generation, and as `publish_to` does.
    """
    with connect(address) as connection, _single_writer(connection, address):
        install(connection)
        current, _ = _current(connection)
        rows = connection.execute(
            "select generation, manifest from concord.generations where published_at is not null"
            " order by generation desc"
        ).fetchall()
        there = [(number, msgspec.json.decode(manifest, type=Manifest)) for number, manifest in rows]
        for number, manifest in there:
            if manifest.digest == digest or (digest is None and number != current.number):
                _answer_with(connection, number)
                return manifest
    sought = f"generation {digest!r}" if digest else "other generation than the current one"
    known = ", ".join(f"{one.digest} (built {one.built_at})" for _, one in there) or "none"
    raise IndexStoreError(f"{place_of(address)}: there is no {sought}; those that are there: {known}")


@contextmanager
def _single_writer(connection: psycopg.Connection, address: str) -> Iterator[None]:
    row = connection.execute("select pg_try_advisory_lock(%s)", [_LOCK]).fetchone()
    if row != (True,):
        raise IndexStoreError(f"{place_of(address)}: another process is writing this index; try again when it is done")
    yield  # the lock ends with the connection


def _current(connection: psycopg.Connection) -> tuple[_Numbered, str | None]:
    """Return the generation that answers, and its digest."""
    answering = answering_generation(connection)
    if answering is None:
        return _NOTHING, None
    parts = load_parts(
        connection, answering.number, ("document_numbers", "chunk_numbers", "document_digests", "segments")
    )
    return (
        _Numbered(
            number=answering.number,
            documents=array_of(parts, "document_numbers"),
            chunks=array_of(parts, "chunk_numbers"),
            digests=array_of(parts, "document_digests").view(f"V{_DIGEST_BYTES}").ravel(),
            segments=tuple(array_of(parts, "segments").tolist()),
            next_document=0,
            next_chunk=0,
        ),
        answering.manifest.digest,
    )


def _numbered(connection: psycopg.Connection, generation: Generation, current: _Numbered) -> _Numbered:
    """Return the numbers of all documents and chunks: as before where a document is the same, else new ones."""
    [(next_generation, next_document, next_chunk)] = connection.execute(
        "select nextval('concord.generation_numbers')::int, coalesce(max(next_document), 0),"
        " coalesce(max(next_chunk), 0) from concord.generations"
    ).fetchall()
    digests = _digests(generation)
    known = {digest.tobytes(): place for place, digest in enumerate(current.digests)}
    places = np.array([known.get(digest.tobytes(), -1) for digest in digests], dtype=np.int64)
    new = np.flatnonzero(places < 0)
    documents = np.empty(len(digests), dtype=np.int32)
    documents[places >= 0] = current.documents[places[places >= 0]]
    documents[new] = next_document + np.arange(len(new))
    chunks, fresh = _chunk_numbers(connection, generation, current, places, next_chunk)
    whole = not current.segments or len(current.segments) >= _SEGMENTS
    return _Numbered(
        number=next_generation,
        documents=documents,
        chunks=chunks,
        digests=digests,
        segments=(next_generation,) if whole else (*current.segments, next_generation),
        next_document=next_document + len(new),
        next_chunk=next_chunk + fresh,
    )


def _chunk_numbers(
    connection: psycopg.Connection, generation: Generation, current: _Numbered, places: Numbers, next_chunk: int
) -> tuple[npt.NDArray[np.int32], int]:
    """Return the number of each chunk, and how many are new; `places` are those of the documents before, or -1."""
    owner = generation.chunks["document"].astype(np.int64)
    numbers = np.empty(len(owner), dtype=np.int32)
    same = places[owner] >= 0
    if same.any():
        parts = load_parts(connection, current.number, ("chunks",))
        first = np.searchsorted(array_of(parts, "chunks")["document"], np.arange(len(current.documents)))
        within = np.arange(len(owner)) - np.searchsorted(owner, owner)
        numbers[same] = current.chunks[first[places[owner[same]]] + within[same]]
    fresh = int((~same).sum())
    numbers[~same] = next_chunk + np.arange(fresh)
    return numbers, fresh


def _digests(generation: Generation) -> Digests:
    """Return a digest of all that is stored of each document, its vectors by the keys of its passages."""
    manifest, chunks = generation.manifest, generation.chunks
    rules = f"{manifest.encoder.revision} {analysis_revision()} "
    ends = np.searchsorted(chunks["document"], np.arange(manifest.counts.documents + 1))
    digests = []
    for row, (start, end) in enumerate(pairwise(ends.tolist())):
        digest = hashlib.sha256(rules.encode())
        digest.update(generation.document_json(row))
        digest.update(" ".join(manifest.langs[number] for number in chunks["lang"][start:end]).encode())
        for column in ("section", "number", "start", "end"):
            digest.update(np.ascontiguousarray(chunks[column][start:end]).tobytes())
        digest.update(np.ascontiguousarray(generation.passage_keys[start:end]).tobytes())
        digests.append(digest.digest()[:_DIGEST_BYTES])
    return np.frombuffer(b"".join(digests), dtype=f"V{_DIGEST_BYTES}")


def _write(connection: psycopg.Connection, generation: Generation, current: _Numbered, new: _Numbered) -> None:
    """Write what is new of a generation, and end what it no longer has."""
    gone = np.setdiff1d(current.documents, new.documents)
    gone_chunks = np.setdiff1d(current.chunks, new.chunks)
    for table, column, numbers in (
        ("documents", "document", gone),
        ("chunks", "chunk", gone_chunks),
        ("nearest", "chunk", gone_chunks),
        ("sentences", "chunk", gone_chunks),
    ):
        if len(numbers):
            connection.execute(
                sql.SQL("update concord.{} set until = %s where {} = any(%s) and until is null").format(
                    sql.Identifier(table), sql.Identifier(column)
                ),
                [new.number, numbers.tolist()],
            )
    fresh_documents = np.flatnonzero(~np.isin(new.documents, current.documents))
    fresh = np.flatnonzero(~np.isin(new.chunks, current.chunks))
    decoder = msgspec.json.Decoder(ColumnRecord)
    records = [generation.decoded(row, decoder) for row in range(generation.manifest.counts.documents)]
    ids = [record.commitment_id.replace("\0", "") for record in records]  # text holds no NUL
    _write_documents(connection, generation, new, fresh_documents, ids)
    _write_passages(connection, generation, new, fresh, ids)
    _write_sentences(connection, generation, new, fresh, ids)
    postings = load_postings(generation.keyword_folder, revision=analysis_revision())
    if len(new.segments) == 1:
        connection.execute("update concord.postings set until = %s where until is null", [new.number])
        fresh = np.arange(len(new.chunks))
    _write_postings(connection, postings, new, fresh)
    connection.execute(
        "insert into concord.generations (generation, digest, manifest, next_document, next_chunk)"
        " values (%s, %s, %s, %s, %s)",
        [
            new.number,
            generation.manifest.digest,
            msgspec.json.encode(generation.manifest),
            new.next_document,
            new.next_chunk,
        ],
    )
    parts = _parts(generation, postings, new)
    parts["records"] = b"\n".join(msgspec.json.encode(record) for record in records)
    save_parts(connection, new.number, parts)


def _write_documents(
    connection: psycopg.Connection, generation: Generation, new: _Numbered, rows: Numbers, ids: list[str]
) -> None:
    with (
        connection.cursor() as cursor,
        cursor.copy("copy concord.documents (commitment_id, document, since, record) from stdin") as copy,
    ):
        for row in rows.tolist():
            record = generation.document_json(row).decode().rstrip("\n")
            copy.write_row((ids[row], int(new.documents[row]), new.number, record))


def _write_passages(
    connection: psycopg.Connection, generation: Generation, new: _Numbered, rows: Numbers, ids: list[str]
) -> None:
    """Write the vectors of passages: exact ones by model, and centred ones in 16 bits for approximate searches."""
    similarity = _similarity(generation)
    owner, lang = generation.chunks["document"].astype(np.int64), generation.chunks["lang"].astype(np.int64)
    models = similarity.models
    knows = similarity.knows[lang]
    with tqdm(total=2 * len(rows), desc="Publishing", unit=" vectors", delay=1, disable=None) as bar:
        with rows_into(connection, "chunks", **_CHUNK, first="vector", second="vector") as copy:
            for block in _blocks(rows):
                vectors = np.asarray(generation.embeddings).take(block, axis=0)
                for row, vector in zip(block.tolist(), vectors, strict=True):
                    parts = [Vector(vector[part]) if not at or knows[row] else None for at, part in enumerate(models)]
                    first, second = (*parts, None)[:2]
                    document = int(owner[row])
                    numbers = (int(new.chunks[row]), int(new.documents[document]), new.number)
                    copy.write_row((ids[document], *numbers, first, second))
                bar.update(len(block))
        with rows_into(connection, "nearest", **_CHUNK, models="int2", dim="int2", vector="halfvec") as copy:
            for block in _blocks(rows):
                vectors = similarity.centred(np.asarray(generation.embeddings).take(block, axis=0), lang[block])
                for row, vector in zip(block.tolist(), vectors, strict=True):
                    count = 1 + int(knows[row])
                    held = vector[: models[0].stop] if count < len(models) else vector
                    document = int(owner[row])
                    numbers = (int(new.chunks[row]), int(new.documents[document]), new.number)
                    copy.write_row((ids[document], *numbers, count, len(held), HalfVector(held)))
                bar.update(len(block))


def _write_sentences(
    connection: psycopg.Connection, generation: Generation, new: _Numbered, rows: Numbers, ids: list[str]
) -> None:
    owner = generation.chunks["document"].astype(np.int64)
    columns = {"commitment_id": "text", "chunk": "int4", "since": "int4"}
    with rows_into(connection, "sentences", **columns, spans="bytea", codes="bytea", scales="bytea") as copy:
        for row in rows.tolist():
            found = generation.sentences(row)
            copy.write_row(
                (
                    ids[int(owner[row])],
                    int(new.chunks[row]),
                    new.number,
                    found.spans.astype("<i4").tobytes(),
                    np.ascontiguousarray(found.embeddings.codes).tobytes(),
                    found.embeddings.scales.astype("<f4").tobytes(),
                )
            )


def _write_postings(connection: psycopg.Connection, postings: Postings, new: _Numbered, rows: Numbers) -> None:
    """Write the postings of these chunks, by term, with the chunks' numbers instead of rows."""
    wanted = np.zeros(len(new.chunks), dtype=np.bool_)
    wanted[rows] = True
    kept = np.flatnonzero(wanted[postings.rows])
    terms = np.searchsorted(postings.posting_starts, kept, side="right") - 1
    counts = np.diff(postings.position_starts)
    first = np.flatnonzero(np.diff(terms, prepend=-1))
    of_chunks = dict.fromkeys(("chunks", "weights", "counts", "positions"), "bytea")
    with rows_into(connection, "postings", field="text", term="bytea", since="int4", **of_chunks) as copy:
        fields = {number: name for name, span in postings.fields.items() for number in range(*span)}
        for start, end in pairwise([*first.tolist(), len(kept)]):
            term, places = int(terms[start]), kept[start:end]
            positions = postings.positions[ranges(postings.position_starts[places], counts[places])]
            copy.write_row(
                (
                    fields[term],
                    postings.term(term),
                    new.number,
                    new.chunks[postings.rows[places]].astype("<i4").tobytes(),
                    postings.weights[places].astype("<f4").tobytes(),
                    counts[places].astype("<i4").tobytes(),
                    positions.astype("<i4").tobytes(),
                )
            )


def _parts(generation: Generation, postings: Postings, new: _Numbered) -> dict[str, bytes]:
    """Return what a reader holds in memory of a generation, but for the documents' records."""
    lang = generation.chunks["lang"].astype(np.int64)
    scale = scale_of(
        _similarity(generation),
        generation.background,
        lambda rows: np.asarray(generation.embeddings).take(rows, axis=0),
        lang,
    )
    arrays: dict[str, npt.NDArray[Any]] = {
        "document_numbers": new.documents,
        "chunk_numbers": new.chunks,
        "document_digests": new.digests.view(np.uint8).reshape(-1, _DIGEST_BYTES),
        "segments": np.array(new.segments, dtype=np.int32),
        "chunks": np.asarray(generation.chunks),
        "groups": np.asarray(generation.groups),
        "background": np.asarray(generation.background),
        "slopes": scale.slopes,
        "zeros": scale.zeros,
        "share": np.array([scale.share]),
        "term_bytes": postings.term_bytes,
        "term_starts": postings.term_starts,
        "frequencies": np.diff(postings.posting_starts),
        "row_langs": postings.row_langs,
        "lengths": postings.lengths,
    }
    if generation.positions is not None:
        arrays["positions"] = generation.positions
    if generation.centres is not None:
        arrays["centres"] = np.stack([generation.centres.passages, generation.centres.sentences])
    arrays |= {f"{LEARNED}{name}": array for name, array in generation.learned.items()}
    return {
        **array_parts(arrays),
        "keyword": msgspec.json.encode(
            {"langs": postings.langs, "fields": postings.fields, "revision": postings.revision}
        ),
    }


def _index_nearest(connection: psycopg.Connection, manifest: Manifest) -> None:
    """Make the approximate indexes of a large generation, on the server that holds each partition, unless there are."""
    if manifest.counts.chunks <= EXACT_UP_TO:
        return
    second = manifest.encoder.second
    kinds = [(2 if second else 1, manifest.encoder.dim)] + ([(1, second.start)] if second else [])
    shards = [shard for shard in shards_of(connection) if shard.partitions]
    for shard in shards:
        with connect(shard.address) as remote:
            for number in shard.partitions:
                _index_partition(remote, number, kinds)
    for number in () if shards else range(PARTITIONS):
        _index_partition(connection, number, kinds)


def _index_partition(connection: psycopg.Connection, number: int, kinds: list[tuple[int, int]]) -> None:
    connection.execute("set maintenance_work_mem = '1GB'")
    for models, dim in kinds:
        connection.execute(
            sql.SQL(
                "create index if not exists {index} on concord.{table} using hnsw"
                " ((vector::halfvec({dim})) halfvec_ip_ops) with (m = {m}, ef_construction = {ef})"
                " where models = {models} and dim = {dim}"
            ).format(
                index=sql.Identifier(f"nearest_{number}_{models}_{dim}"),
                table=sql.Identifier(f"nearest_{number}"),
                dim=sql.Literal(dim),
                models=sql.Literal(models),
                m=sql.Literal(16),
                ef=sql.Literal(100),
            )
        )
    connection.execute(sql.SQL("analyze concord.{}").format(sql.Identifier(f"nearest_{number}")))


def _answer_with(connection: psycopg.Connection, generation: int) -> None:
    with connection.transaction():
        connection.execute(
            "insert into concord.answering (generation) values (%s) on conflict (one) do update"
            " set generation = excluded.generation",
            [generation],
        )
        connection.execute(
            "update concord.generations set published_at = now() where generation = %s and published_at is null",
            [generation],
        )


def _clear(connection: psycopg.Connection, *, newer_than: int | None = None, older_than: int | None = None) -> None:
    """Remove what newer generations have added and ended, or what those before one have ended.

    The generations go first, so that none is there without its rows; after a failure, the next call does the rest.
    """
    if newer_than is not None:
        connection.execute("delete from concord.generations where generation > %s", [newer_than])
    else:
        connection.execute("delete from concord.generations where generation < %s", [older_than])
    for table in PARTITIONED:
        name = sql.Identifier(table)
        if newer_than is not None:
            connection.execute(sql.SQL("delete from concord.{} where since > %s").format(name), [newer_than])
            connection.execute(
                sql.SQL("update concord.{} set until = null where until > %s").format(name), [newer_than]
            )
        else:
            connection.execute(sql.SQL("delete from concord.{} where until <= %s").format(name), [older_than])


def _similarity(generation: Generation) -> Similarity:
    return Similarity(generation.manifest.encoder, generation.manifest.langs, generation.centres)


def _blocks(rows: Numbers) -> Iterator[Numbers]:
    return (rows[start : start + _BLOCK] for start in range(0, len(rows), _BLOCK))
