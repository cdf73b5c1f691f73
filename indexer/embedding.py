"""Embedding passages, reusing the rows of an earlier generation whose text and encoder haven't changed.

A chunk's embedding is that of its passage (title, section heading and text together), moved a little towards that of
the title alone: a title says in few words what the whole commitment is about, as a query does. With a weight of 0.2
the seed pages' right answers stand clear of the next; it changes nothing where documents have no title.

A sentence's embedding comes from the same reading of its passage, but is its own: nothing is mixed in, so that the
sentences of a passage can be told apart.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from indexer.shared.arrays import Numbers, counts_of, new_array, ranges, starts
from indexer.shared.encoder import Embeddings, Encoder, unit_length
from indexer.shared.quantised import QuantisedVectors
from indexer.shared.storage import Generation
from indexer.shared.text import Span
from indexer.workers import Batch, Crew, Vectors, in_parallel, thread_crew

__all__ = ["TITLE_WEIGHT", "Embedded", "Passage", "Passages", "embed_passages", "passage_keys"]

TITLE_WEIGHT = 0.2
"""Weight of the title's embedding in that of each of its chunks."""

_KEY_BYTES = 16
_COPIED = 4096  # passages at a time
_ENCODED = 64  # texts at a time: a batch of the encoder's, and seconds of work for a core

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """What is embedded of one chunk: its text with context, as `chunking.passage_text` gives it, and its title.

    `sentences` are the spans of the chunk's sentences in `text`.
    """

    text: str
    title: str
    sentences: tuple[Span, ...] = ()


class Passages(Protocol):
    """All passages of a generation: their `passage_keys`, where the sentences of each start among all, and each."""

    @property
    def keys(self) -> npt.NDArray[np.uint8]:
        """Their keys, uint8 `(n, 16)`."""

    @property
    def offsets(self) -> Numbers:
        """Where the sentences of each start, and where the last end, int64 `(n + 1,)`."""

    def passage(self, row: int) -> Passage:
        """Return one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedded:
    """Embeddings float32 `(n, dim)`, and how many of the n had to be computed.

    `sentences` holds the s vectors of the sentences of all n passages, in order. All are mapped from their files.
    """

    embeddings: Embeddings
    sentences: QuantisedVectors
    computed: int


def passage_keys(passages: Sequence[Passage], revision: str) -> npt.NDArray[np.uint8]:
    """Return a digest for each passage, uint8 `(n, 16)`: equal when passage and encoder revision are equal."""
    start = f"{revision}\0{TITLE_WEIGHT}\0"
    contents = [f"{start}{one.title}\0{one.text}\0{one.sentences}" for one in passages]
    digests = [hashlib.sha256(content.encode()).digest()[:_KEY_BYTES] for content in contents]
    return np.frombuffer(b"".join(digests), dtype=np.uint8).reshape(len(passages), _KEY_BYTES)


def embed_passages(
    passages: Passages,
    encoder: Encoder,
    *,
    folder: Path,
    previous: Generation | None = None,
    crew: Crew | None = None,
) -> Embedded:
    """Write the embeddings of passages, and of their sentences, in order, into a generation's folder.

    Equal passages are computed once, known ones not at all. Little is held in memory: what was computed goes to the
    files before more passages are read. A crew computes for this process, to the same result.
    """
    known = _known_rows(passages.keys, previous, encoder)
    count, sentences = len(passages.keys), int(passages.offsets[-1])
    embedded = Embedded(
        embeddings=new_array(folder / "embeddings.npy", (count, encoder.dim), "<f4"),
        sentences=QuantisedVectors(
            codes=new_array(folder / "sentence_embeddings.npy", (sentences, encoder.dim), "i1"),
            scales=new_array(folder / "sentence_scales.npy", (sentences,), "<f4"),
        ),
        computed=0,
    )
    if previous is not None:
        for rows in _batches(np.flatnonzero(known >= 0).tolist(), _COPIED):
            _copy(embedded, passages.offsets, np.array(rows), previous, known[rows])
    missing = _distinct(passages.keys, np.flatnonzero(known < 0).tolist())
    if missing:
        with thread_crew(encoder) if crew is None else nullcontext(crew) as crew_or_threads:
            _compute(embedded, passages, missing, _Work(encoder=encoder, crew=crew_or_threads))
    return replace(embedded, computed=len(missing))


def _known_rows(keys: npt.NDArray[np.uint8], previous: Generation | None, encoder: Encoder) -> Numbers:
    """Return the row of each passage in the previous generation, int64 `(n,)`, -1 where it hasn't got it."""
    if previous is None or previous.manifest.encoder.revision != encoder.revision:
        return np.full(len(keys), -1, dtype=np.int64)
    rows = {key.tobytes(): row for row, key in enumerate(np.asarray(previous.passage_keys))}
    return np.array([rows.get(key.tobytes(), -1) for key in keys], dtype=np.int64)


