"""What the previous generation knows of documents that haven't changed: they needn't be cut and analysed again."""

from __future__ import annotations

import hashlib
import unicodedata
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from indexer.near_duplicates import Signatures
from indexer.shared.analysis import analysis_revision
from indexer.shared.arrays import load_array
from indexer.shared.encoder import Encoder
from indexer.shared.errors import IndexStoreError
from indexer.shared.postings import Postings, load_postings
from indexer.shared.records import Document, Section
from indexer.shared.storage import ENTRIES_FILE, RULES_FILE, SIGNATURES_FILE, Generation

__all__ = ["Found", "Known", "known_from", "preparation_rules"]

_LIBRARIES = ("babel", "datasketch", "lingua-language-detector", "regex", "selectolax", "sentencex")


class _Name(msgspec.Struct):
    document_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A document that hasn't changed: its row in the previous generation, and its sections with their languages."""

    row: int
    sections: tuple[Section, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A generation made by the present rules, and what only indexing reads of it.

    `rows` are those of its documents by document_id, `entries` by the digest of the values that they were read from.
    """

    generation: Generation
    signatures: Signatures
    postings: Postings
    rows: dict[str, int]
    entries: dict[bytes, int]

    def recall(self, digest: bytes) -> Document | None:
        """Return the document that was read from values with this digest, as it was read."""
        row = self.entries.get(digest)
        if row is None:
            return None
        document = self.generation.document(row)
        return replace(document, sections=tuple(replace(section, lang=None) for section in document.sections))

    def find(self, document: Document) -> Found | None:
        """Return the row and the sections of a document, unless what is made of it has changed."""
        row = self.rows.get(document.document_id)
        if row is None:
            return None
        found = self.generation.document(row)
        if _prepared_part(found) != _prepared_part(document):
            return None
        return Found(row=row, sections=found.sections)


def known_from(previous: Generation | None, rules: str) -> Known | None:
    """Return what a generation knows; None if there is none, it was made by other rules, or is being removed."""
    try:
        return None if previous is None or not _is_made_by(rules, previous) else _opened(previous)
    except (OSError, IndexStoreError):
        return None


def preparation_rules(encoder: Encoder) -> str:
    """Return a digest of all that decides what is made of a document, 64 hex digits.

    That is the encoder, whose tokens limit a chunk, libraries, and all of the code here with its tables: a change that
    is none costs time, one that was overlooked would spoil indexes.
    """
    libraries = [f"{name} {version(name)}" for name in _LIBRARIES]
    parts = [encoder.revision, analysis_revision(), unicodedata.unidata_version, *libraries]
    digest = hashlib.sha256("\n".join(parts).encode())
    folder = Path(__file__).parent
    for file in sorted([*folder.rglob("*.py"), *folder.rglob("*.toml")]):
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


_DECODER = msgspec.json.Decoder(_Name)


def _opened(previous: Generation) -> Known:
    names = (previous.decoded(row, _DECODER).document_id for row in range(previous.manifest.counts.documents))
    return Known(
        generation=previous,
        signatures=load_array(previous.folder / SIGNATURES_FILE),
        postings=load_postings(previous.keyword_folder, revision=analysis_revision()),
        rows={name: row for row, name in enumerate(names)},
        entries=_entries(load_array(previous.folder / ENTRIES_FILE)),
    )


def _entries(digests: npt.NDArray[np.uint8]) -> dict[bytes, int]:
    return {digests[row].tobytes(): row for row in np.flatnonzero(digests.any(axis=1)).tolist()}


def _is_made_by(rules: str, generation: Generation) -> bool:
    file = generation.folder / RULES_FILE
    return file.is_file() and file.read_text(encoding="ascii") == f"{rules}\n"


def _prepared_part(document: Document) -> tuple[object, ...]:
    """Return all of a document that its chunks, terms, sentences, embeddings and signature are made of."""
    sections = tuple((one.kind, one.heading, one.start, one.end) for one in document.sections)
    return document.commitment_id, document.lang, document.title, document.text, sections, document.facts
