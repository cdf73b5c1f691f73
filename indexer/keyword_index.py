"""Writing the keyword index: chunks become terms by the fields of Whoosh's schema, and these are sorted into arrays.

A passage has three parts, title, institutions and text. As in BM25F by Robertson, Zaragoza and Taylor (2004, "Simple
BM25 extension to multiple weighted fields"), they share one field in which a word of a part counts as often as the
part's weight says, in its frequency and in the passage's length. That keeps a word from being counted as three rare
words when it stands in three parts, as a sum of one BM25 a part would. PART_WEIGHTS is the place of these weights.

Rows that an earlier index has, too, are taken over from it: only what is new is cut into words.
"""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, count, pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

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
from indexer.shared.arrays import Numbers, counts_of, ranges, starts
from indexer.shared.postings import Postings, save_postings
from indexer.shared.word_forms import primary_tag

__all__ = ["PART_WEIGHTS", "KeywordEntry", "KnownRows", "write_keyword_index"]

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


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownRows:
    """What an earlier index has: row r is `rows[r]` of `postings`, int64 `(rows,)`, or a new one where that is -1."""

    postings: Postings
    rows: Numbers


def write_keyword_index(
    folder: Path, entries: Iterable[KeywordEntry], langs: Iterable[str], known: KnownRows | None = None
) -> None:
    """Write the keyword index of chunks into a folder, which is made if need be.

    Entries come in the order of their rows, 0, 1, 2, …, without those known, in languages that are all among `langs`
    (ValueError if not).
    """
    folder.mkdir(parents=True, exist_ok=True)
    tags = tuple(sorted({primary_tag(lang) for lang in langs}))
    rows = count() if known is None else iter(np.flatnonzero(known.rows < 0).tolist())
    parts = [_collected(entries, rows, tags)]
    if known is not None:
        parts.append(_taken_over(known, tags))
    save_postings(folder, _joined(parts, tags))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """The postings of some rows, in any order.

    By posting, `term` is the number of its term among `terms` (names of fields and terms), `row` its row, and `counts`
    tells how many positions it has; `positions` are those of all postings. By row, `rows` are the numbers of the rows,
    `langs` those of their languages, and `lengths`, `(2, rows)`, their lengths.
    """

    terms: Sequence[tuple[str, bytes]]
    term: npt.NDArray[np.int32]
    row: npt.NDArray[np.int32]
    weights: npt.NDArray[np.float32]
    counts: npt.NDArray[np.int32]
    positions: npt.NDArray[np.int32]
    rows: npt.NDArray[np.int32]
    langs: npt.NDArray[np.int16]
    lengths: npt.NDArray[np.int32]


def _collected(entries: Iterable[KeywordEntry], expected: Iterator[int], tags: tuple[str, ...]) -> _Part:
    """Return the postings of entries, as the fields of Whoosh's schema give them."""
    schema = keyword_schema(tags)
    terms: defaultdict[tuple[str, bytes], int] = defaultdict(count().__next__)
    term, row, counts, rows = array("i"), array("i"), array("i"), array("i")
    weights, langs, lengths = array("f"), array("h"), array("i")
    positions = bytearray()
    for entry in entries:
        number = next(expected, None)
        if entry.row != number or words_field(entry.lang) not in schema:
            raise ValueError(f"row {entry.row} in {entry.lang!r} where row {number} in one of {tags} was expected")
        length = Counter[str]()
        for name, value in _fields(entry).items():
            for text, frequency, weight, found in schema[name].index(value):
                term.append(terms[name, text])
                row.append(number)
                weights.append(weight)
                counts.append(len(found) // POSITION_DTYPE.itemsize)
                positions += found
                length[name] += frequency
        rows.append(number)
        langs.append(tags.index(primary_tag(entry.lang)))
        lengths.extend((length[words_field(entry.lang)], length[surface_field(entry.lang)]))
    return _Part(
        terms=tuple(terms),
        term=np.frombuffer(term, dtype=np.int32),
        row=np.frombuffer(row, dtype=np.int32),
        weights=np.frombuffer(weights, dtype=np.float32),
        counts=np.frombuffer(counts, dtype=np.int32),
        positions=np.frombuffer(positions, dtype=POSITION_DTYPE),
        rows=np.frombuffer(rows, dtype=np.int32),
        langs=np.frombuffer(langs, dtype=np.int16),
        lengths=np.frombuffer(lengths, dtype=np.int32).reshape(-1, 2).T,
    )


def _taken_over(known: KnownRows, tags: tuple[str, ...]) -> _Part:
    """Return the postings of the rows that an earlier index has, without those of rows that are gone."""
    old = known.postings
    rows = np.flatnonzero(known.rows >= 0)
    sources = known.rows[rows]
    row_of = np.full(len(old.row_langs), -1, dtype=np.int32)
    row_of[sources] = rows
    row = row_of[old.rows]
    kept = row >= 0
    counts = counts_of(old.position_starts)
    lang_of = np.array([tags.index(lang) if lang in tags else -1 for lang in old.langs], dtype=np.int16)
    return _Part(
        terms=[(name, term) for name in old.fields for term in old.vocabulary(name)],
        term=np.repeat(np.arange(len(old.term_starts) - 1, dtype=np.int32), counts_of(old.posting_starts))[kept],
        row=row[kept],
        weights=old.weights[kept],
        counts=counts[kept].astype(np.int32),
        positions=old.positions[np.repeat(kept, counts)],
        rows=rows.astype(np.int32),
        langs=lang_of[old.row_langs[sources]],
        lengths=old.lengths[:, sources],
    )


def _joined(parts: Sequence[_Part], tags: tuple[str, ...]) -> Postings:
    """Return the postings of all parts, sorted by field, term and row; `tags` tells how languages are numbered."""
    names = sorted({name for part in parts for name in part.terms})
    number = {name: position for position, name in enumerate(names)}
    rows = np.concatenate([part.rows for part in parts])
    row = np.concatenate([part.row for part in parts])
    term = np.concatenate(
        [np.array([number[name] for name in part.terms], dtype=np.int32)[part.term] for part in parts]
    )
    order = np.argsort(term.astype(np.int64) * (len(rows) + 1) + row, kind="stable")
    frequencies = np.bincount(term, minlength=len(names))
    names = [name for name, frequency in zip(names, frequencies, strict=True) if frequency]
    counts = np.concatenate([part.counts for part in parts])
    by_row = np.argsort(rows)
    return Postings(
        revision=analysis_revision(),
        langs=tags,
        fields=_ranges(names),
        term_bytes=np.frombuffer(b"".join(term for _, term in names), dtype=np.uint8),
        term_starts=starts([len(term) for _, term in names]),
        posting_starts=starts(frequencies[frequencies > 0]),
        rows=row[order],
        weights=np.concatenate([part.weights for part in parts])[order],
        position_starts=starts(counts[order]),
        positions=np.concatenate([part.positions for part in parts])[ranges(starts(counts)[order], counts[order])],
        row_langs=np.concatenate([part.langs for part in parts])[by_row],
        lengths=np.ascontiguousarray(np.concatenate([part.lengths for part in parts], axis=1)[:, by_row]),
    )


def _ranges(names: Sequence[tuple[str, bytes]]) -> dict[str, tuple[int, int]]:
    """Return from which to which number the terms of each field go."""
    ends: dict[str, int] = {name: end for end, (name, _) in enumerate(names, 1)}
    return dict(zip(ends, pairwise((0, *ends.values())), strict=True))


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