def _copy(embedded: Embedded, offsets: Numbers, rows: Numbers, previous: Generation, known: Numbers) -> None:
    """Copy the embeddings of passages and of their sentences from where they are known."""
    embedded.embeddings[rows] = previous.embeddings[known]
    counts = counts_of(offsets)[rows]
    sentences = ranges(offsets[rows], counts)
    of_previous = ranges(previous.sentence_offsets[known].astype(np.int64), counts)
    embedded.sentences.codes[sentences] = previous.all_sentences.embeddings.codes[of_previous]
    embedded.sentences.scales[sentences] = previous.all_sentences.embeddings.scales[of_previous]


def _distinct(keys: npt.NDArray[np.uint8], rows: Sequence[int]) -> list[list[int]]:
    """Return those rows, the rows of equal passages together."""
    found: dict[bytes, list[int]] = {}
    for row in rows:
        found.setdefault(keys[row].tobytes(), []).append(row)
    return list(found.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """Who computes, and what it computes with."""

    encoder: Encoder
    crew: Crew

    def done(self, batches: Iterable[Batch], bar: tqdm[None]) -> Iterator[tuple[Batch, Vectors]]:
        """Yield batches with their vectors, in any order, and show how far it is."""
        for batch, vectors in in_parallel(batches, self.crew):
            yield batch, vectors
            bar.update(len(batch.texts))


def _compute(embedded: Embedded, passages: Passages, missing: Sequence[Sequence[int]], work: _Work) -> None:
    """Compute what is missing, the longest passages first, as the encoder's batches want them."""
    lengths, titled = _lengths_and_titles(passages, missing)
    titles = sorted(set(titled) - {""}, key=lambda title: (-len(title), title))
    place_of = {title: place for place, title in enumerate(titles)}
    order = np.argsort(-lengths, kind="stable").tolist()
    longest_first = [missing[place] for place in order]
    of_each = np.array([place_of.get(titled[place], -1) for place in order], dtype=np.int64)
    with tqdm(total=len(titles) + len(missing), desc="Encoding", unit=" texts", disable=None) as bar:
        of_titles = _of_titles(titles, work, bar)
        for batch, vectors in work.done(_passage_batches(passages, longest_first), bar):
            places = slice(batch.number * _ENCODED, (batch.number + 1) * _ENCODED)
            drawn = replace(vectors, texts=_drawn(vectors.texts, of_titles, of_each[places], work.encoder))
            _write(embedded, passages.offsets, longest_first[places], batch=batch, vectors=drawn)


def _lengths_and_titles(passages: Passages, missing: Sequence[Sequence[int]]) -> tuple[Numbers, list[str]]:
    """Return the length of each passage, in code points, and its title."""
    lengths, titles = [], []
    for rows in missing:
        passage = passages.passage(rows[0])
        lengths.append(len(passage.text))
        titles.append(passage.title)
    return np.array(lengths, dtype=np.int64), titles


def _of_titles(titles: Sequence[str], work: _Work, bar: tqdm[None]) -> Embeddings:
    """Return the embeddings of titles, `(n, dim)`."""
    found = np.zeros((len(titles), work.encoder.dim), dtype=np.float32)
    batches = (
        Batch(number=number, texts=tuple(some), sentences=((),) * len(some))
        for number, some in enumerate(_batches(titles, _ENCODED))
    )
    for batch, vectors in work.done(batches, bar):
        found[batch.number * _ENCODED :][: len(batch.texts)] = vectors.texts
    return found


def _passage_batches(passages: Passages, longest_first: Sequence[Sequence[int]]) -> Iterator[Batch]:
    for number, rows in enumerate(_batches(longest_first, _ENCODED)):
        read = [passages.passage(group[0]) for group in rows]
        yield Batch(
            number=number, texts=tuple(one.text for one in read), sentences=tuple(one.sentences for one in read)
        )


def _drawn(vectors: Embeddings, of_titles: Embeddings, numbers: Numbers, encoder: Encoder) -> Embeddings:
    """Return the embeddings of passages, `(n, dim)`, drawn towards those of their titles; number -1 is no title."""
    titled = np.flatnonzero(numbers >= 0)
    mixed = (1 - TITLE_WEIGHT) * vectors[titled] + TITLE_WEIGHT * of_titles[numbers[titled]]
    drawn = vectors.copy()
    drawn[titled] = np.hstack([unit_length(part) for part in _models_parts(mixed, encoder)])
    return drawn


def _models_parts(vectors: Embeddings, encoder: Encoder) -> list[Embeddings]:
    """Return the columns of each of the encoder's models."""
    return np.split(vectors, [] if encoder.second is None else [encoder.second.start], axis=1)


def _write(
    embedded: Embedded, offsets: Numbers, rows: Sequence[Sequence[int]], *, batch: Batch, vectors: Vectors
) -> None:
    """Write the vectors of a batch to the rows of each of its passages."""
    ends = starts([len(spans) for spans in batch.sentences])
    for place, group in enumerate(rows):
        embedded.embeddings[group] = vectors.texts[place]
        own = vectors.sentences[slice(ends[place], ends[place + 1])]
        for row in group:
            target = slice(offsets[row], offsets[row + 1])
            embedded.sentences.codes[target], embedded.sentences.scales[target] = own.codes, own.scales


def _batches(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    return (items[start : start + size] for start in range(0, len(items), size))
