"""The index on disk, and reading it: immutable generations and one pointer, replaced atomically.

    index/current                       the digest of the generation that answers
    index/generations/<digest>/
        manifest.json                   format, encoder, counts, sources, and SHA-256 and size of every other file
                                        and of itself
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
        positions.npy                   float32 (documents, 2): places on a map by meaning, from 0 to 1 (absent in
                                        generations made before there was one)
        encoder.npz                     what the encoder has learned (absent if that is nothing)
        entries.npy                     uint8 (documents, 16): digest of the values that each was read from, noughts if
                                        not known; only indexing reads it (absent, with signatures.npy and rules.txt,
                                        in generations made before there was one)
        signatures.npy                  uint64 (documents, bands): for finding near-duplicates; the same
        rules.txt                       digest of the rules by which all was made of the sources; the same
        background.npy                  float32 (texts, dim): the background as queries, see `indexer.shared.background`
        keyword/                        the keyword index, whose document numbers are rows too

Nothing here is ever unpickled: arrays are read with `allow_pickle=False`, records with a typed JSON decoder.
`indexer.publishing` makes generations current and removes old ones. What is opened is mapped, and stays readable when
its files are removed.
"""

from __future__ import annotations

import mmap
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import numpy as np
import numpy.typing as npt

from indexer.shared.arrays import HEADERS, load_array
from indexer.shared.encoder import Embeddings, Learned
from indexer.shared.errors import IndexFormatError, IndexMissingError, IndexStoreError
from indexer.shared.manifest import REBUILD, Manifest, StoredFile, damaged, read_manifest, stored_file, unreadable
from indexer.shared.quantised import QuantisedVectors
from indexer.shared.records import Chunk, Document

__all__ = [
    "CENTRES_FILE",
    "CHUNK_DTYPE",
    "ENTRIES_FILE",
    "LEARNED_FILE",
    "POSITIONS_FILE",
    "RULES_FILE",
    "SIGNATURES_FILE",
    "Centres",
    "Generation",
    "Sentences",
    "chunk_of",
    "current_digest",
    "damaged_files",
    "generation_folders",
    "open_generation",
    "openable_generations",
    "pointer_state",
]

CHUNK_DTYPE = np.dtype([(name, "<i4") for name in ("document", "section", "number", "start", "end", "lang")])
"""A chunk: row of its document, position of its section in it, its number there, its span of the text, its language.

Languages are numbered as in the manifest.
"""

LEARNED_FILE = "encoder.npz"
CENTRES_FILE = "centres.npy"
POSITIONS_FILE = "positions.npy"
ENTRIES_FILE = "entries.npy"
RULES_FILE = "rules.txt"
SIGNATURES_FILE = "signatures.npy"

_DIGEST_LENGTH = 16

Record = TypeVar("Record")


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
    positions: npt.NDArray[np.float32] | None
    background: Embeddings
    all_sentences: Sentences
    sentence_offsets: npt.NDArray[np.uint64]
    learned: Learned
    """What the encoder that made the embeddings had learned; empty if that was nothing."""

    _offsets: npt.NDArray[np.uint64]
    _documents: mmap.mmap | bytes

    @property
    def keyword_folder(self) -> Path:
        """Where the keyword index lies."""
        return self.folder / "keyword"

    def sentences(self, row: int) -> Sentences:
        """Return the sentences of the chunk in this row, without copying."""
        part = slice(int(self.sentence_offsets[row]), int(self.sentence_offsets[row + 1]))
        return Sentences(spans=self.all_sentences.spans[part], embeddings=self.all_sentences.embeddings[part])

    def document_json(self, row: int) -> bytes:
        """Return the JSON line of the document in this row."""
        return bytes(self._documents[int(self._offsets[row]) : int(self._offsets[row + 1])])

    def decoded(self, row: int, decoder: msgspec.json.Decoder[Record]) -> Record:
        """Return the document in this row as a decoder gives it (IndexStoreError if its line is damaged)."""
        try:
            return decoder.decode(self.document_json(row))
        except ValueError as error:
            raise damaged(self.folder / "documents.jsonl", f"line {row + 1}: {error}") from error

    def document(self, row: int) -> Document:
        """Return the document in this row (IndexStoreError if its line is damaged)."""
        return self.decoded(row, _DOCUMENT_DECODER)

    def chunk(self, row: int, document: Document) -> Chunk:
        """Return the chunk in this row, which must be one of the document's."""
        return chunk_of(self.chunks[row], document)


def chunk_of(entry: np.void, document: Document) -> Chunk:
    """Return the chunk that an entry of CHUNK_DTYPE says, of its document."""
    section = document.sections[int(entry["section"])]
    return Chunk.of(document, section, int(entry["number"]), (int(entry["start"]), int(entry["end"])))


_DOCUMENT_DECODER = msgspec.json.Decoder(Document)


def current_digest(index: Path) -> str:
    """Return the digest that the pointer names (IndexMissingError if nothing was built, IndexStoreError if damaged)."""
    pointer = index / "current"
    try:
        content = pointer.read_bytes()
    except FileNotFoundError:
        raise IndexMissingError(
            f"{index}: there is no index here yet; build one with `concord index SOURCE...`{_offer(index)}"
        ) from None
    except OSError as error:
        raise unreadable(pointer, error) from error
    digest = content.decode("ascii", errors="replace").removesuffix("\n")
    if not (len(digest) == _DIGEST_LENGTH and set(digest) <= set("0123456789abcdef")):
        raise IndexStoreError(f"{pointer}: {digest[:40]!r} is no generation's digest; {REBUILD}{_offer(index)}")
    return digest


