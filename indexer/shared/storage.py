"""The index on disk: immutable generations and one pointer, replaced atomically.

    index/current                       the digest of the generation that answers
    index/generations/<digest>/
        manifest.json                   format, encoder, counts, sources, and SHA-256 and size of every other file
        documents.jsonl                 one Document a line, ordered by document_id
        documents.offsets.npy           uint64 (documents + 1,): where each line starts
        groups.npy                      int32 (documents,): number of each document's group of near-duplicates
        chunks.npy                      CHUNK_DTYPE (chunks,): where each chunk lies, ordered by document and number
        embeddings.npy                  float32 (chunks, dim), row i belongs to chunk i; memory-mapped
        passage_keys.npy                uint8 (chunks, 16): digest of what was embedded, to reuse unchanged rows
        sentences.npy                   int32 (sentences, 2): span of each in its chunk's text, ordered by chunk
        sentences.offsets.npy           uint64 (chunks + 1,): where each chunk's sentences start
        sentence_embeddings.npy         int8 (sentences, dim), each to be multiplied by its scale; memory-mapped
        sentence_scales.npy             float32 (sentences,)
        centres.npy                     float32 (2, languages, dim), of passages and of sentences; languages as in the
                                        manifest (absent if the encoder has learned nothing)
        encoder.npz                     what the encoder has learned (absent if that is nothing)
        background.npy                  float32 (texts, dim): the background as queries, see `indexer.shared.background`
        keyword/                        the keyword index, whose document numbers are rows too

Nothing here is ever unpickled: arrays are read with `allow_pickle=False`, records with a typed JSON decoder.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import filelock
import msgspec
import numpy as np
import numpy.typing as npt

from indexer.shared.encoder import Embeddings, Learned, SecondModel
from indexer.shared.errors import IndexMissingError, IndexStoreError
from indexer.shared.quantised import QuantisedVectors
from indexer.shared.records import Chunk, Document
from indexer.shared.text import Span

__all__ = [
    "CHUNK_DTYPE",
    "FORMAT_VERSION",
    "Centres",
    "Counts",
    "EncoderIdentity",
    "Generation",
    "Manifest",
    "Sentences",
    "Source",
    "StoredFile",
    "current_digest",
    "damaged_files",
    "open_generation",
    "publish",
    "staging_folder",
    "write_centres",
    "write_documents",
    "write_learned",
    "write_sentences",
    "writer_lock",
]

FORMAT_VERSION = 4
CHUNK_DTYPE = np.dtype([(name, "<i4") for name in ("document", "section", "number", "start", "end", "lang")])
"""A chunk: row of its document, position of its section in it, its number there, its span of the text, its language.

Languages are numbered as in the manifest.
"""

_KEPT_GENERATIONS = 2
_DIGEST_LENGTH = 16
_STAGING = "new-"
_LEARNED = "encoder.npz"
_CENTRES = "centres.npy"


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """One source file: its name, the SHA-256 of its bytes, and how many documents came from it."""

    name: str
    sha256: str
    documents: int


class StoredFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file of a generation: size in bytes and SHA-256."""

    size: int
    sha256: str


class EncoderIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """Which encoder made the embeddings; a query must be encoded by the same one."""

    name: str
    revision: str
    dim: int
    second: SecondModel | None = None


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """How much a generation holds."""

    documents: int
    commitments: int
    chunks: int
    catalogue_entries: int


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a generation is made of; `digest` covers documents, chunks, encoder and format, not the build time."""

    format_version: int
    digest: str
    built_at: str
    encoder: EncoderIdentity
    langs: tuple[str, ...]
    counts: Counts
    sources: tuple[Source, ...]
    files: dict[str, StoredFile]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentences:
    """The sentences of one chunk, in order.

    `spans` is int32 `(n, 2)`: start and end in code points of the chunk's text. `embeddings` are the n vectors that the
    encoder gave.
    """

    spans: npt.NDArray[np.int32]
    embeddings: QuantisedVectors


@dataclass(frozen=True, slots=True, kw_only=True)
class Centres:
    """What to subtract from the vectors of a language: float32 `(languages, dim)`, for passages and for sentences."""

    passages: npt.NDArray[np.float32]
    sentences: npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """An opened generation: chunks, sentences and embeddings are memory-mapped, documents are read one by one.

    The sentences of chunk row r are those from `sentence_offsets[r]` up to `sentence_offsets[r + 1]`.
    """

    folder: Path
    manifest: Manifest
    chunks: npt.NDArray[np.void]
    groups: npt.NDArray[np.int32]
    embeddings: Embeddings
    passage_keys: npt.NDArray[np.uint8]
    centres: Centres | None
    background: Embeddings
    all_sentences: Sentences
    sentence_offsets: npt.NDArray[np.uint64]
    _offsets: npt.NDArray[np.uint64]
    _documents: mmap.mmap | bytes

    @property
    def keyword_folder(self) -> Path:
        """Where the keyword index lies."""
        return self.folder / "keyword"

    def learned(self) -> Learned:
        """Return what the encoder that made the embeddings had learned; empty if that was nothing."""
        path = self.folder / _LEARNED
        if not path.exists():
            return {}
        with np.load(path, allow_pickle=False) as arrays:
            return dict(arrays)

    def sentences(self, row: int) -> Sentences:
        """Return the sentences of the chunk in this row, without copying."""
        part = slice(int(self.sentence_offsets[row]), int(self.sentence_offsets[row + 1]))
        return Sentences(spans=self.all_sentences.spans[part], embeddings=self.all_sentences.embeddings[part])

    def document_json(self, row: int) -> bytes:
        """Return the JSON line of the document in this row."""
        return bytes(self._documents[int(self._offsets[row]) : int(self._offsets[row + 1])])

    def document(self, row: int) -> Document:
        """Return the document in this row."""
        return _DOCUMENT_DECODER.decode(self.document_json(row))

    def chunk(self, row: int, document: Document) -> Chunk:
        """Return the chunk in this row, which must be one of the document's."""
        entry = self.chunks[row]
        section = document.sections[int(entry["section"])]
        start, end = int(entry["start"]), int(entry["end"])
        return Chunk(
            chunk_id=f"{document.document_id}#{int(entry['number']):03d}",
            document_id=document.document_id,
            section=section.kind,
            lang=section.lang or document.lang,
            start=start,
            end=end,
            text=document.text[start:end],
        )


_DOCUMENT_DECODER = msgspec.json.Decoder(Document)
_MANIFEST_DECODER = msgspec.json.Decoder(Manifest)


