"""Writing the keyword index: chunks go through Whoosh's writer into plain arrays, by a codec of our own.

A passage has three parts, title, institutions and text. As in BM25F by Robertson, Zaragoza and Taylor (2004, "Simple
BM25 extension to multiple weighted fields"), they share one field in which a word of a part counts as often as the
part's weight says, in its frequency and in the passage's length. That keeps a word from being counted as three rare
words when it stands in three parts, as a sum of one BM25 a part would. PART_WEIGHTS is the place of these weights.

Whoosh's table of contents, lock and temporary files stay in a temporary folder; document numbers are rows.
"""

from __future__ import annotations

import tempfile
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
from whoosh.codec import base
from whoosh.filedb.filestore import FileStorage
from whoosh.index import FileIndex

from indexer.names import written_as_names
from indexer.shared.analysis import (
    ID_FIELD,
    NAMES_FIELD,
    POSITION_DTYPE,
    Token,
    WeightedToken,
    analysis_revision,
    keyword_schema,
    surface_field,
    tokens,
    words_field,
)
from indexer.shared.postings import Postings, save_postings
from indexer.shared.word_forms import primary_tag

__all__ = ["PART_WEIGHTS", "KeywordEntry", "write_keyword_index"]

PART_WEIGHTS = {"title": 3, "institutions": 1, "text": 1}
"""How often a word of each part of a passage counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeywordEntry:
    """What is indexed of one chunk; `row` is its number in the chunk table and among the embeddings."""

    row: int
    commitment_id: str
    lang: str
    title: str
    institutions: str
    text: str


def write_keyword_index(folder: Path, entries: Iterable[KeywordEntry], langs: Iterable[str]) -> None:
    """Write the keyword index of chunks into a folder, which is made if need be.

    Entries come in the order of their rows, 0, 1, 2, …, in languages that are all among `langs` (ValueError if not).
    """
    folder.mkdir(parents=True, exist_ok=True)
    codec = _ArrayCodec()
    tags = tuple(sorted({primary_tag(lang) for lang in langs}))
    schema = keyword_schema(tags)
    with tempfile.TemporaryDirectory() as scratch:
        index = FileIndex.create(FileStorage(scratch), schema, "keyword")
        with index.writer(codec=codec, compound=False) as writer:
            for row, entry in enumerate(entries):
                if entry.row != row or words_field(entry.lang) not in schema:
                    raise ValueError(f"row {entry.row} in {entry.lang!r} where row {row} in one of {tags} was expected")
                writer.add_document(**_fields(entry))
    save_postings(folder, codec.postings(tags))


def _fields(entry: KeywordEntry) -> dict[str, object]:
    parts = {part: tokens(getattr(entry, part), entry.lang) for part in PART_WEIGHTS}
    words = list(_weighted_tokens(parts))
    names = (written_as_names(getattr(entry, part), found, entry.lang) for part, found in parts.items())
    return {
        ID_FIELD: entry.commitment_id.casefold(),
        NAMES_FIELD: [(name, 1) for name in chain.from_iterable(names)],
        words_field(entry.lang): words,
        surface_field(entry.lang): words,
    }


def _weighted_tokens(parts: dict[str, list[Token]]) -> Iterator[WeightedToken]:
    """Yield the tokens of all parts, with a gap between parts so that no phrase runs from one into the next."""
    position = 0
    for part, found in parts.items():
        for token in found:
            yield token._replace(position=position + token.position), PART_WEIGHTS[part]
        position += len(found) + 1


class _Segment(base.Segment):  # type: ignore[misc]  # Whoosh has no types
    """Whoosh's handle on what was written; Whoosh gives it the number of documents."""

    def set_doc_count(self, count: int) -> None:
        self.count = count


class _RowWriter(base.PerDocumentWriter):  # type: ignore[misc]  # Whoosh has no types
    """Collects the language and the lengths of each row."""

    def __init__(self) -> None:
        self.is_closed = False
        self.langs: list[str] = []
        self.lengths: dict[str, array[int]] = {"words": array("i"), "surface": array("i")}

    def start_doc(self, docnum: int) -> None:
        """Rows come in order: nothing to remember."""

    def add_field(self, fieldname: str, _field: object, _stored: object, length: int) -> None:
        kind, _, lang = fieldname.partition("_")
        if kind in self.lengths:
            self.lengths[kind].append(length)
        if kind == "words":
            self.langs.append(lang)

    def close(self) -> None:
        self.is_closed = True


class _TermWriter(base.FieldWriter):  # type: ignore[misc]  # Whoosh has no types
    """Collects terms and postings, which come sorted by field, term and row."""

    def __init__(self) -> None:
        self.is_closed = False
        self.fields: dict[str, tuple[int, int]] = {}
        self.term_bytes = bytearray()
        self.term_starts = array("q", [0])
        self.posting_starts = array("q", [0])
        self.rows = array("i")
        self.weights = array("f")
        self.position_bytes = bytearray()
        self.position_starts = array("q", [0])

    def start_field(self, fieldname: str, _field: object) -> None:
        self._name = fieldname
        self._first = len(self.term_starts) - 1

    def start_term(self, text: bytes) -> None:
        self.term_bytes += text

    def add(self, docnum: int, weight: float, vbytes: bytes, _length: int) -> None:
        self.rows.append(docnum)
        self.weights.append(weight)
        self.position_bytes += vbytes
        self.position_starts.append(len(self.position_bytes) // POSITION_DTYPE.itemsize)

    def finish_term(self) -> None:
        self.term_starts.append(len(self.term_bytes))
        self.posting_starts.append(len(self.rows))

    def finish_field(self) -> None:
        self.fields[self._name] = (self._first, len(self.term_starts) - 1)

    def close(self) -> None:
        self.is_closed = True


class _ArrayCodec(base.Codec):  # type: ignore[misc]  # Whoosh has no types
    """What Whoosh's writer writes to: it keeps everything in memory until it is asked for the arrays."""

    length_stats = False

    def __init__(self) -> None:
        self._rows = _RowWriter()
        self._terms = _TermWriter()

    def per_document_writer(self, _storage: object, _segment: object) -> _RowWriter:
        return self._rows

    def field_writer(self, _storage: object, _segment: object) -> _TermWriter:
        return self._terms

    def new_segment(self, _storage: object, indexname: str) -> _Segment:
        return _Segment(indexname)

    def postings(self, langs: tuple[str, ...]) -> Postings:
        """Return all that was written; `langs` says in which order the languages are numbered."""
        rows, terms = self._rows, self._terms
        return Postings(
            revision=analysis_revision(),
            langs=langs,
            fields=terms.fields,
            term_bytes=np.frombuffer(terms.term_bytes, dtype=np.uint8),
            term_starts=np.array(terms.term_starts, dtype=np.int64),
            posting_starts=np.array(terms.posting_starts, dtype=np.int64),
            rows=np.array(terms.rows, dtype=np.int32),
            weights=np.array(terms.weights, dtype=np.float32),
            position_starts=np.array(terms.position_starts, dtype=np.int64),
            positions=np.frombuffer(terms.position_bytes, dtype=POSITION_DTYPE),
            row_langs=np.array([langs.index(lang) for lang in rows.langs], dtype=np.int16),
            lengths=np.array([rows.lengths["words"], rows.lengths["surface"]], dtype=np.int32),
        )