def pointer_state(index: Path) -> tuple[int, int] | None:
    """Return what changes whenever the pointer is replaced, and costs next to nothing to ask; None if there is none."""
    try:
        found = (index / "current").stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns


def generation_folders(index: Path) -> list[Path]:
    """Return the folders of all generations of an index, whole or not, in the order of their names."""
    folders = (index / "generations").glob("[0-9a-f]" * _DIGEST_LENGTH)
    return sorted(folder for folder in folders if folder.is_dir())


def openable_generations(index: Path) -> list[Manifest]:
    """Return the manifests of the generations that open, those built last first; digests of files aren't compared."""
    found = []
    for folder in generation_folders(index):
        try:
            found.append(_open(folder).manifest)
        except IndexStoreError:
            continue
    return sorted(found, key=lambda manifest: (manifest.built_at, manifest.digest), reverse=True)


def open_generation(index: Path, digest: str | None = None, *, paranoid: bool = False) -> Generation:
    """Open the current generation, or the named one, after checking its format and the size of every file.

    `paranoid` compares the SHA-256 of every file, too. Raises IndexStoreError; when the current generation doesn't open
    and an older one does, the message says how to go back to it.
    """
    if digest is not None:
        return _open(index / "generations" / digest, paranoid=paranoid)
    while True:
        digest = current_digest(index)
        try:
            return _open(index / "generations" / digest, paranoid=paranoid)
        except IndexStoreError as error:
            if current_digest(index) != digest:
                continue  # it was replaced, and perhaps pruned, while it was being opened
            if not (index / "generations" / digest).exists():
                raise IndexStoreError(
                    f"{index}/current: names generation {digest}, which isn't there; {REBUILD}{_offer(index)}"
                ) from error
            raise type(error)(f"{error}{_offer(index, but=digest)}") from error


def damaged_files(folder: Path) -> list[str]:
    """Return the names of a generation's files that are missing, or differ from what its manifest says (SHA-256).

    Raises IndexFormatError when the generation was made by another version of Concord.
    """
    try:
        files = read_manifest(folder).files
    except IndexFormatError:
        raise
    except IndexStoreError:
        return ["manifest.json"]
    return [name for name, stored in files.items() if not _is_as_stored(folder / name, stored)]


def _open(folder: Path, *, paranoid: bool = False) -> Generation:
    manifest = read_manifest(folder)
    for name, stored in manifest.files.items():
        _check_size(folder / name, stored.size)
    if paranoid:
        for name in damaged_files(folder):
            raise damaged(folder / name, "its SHA-256 isn't what the manifest says")
    try:
        generation = Generation(
            folder=folder,
            manifest=manifest,
            chunks=_load(folder / "chunks.npy"),
            groups=_load(folder / "groups.npy"),
            embeddings=_load(folder / "embeddings.npy"),
            passage_keys=_load(folder / "passage_keys.npy"),
            centres=_load_centres(folder / CENTRES_FILE),
            positions=_load(folder / POSITIONS_FILE) if POSITIONS_FILE in manifest.files else None,
            background=_load(folder / "background.npy"),
            all_sentences=Sentences(
                spans=np.asarray(_load(folder / "sentences.npy")),
                embeddings=QuantisedVectors(
                    codes=np.asarray(_load(folder / "sentence_embeddings.npy")),
                    scales=np.asarray(_load(folder / "sentence_scales.npy")),
                ),
            ),
            sentence_offsets=np.asarray(_load(folder / "sentences.offsets.npy")),
            learned=_load_learned(folder / LEARNED_FILE),
            _offsets=np.asarray(_load(folder / "documents.offsets.npy")),
            _documents=_map(folder / "documents.jsonl"),
        )
    except OSError as error:
        raise unreadable(folder, error) from error
    _check_shapes(generation)
    return generation


def _offer(index: Path, *, but: str | None = None) -> str:
    """Return how to go back to the newest generation but one that opens, to end a message; empty if there is none."""
    found = next((manifest for manifest in openable_generations(index) if manifest.digest != but), None)
    return f", or go back to the one built {found.built_at} with `concord restore`" if found else ""


def _is_as_stored(path: Path, stored: StoredFile) -> bool:
    try:
        return stored_file(path) == stored
    except FileNotFoundError:
        return False
    except OSError as error:
        raise unreadable(path, error) from error


def _check_size(path: Path, size: int) -> None:
    try:
        found = path.stat().st_size
    except OSError as error:
        raise unreadable(path, error) from error
    if found != size:
        raise damaged(path, f"{found} bytes where the manifest says {size}")


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
        or not _fits(generation.positions, (counts.documents, 2))
    ):
        raise damaged(generation.folder, "its arrays don't fit its manifest")


def _fits(optional: npt.NDArray[np.float32] | None, shape: tuple[int, int]) -> bool:
    return optional is None or (optional.shape == shape and optional.dtype == np.float32)


def _load_centres(path: Path) -> Centres | None:
    if not path.exists():
        return None
    both = _load(path)
    if both.ndim != 3 or len(both) != 2:  # noqa: PLR2004 (of passages and of sentences, each by language)
        raise damaged(path, f"shape {both.shape}")
    return Centres(passages=np.array(both[0]), sentences=np.array(both[1]))


def _load_learned(path: Path) -> Learned:
    if not path.exists():
        return {}
    try:
        with HEADERS, np.load(path, allow_pickle=False) as arrays:
            return dict(arrays)
    except (ValueError, EOFError, zipfile.BadZipFile) as error:
        raise damaged(path, str(error)) from error


def _load(path: Path) -> npt.NDArray[Any]:
    try:
        return load_array(path)
    except ValueError as error:
        raise damaged(path, str(error)) from error


def _map(path: Path) -> mmap.mmap | bytes:
    with path.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if path.stat().st_size else b""