def current_digest(index: Path) -> str:
    """Return the digest that the pointer names (IndexMissingError if nothing was built, IndexStoreError if damaged)."""
    try:
        digest = (index / "current").read_text(encoding="ascii").strip()
    except FileNotFoundError:
        raise IndexMissingError(
            f"{index}: there is no index here yet; build one with `concord index SOURCE...`"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise IndexStoreError(f"{index}/current: can't be read ({_reason(error)})") from error
    if not (len(digest) == _DIGEST_LENGTH and set(digest) <= set("0123456789abcdef")):
        raise IndexStoreError(
            f"{index}/current: {digest[:40]!r} is no generation's digest; rebuild with `concord index`"
        )
    return digest


def open_generation(index: Path, digest: str | None = None) -> Generation:
    """Open the current generation, or the named one, after checking its format and the size of every file."""
    folder = index / "generations" / (digest or current_digest(index))
    manifest = _read_manifest(folder)
    for name, stored in manifest.files.items():
        _check_size(folder / name, stored.size)
    try:
        generation = Generation(
            folder=folder,
            manifest=manifest,
            chunks=_load(folder / "chunks.npy"),
            groups=_load(folder / "groups.npy"),
            embeddings=_load(folder / "embeddings.npy"),
            passage_keys=_load(folder / "passage_keys.npy"),
            centres=_load_centres(folder / _CENTRES),
            background=_load(folder / "background.npy"),
            all_sentences=Sentences(
                spans=_load(folder / "sentences.npy"),
                embeddings=QuantisedVectors(
                    codes=_load(folder / "sentence_embeddings.npy"), scales=_load(folder / "sentence_scales.npy")
                ),
            ),
            sentence_offsets=_load(folder / "sentences.offsets.npy"),
            _offsets=_load(folder / "documents.offsets.npy"),
            _documents=_map(folder / "documents.jsonl"),
        )
    except (OSError, ValueError) as error:
        raise IndexStoreError(
            f"{folder}: damaged ({_reason(error)}); rebuild with `concord index --rebuild`"
        ) from error
    _check_shapes(generation)
    return generation


def write_documents(folder: Path, documents: list[Document]) -> bytes:
    """Write the documents and their offsets; return the SHA-256 of the lines."""
    digest = hashlib.sha256()
    offsets = [0]
    encoder = msgspec.json.Encoder()
    with (folder / "documents.jsonl").open("wb") as file:
        for document in documents:
            line = encoder.encode(document) + b"\n"
            digest.update(line)
            file.write(line)
            offsets.append(offsets[-1] + len(line))
    np.save(folder / "documents.offsets.npy", np.array(offsets, dtype="<u8"), allow_pickle=False)
    return digest.digest()


def write_sentences(folder: Path, spans: Sequence[Sequence[Span]], embeddings: QuantisedVectors) -> None:
    """Write the sentences of all chunks: their spans by chunk row, and all their embeddings in that order."""
    flat = [span for of_chunk in spans for span in of_chunk]
    offsets = np.cumsum([0, *map(len, spans)], dtype=np.uint64)
    np.save(folder / "sentences.npy", np.array(flat, dtype="<i4").reshape(len(flat), 2), allow_pickle=False)
    np.save(folder / "sentences.offsets.npy", offsets.astype("<u8"), allow_pickle=False)
    np.save(folder / "sentence_embeddings.npy", embeddings.codes, allow_pickle=False)
    np.save(folder / "sentence_scales.npy", embeddings.scales.astype("<f4"), allow_pickle=False)


def write_centres(folder: Path, centres: Centres) -> None:
    """Write the centres of all languages, in the order of the manifest's."""
    np.save(folder / _CENTRES, np.stack([centres.passages, centres.sentences]).astype("<f4"), allow_pickle=False)


def write_learned(folder: Path, learned: Learned) -> None:
    """Write what an encoder has learned, unless that is nothing."""
    if learned:
        np.savez(folder / _LEARNED, allow_pickle=False, **learned)


@contextmanager
def writer_lock(index: Path) -> Iterator[None]:
    """Hold the index's single-writer lock; IndexStoreError, naming the holder, when another process has it.

    The lock belongs to the process and ends with it, however it ends.
    """
    holder = index / "writer"
    try:
        index.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(index / "writer.lock", timeout=0)
        with lock:
            holder.write_text(f"process {os.getpid()}", encoding="utf-8")
            yield
            holder.unlink(missing_ok=True)
    except filelock.Timeout:
        name = holder.read_text(encoding="utf-8") if holder.exists() else "another process"
        raise IndexStoreError(f"{index}: {name} is writing this index; try again when it is done") from None
    except OSError as error:
        raise IndexStoreError(f"{index}: can't be written ({_reason(error)})") from error


@contextmanager
def staging_folder(index: Path) -> Iterator[Path]:
    """Give an empty folder for a generation in the making; it is gone afterwards unless published."""
    folder = index / "generations" / f"{_STAGING}{os.getpid()}"
    try:
        for leftover in (index / "generations").glob(f"{_STAGING}*"):
            shutil.rmtree(leftover)
        folder.mkdir(parents=True)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def publish(index: Path, staging: Path, manifest: Manifest) -> Generation:
    """Make a finished staging folder the current generation.

    Everything is flushed to disk and re-opened for checking before the pointer is replaced, so that a crash at any
    moment leaves the previous generation serving. An intact generation of the same digest is kept as it is. Older
    generations are pruned, all but the previous one.
    """
    files = {name: _stored(staging / name) for name in _file_names(staging)}
    manifest = msgspec.structs.replace(manifest, files=files)
    (staging / "manifest.json").write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=2))
    for path in [*staging.rglob("*"), staging]:
        _fsync(path)
    folder = index / "generations" / manifest.digest
    if not folder.exists() or damaged_files(folder):
        shutil.rmtree(folder, ignore_errors=True)
        staging.replace(folder)
        _fsync(folder.parent)
    generation = open_generation(index, manifest.digest)
    _point_to(index, manifest.digest)
    _prune(index, manifest.digest)
    return generation


