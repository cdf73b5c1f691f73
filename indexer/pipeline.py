"""The order of the indexing stages: read, chunk, embed, write the keyword index, publish. Only this module knows it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from indexer.centres import language_centres
from indexer.embedding import Embedded, embed_passages
from indexer.generation_files import write_centres, write_documents, write_learned, write_sentences
from indexer.keyword_index import KnownRows, write_keyword_index
from indexer.known import known_from, preparation_rules
from indexer.near_duplicates import group_documents
from indexer.positions import LAYOUT, document_vectors, known_positions, lay_out
from indexer.preparation import Corpus, prepare
from indexer.publishing import publish, staging_folder, writer_lock
from indexer.readers.recall import DIGEST_BYTES
from indexer.readers.sources import ReadOptions, ReadResult, read_sources
from indexer.shared.arrays import counts_of, save_array
from indexer.shared.background import background_revision, read_background
from indexer.shared.encoder import Encoder
from indexer.shared.errors import IndexStoreError, InputError
from indexer.shared.manifest import FORMAT_VERSION, Counts, EncoderIdentity, Manifest
from indexer.shared.storage import (
    ENTRIES_FILE,
    POSITIONS_FILE,
    RULES_FILE,
    SIGNATURES_FILE,
    Centres,
    Generation,
    open_generation,
)
from indexer.workers import Crew

__all__ = ["IndexReport", "build_index", "index_documents"]


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexReport:
    """What an indexing run did: the generation now current (None when nothing could be read), and what it left out.

    `embedded` counts the chunks whose embedding was computed; the others' were taken from the previous generation.
    """

    manifest: Manifest | None
    embedded: int
    rejected: tuple[InputError, ...]


def build_index(  # noqa: PLR0913 (one parameter an option of the command)
    sources: Sequence[Path],
    *,
    index: Path,
    encoder: Encoder,
    options: ReadOptions | None = None,
    rebuild: bool = False,
    crew: Crew | None = None,
) -> IndexReport:
    """Index all sources into a new generation and make it current; `rebuild` makes everything anew.

    Otherwise what hasn't changed since the current generation is taken from it. A `crew` embeds for this process.
    """
    known = None if rebuild else known_from(_previous(index), preparation_rules(encoder))
    read = read_sources(sources, options, recall=None if known is None else known.recall)
    return index_documents(read, index=index, encoder=encoder, rebuild=rebuild, crew=crew)


def index_documents(
    read: ReadResult, *, index: Path, encoder: Encoder, rebuild: bool = False, crew: Crew | None = None
) -> IndexReport:
    """Index documents that were read. When there are none, the index stays as it is."""
    if not read.documents:
        return IndexReport(manifest=None, embedded=0, rejected=read.rejected)
    with writer_lock(index):
        previous = None if rebuild else _previous(index)
        with staging_folder(index) as staging:
            run = _Run(index=index, staging=staging, encoder=encoder, crew=crew, previous=previous)
            generation, embedded = _build(read, run)
    return IndexReport(manifest=generation.manifest, embedded=embedded, rejected=read.rejected)


def _previous(index: Path) -> Generation | None:
    """Return the generation to take unchanged embeddings from; a missing or damaged one only costs time.

    Its digests are compared, so that no damage is taken over.
    """
    try:
        return open_generation(index, paranoid=True)
    except IndexStoreError:
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """One indexing run: the index, the folder of its new generation, who embeds, and the generation to take from."""

    index: Path
    staging: Path
    encoder: Encoder
    crew: Crew | None
    previous: Generation | None


def _build(read: ReadResult, run: _Run) -> tuple[Generation, int]:
    staging, encoder, previous = run.staging, run.encoder, run.previous
    rules = preparation_rules(encoder)
    known = known_from(previous, rules)
    corpus = prepare(read.documents, encoder, known)
    digest = _digest(rules, write_documents(staging, corpus.documents), corpus, encoder)
    if previous is not None and previous.manifest.digest == digest:
        return previous, 0
    save_array(staging / "chunks.npy", corpus.chunks)
    save_array(staging / "groups.npy", group_documents(corpus.documents, corpus.signatures))
    save_array(staging / "passage_keys.npy", corpus.keys)
    save_array(staging / ENTRIES_FILE, _entries(read))
    save_array(staging / SIGNATURES_FILE, corpus.signatures)
    write_sentences(staging, corpus.sentences, corpus.offsets)
    embedded = _write_embeddings(corpus, run)
    save_array(staging / "background.npy", encoder.encode_queries(read_background()))
    entries = tqdm(corpus.new_entries(), desc="Indexing words", unit=" chunks", delay=1, disable=None)
    rows = None if known is None else KnownRows(postings=known.postings, rows=corpus.origins)
    write_keyword_index(staging / "keyword", entries, corpus.langs, rows)
    (staging / RULES_FILE).write_text(f"{rules}\n", encoding="ascii")
    manifest = Manifest(
        format_version=FORMAT_VERSION,
        digest=digest,
        built_at=datetime.now(UTC).isoformat(timespec="seconds"),
        encoder=_identity(encoder),
        langs=corpus.langs,
        counts=_counts(corpus),
        sources=read.sources,
        files={},
    )
    return publish(run.index, staging, manifest), embedded


def _write_embeddings(corpus: Corpus, run: _Run) -> int:
    """Write the embeddings and what is made of them, and let go of them; return how many had to be computed."""
    staging, encoder, previous = run.staging, run.encoder, run.previous
    embedded = embed_passages(corpus, encoder, folder=staging, previous=previous, crew=run.crew)
    centres = _centres(corpus, embedded) if encoder.learned else None
    if centres is not None:
        write_learned(staging, encoder.learned)
        write_centres(staging, centres)
    save_array(staging / POSITIONS_FILE, _positions(corpus, embedded, centres, encoder=encoder, previous=previous))
    return embedded.computed


def _identity(encoder: Encoder) -> EncoderIdentity:
    return EncoderIdentity(
        name=encoder.name,
        revision=encoder.revision,
        dim=encoder.dim,
        second=encoder.second,
        runtime=encoder.runtime,
    )


def _centres(corpus: Corpus, embedded: Embedded) -> Centres:
    return language_centres(
        embedded.embeddings,
        embedded.sentences,
        counts=counts_of(corpus.offsets),
        documents=corpus.chunks["document"].astype(np.int64),
        langs=corpus.chunks["lang"].astype(np.int64),
    )


def _positions(
    corpus: Corpus, embedded: Embedded, centres: Centres | None, *, encoder: Encoder, previous: Generation | None
) -> npt.NDArray[np.float32]:
    """Return a place for each document, float32 `(documents, 2)`, by the encoder's first model, which knows all."""
    first = slice(None if encoder.second is None else encoder.second.start)
    documents, count = corpus.chunks["document"].astype(np.int64), len(corpus.documents)
    vectors = document_vectors(
        embedded.embeddings[:, first],
        None if centres is None else centres.passages[:, first],
        documents=documents,
        langs=corpus.chunks["lang"].astype(np.int64),
        count=count,
    )
    return lay_out(vectors, known_positions(previous, corpus.keys, documents=documents, count=count))


def _entries(read: ReadResult) -> npt.NDArray[np.uint8]:
    digests = [read.digests.get(document.document_id, bytes(DIGEST_BYTES)) for document in read.documents]
    return np.frombuffer(b"".join(digests), dtype=np.uint8).reshape(-1, DIGEST_BYTES)


def _digest(rules: str, documents_digest: bytes, corpus: Corpus, encoder: Encoder) -> str:
    digest = hashlib.sha256(f"{FORMAT_VERSION} {rules} {LAYOUT} {encoder.name} {background_revision()}".encode())
    digest.update(documents_digest)
    digest.update(corpus.chunks.tobytes())
    digest.update(corpus.offsets.tobytes())
    digest.update(corpus.sentences.tobytes())
    return digest.hexdigest()[:16]


def _counts(corpus: Corpus) -> Counts:
    return Counts(
        documents=len(corpus.documents),
        commitments=len({document.commitment_id for document in corpus.documents}),
        chunks=len(corpus.chunks),
        catalogue_entries=len({entry for document in corpus.documents for entry in document.catalogue}),
    )
