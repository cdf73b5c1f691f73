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
from indexer.chunking import TokenLimit, chunk_document, passage_text
from indexer.embedding import TITLE_WEIGHT, Embedded, Passage, embed_passages
from indexer.generation_files import write_centres, write_documents, write_learned, write_sentences
from indexer.keyword_index import KeywordEntry, write_keyword_index
from indexer.languages import with_section_languages
from indexer.near_duplicates import group_documents
from indexer.positions import LAYOUT, document_vectors, known_positions, lay_out
from indexer.publishing import publish, staging_folder, writer_lock
from indexer.readers.sources import ReadOptions, ReadResult, read_sources
from indexer.sentences import sentence_spans
from indexer.shared.analysis import analysis_revision
from indexer.shared.arrays import save_array
from indexer.shared.background import background_revision, read_background
from indexer.shared.encoder import Encoder
from indexer.shared.errors import IndexStoreError, InputError
from indexer.shared.manifest import FORMAT_VERSION, Counts, EncoderIdentity, Manifest
from indexer.shared.records import Chunk, Document, Section
from indexer.shared.storage import CHUNK_DTYPE, POSITIONS_FILE, Centres, Generation, open_generation
from indexer.shared.text import Span

__all__ = ["IndexReport", "build_index", "index_documents"]


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexReport:
    """What an indexing run did: the generation now current (None when nothing could be read), and what it left out.

    `embedded` counts the chunks whose embedding was computed; the others' were taken from the previous generation.
    """

    manifest: Manifest | None
    embedded: int
    rejected: tuple[InputError, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Corpus:
    """Documents; the languages of chunks, in order; and by chunk row what belongs to each chunk.

    That is the chunk itself, its entry in the chunk table, the spans of its sentences, and the passage to embed.
    """

    documents: tuple[Document, ...]
    langs: tuple[str, ...]
    chunks: tuple[Chunk, ...]
    table: npt.NDArray[np.void]
    sentences: tuple[tuple[Span, ...], ...]
    passages: tuple[Passage, ...]


def build_index(
    sources: Sequence[Path],
    *,
    index: Path,
    encoder: Encoder,
    options: ReadOptions | None = None,
    rebuild: bool = False,
) -> IndexReport:
    """Index all sources into a new generation and make it current; `rebuild` computes every embedding anew."""
    return index_documents(read_sources(sources, options), index=index, encoder=encoder, rebuild=rebuild)


def index_documents(read: ReadResult, *, index: Path, encoder: Encoder, rebuild: bool = False) -> IndexReport:
    """Index documents that were read. When there are none, the index stays as it is."""
    if not read.documents:
        return IndexReport(manifest=None, embedded=0, rejected=read.rejected)
    with writer_lock(index):
        previous = None if rebuild else _previous(index)
        with staging_folder(index) as staging:
            generation, embedded = _build(read, index=index, staging=staging, encoder=encoder, previous=previous)
    return IndexReport(manifest=generation.manifest, embedded=embedded, rejected=read.rejected)


def _previous(index: Path) -> Generation | None:
    """Return the generation to take unchanged embeddings from; a missing or damaged one only costs time.

    Its digests are compared, so that no damage is taken over.
    """
    try:
        return open_generation(index, paranoid=True)
    except IndexStoreError:
        return None


def _build(
    read: ReadResult, *, index: Path, staging: Path, encoder: Encoder, previous: Generation | None
) -> tuple[Generation, int]:
    documents = [with_section_languages(document) for document in read.documents]
    corpus = _chunked(documents, TokenLimit.of(encoder))
    digest = _digest(write_documents(staging, list(corpus.documents)), corpus, encoder)
    if previous is not None and previous.manifest.digest == digest:
        return previous, 0
    save_array(staging / "chunks.npy", corpus.table)
    save_array(staging / "groups.npy", group_documents(corpus.documents))
    embedded = embed_passages(corpus.passages, encoder, previous=previous)
    save_array(staging / "embeddings.npy", embedded.embeddings)
    save_array(staging / "passage_keys.npy", embedded.keys)
    write_sentences(staging, corpus.sentences, embedded.sentences)
    centres = _centres(corpus, embedded) if encoder.learned else None
    if centres is not None:
        write_learned(staging, encoder.learned)
        write_centres(staging, centres)
    save_array(staging / POSITIONS_FILE, _positions(corpus, embedded, centres, encoder=encoder, previous=previous))
    save_array(staging / "background.npy", encoder.encode_queries(read_background()))
    entries = tqdm(_keyword_entries(corpus), desc="Indexing words", unit=" chunks", delay=1, disable=None)
    write_keyword_index(staging / "keyword", entries, corpus.langs)
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
    return publish(index, staging, manifest), embedded.computed


def _identity(encoder: Encoder) -> EncoderIdentity:
    return EncoderIdentity(
        name=encoder.name,
        revision=encoder.revision,
        dim=encoder.dim,
        second=encoder.second,
        runtime=encoder.runtime,
    )


def _chunked(documents: Sequence[Document], tokens: TokenLimit) -> _Corpus:
    chunks: list[Chunk] = []
    rows: list[tuple[int, int, int]] = []
    sentences: list[tuple[Span, ...]] = []
    passages: list[Passage] = []
    for row, document in enumerate(documents):
        for number, chunk in enumerate(chunk_document(document, tokens)):
            section = _section_at(document, chunk)
            chunks.append(chunk)
            rows.append((row, section, number))
            sentences.append(tuple(sentence_spans(chunk.text, 0, len(chunk.text), chunk.lang)))
            passages.append(_passage(document, document.sections[section], chunk, sentences[-1]))
    langs = tuple(sorted({chunk.lang for chunk in chunks}))
    table = [(*row, chunk.start, chunk.end, langs.index(chunk.lang)) for row, chunk in zip(rows, chunks, strict=True)]
    return _Corpus(
        documents=tuple(documents),
        langs=langs,
        chunks=tuple(chunks),
        table=np.array(table, dtype=CHUNK_DTYPE),
        sentences=tuple(sentences),
        passages=tuple(passages),
    )


def _centres(corpus: _Corpus, embedded: Embedded) -> Centres:
    return language_centres(
        embedded.embeddings,
        embedded.sentences,
        counts=np.array([len(spans) for spans in corpus.sentences]),
        documents=corpus.table["document"].astype(np.int64),
        langs=corpus.table["lang"].astype(np.int64),
    )


def _positions(
    corpus: _Corpus, embedded: Embedded, centres: Centres | None, *, encoder: Encoder, previous: Generation | None
) -> npt.NDArray[np.float32]:
    """Return a place for each document, float32 `(documents, 2)`, by the encoder's first model, which knows all."""
    first = slice(None if encoder.second is None else encoder.second.start)
    documents, count = corpus.table["document"].astype(np.int64), len(corpus.documents)
    vectors = document_vectors(
        embedded.embeddings[:, first],
        None if centres is None else centres.passages[:, first],
        documents=documents,
        langs=corpus.table["lang"].astype(np.int64),
        count=count,
    )
    return lay_out(vectors, known_positions(previous, embedded.keys, documents=documents, count=count))


def _passage(document: Document, section: Section, chunk: Chunk, sentences: Sequence[Span]) -> Passage:
    text = passage_text(document, section, chunk.text)
    context = len(text) - len(chunk.text)
    spans = tuple((context + start, context + end) for start, end in sentences)
    return Passage(text=text, title=document.title, sentences=spans)


def _section_at(document: Document, chunk: Chunk) -> int:
    return next(
        position
        for position, section in enumerate(document.sections)
        if section.start <= chunk.start and chunk.end <= section.end
    )


def _keyword_entries(corpus: _Corpus) -> list[KeywordEntry]:
    documents = {document.document_id: document for document in corpus.documents}
    return [_keyword_entry(row, documents[chunk.document_id], chunk) for row, chunk in enumerate(corpus.chunks)]


def _keyword_entry(row: int, document: Document, chunk: Chunk) -> KeywordEntry:
    facts = document.facts
    return KeywordEntry(
        row=row,
        commitment_id=document.commitment_id,
        lang=chunk.lang,
        title=document.title,
        institutions="\n".join([*facts.lead_institutions, *facts.supporting_institutions]),
        text=chunk.text,
    )


def _digest(documents_digest: bytes, corpus: _Corpus, encoder: Encoder) -> str:
    digest = hashlib.sha256(
        f"{FORMAT_VERSION} {TITLE_WEIGHT} {LAYOUT} {encoder.name} {encoder.revision} {analysis_revision()}"
        f" {background_revision()}".encode()
    )
    digest.update(documents_digest)
    digest.update(corpus.table.tobytes())
    digest.update(repr(corpus.sentences).encode())
    return digest.hexdigest()[:16]


def _counts(corpus: _Corpus) -> Counts:
    return Counts(
        documents=len(corpus.documents),
        commitments=len({document.commitment_id for document in corpus.documents}),
        chunks=len(corpus.chunks),
        catalogue_entries=len({entry for document in corpus.documents for entry in document.catalogue}),
    )