def damaged_files(folder: Path) -> list[str]:
    """Return the names of a generation's files that are missing, or differ from what its manifest says (SHA-256)."""
    try:
        files = _read_manifest(folder).files
    except IndexStoreError:
        return ["manifest.json"]
    return [name for name, stored in files.items() if not (folder / name).is_file() or _stored(folder / name) != stored]


def _point_to(index: Path, digest: str) -> None:
    temporary = index / "current.new"
    temporary.write_text(digest + "\n", encoding="ascii")
    _fsync(temporary)
    temporary.replace(index / "current")
    _fsync(index)


def _prune(index: Path, current: str) -> None:
    others = [
        folder
        for folder in (index / "generations").iterdir()
        if folder.name != current and not folder.name.startswith(_STAGING)
    ]
    others.sort(key=lambda folder: (folder.stat().st_mtime, folder.name), reverse=True)
    for folder in others[_KEPT_GENERATIONS - 1 :]:
        shutil.rmtree(folder)


def _read_manifest(folder: Path) -> Manifest:
    path = folder / "manifest.json"
    try:
        data = path.read_bytes()
        version = msgspec.json.decode(data, type=dict[str, object]).get("format_version")
        if version != FORMAT_VERSION:
            raise IndexStoreError(
                f"{path}: index format {version}, but this program reads format {FORMAT_VERSION};"
                " rebuild with `concord index --rebuild`"
            )
        return _MANIFEST_DECODER.decode(data)
    except (OSError, msgspec.MsgspecError) as error:
        raise IndexStoreError(
            f"{path}: can't be read ({_reason(error)}); rebuild with `concord index --rebuild`"
        ) from error


def _check_size(path: Path, size: int) -> None:
    try:
        found = path.stat().st_size
    except OSError as error:
        raise IndexStoreError(
            f"{path}: can't be read ({_reason(error)}); rebuild with `concord index --rebuild`"
        ) from error
    if found != size:
        raise IndexStoreError(
            f"{path}: {found} bytes where the manifest says {size}; rebuild with `concord index --rebuild`"
        )


def _check_shapes(generation: Generation) -> None:
    counts, dim, langs = generation.manifest.counts, generation.manifest.encoder.dim, generation.manifest.langs
    expected = (counts.chunks, dim)
    sentences, offsets, centres = generation.all_sentences, generation.sentence_offsets, generation.centres
    if (
        generation.embeddings.shape != expected
        or generation.embeddings.dtype != np.float32
        or generation.chunks.dtype != CHUNK_DTYPE
        or len(generation.chunks) != counts.chunks
        or len(generation.groups) != counts.documents
        or len(offsets) != counts.chunks + 1
        or sentences.spans.shape != (int(offsets[-1]), 2)
        or sentences.embeddings.codes.shape != (int(offsets[-1]), dim)
        or sentences.embeddings.codes.dtype != np.int8
        or sentences.embeddings.scales.shape != (int(offsets[-1]),)
        or generation.background.ndim != 2  # noqa: PLR2004 (texts and dimensions)
        or generation.background.shape[1] != dim
        or (centres is not None and centres.passages.shape != (len(langs), dim))
    ):
        raise IndexStoreError(
            f"{generation.folder}: its arrays don't fit its manifest; rebuild with `concord index --rebuild`"
        )


def _load_centres(path: Path) -> Centres | None:
    if not path.exists():
        return None
    passages, sentences = np.load(path, allow_pickle=False)
    return Centres(passages=passages, sentences=sentences)


def _load(path: Path) -> npt.NDArray[Any]:
    array: npt.NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    return array


def _map(path: Path) -> mmap.mmap | bytes:
    with path.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if path.stat().st_size else b""


def _file_names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def _stored(path: Path) -> StoredFile:
    with path.open("rb") as file:
        return StoredFile(size=path.stat().st_size, sha256=hashlib.file_digest(file, "sha256").hexdigest())


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _reason(error: Exception) -> str:
    return error.strerror if isinstance(error, OSError) and error.strerror else str(error)
