"""Embedding passages, reusing the rows of an earlier generation whose text and encoder haven't changed.

A chunk's embedding is that of its passage (title, section heading and text together), moved a little towards that of
the title alone: a title says in few words what the whole commitment is about, as a query does. With a weight of 0.2
the seed pages' right answers stand clear of the next; it changes nothing where documents have no title.

A sentence's embedding comes from the same reading of its passage, but is its own: nothing is mixed in, so that the
sentences of a passage can be told apart.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from indexer.shared.arrays import Numbers, counts_of, new_array, ranges, starts
from indexer.shared.encoder import Embeddings, Encoder, unit_length
from indexer.shared.quantised import QuantisedVectors, quantise
from indexer.shared.storage import Generation
from indexer.shared.text import Span

__all__ = ["TITLE_WEIGHT", "Embedded", "Passage", "Passages", "embed_passages", "passage_keys"]

TITLE_WEIGHT = 0.2
"""Weight of the title's embedding in that of each of its chunks."""

_KEY_BYTES = 16
_COPIED = 4096  # passages at a time
_ENCODED = 256  # passages at a time: several of the encoder's batches

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
    passages: Passages, encoder: Encoder, *, folder: Path, previous: Generation | None = None
) -> Embedded:
    """Write the embeddings of passages, and of their sentences, in order, into a generation's folder.

    Equal passages are computed once, known ones not at all. Little is held in memory: what was computed goes to the
    files before the next passages are read.
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
        _compute(embedded, passages, missing, encoder)
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


def _compute(embedded: Embedded, passages: Passages, missing: Sequence[Sequence[int]], encoder: Encoder) -> None:
    """Compute what is missing, the longest passages first, as the encoder's batches want them."""
    lengths, titles = _lengths_and_titles(passages, missing)
    of_titles = encoder.encode_passages(titles) if titles else np.zeros((0, encoder.dim), dtype=np.float32)
    number = {title: position for position, title in enumerate(titles)}
    longest_first = [missing[place] for place in np.argsort(-lengths, kind="stable")]
    with tqdm(total=len(missing), desc="Encoding", unit=" texts", disable=None) as bar:
        for batch in _batches(longest_first, _ENCODED):
            read = [passages.passage(rows[0]) for rows in batch]
            vectors, of_sentences = _encoded(read, encoder, of_titles, number)
            ends = starts([len(one.sentences) for one in read])
            for place, rows in enumerate(batch):
                embedded.embeddings[rows] = vectors[place]
                for row in rows:
                    target = slice(passages.offsets[row], passages.offsets[row + 1])
                    own = of_sentences[slice(ends[place], ends[place + 1])]
                    embedded.sentences.codes[target], embedded.sentences.scales[target] = own.codes, own.scales
            bar.update(len(batch))


def _lengths_and_titles(passages: Passages, missing: Sequence[Sequence[int]]) -> tuple[Numbers, list[str]]:
    """Return the length of each passage, in code points, and all their titles."""
    lengths, titles = [], set()
    for rows in missing:
        passage = passages.passage(rows[0])
        lengths.append(len(passage.text))
        titles.add(passage.title)
    return np.array(lengths, dtype=np.int64), sorted(titles - {""})


def _encoded(
    passages: Sequence[Passage], encoder: Encoder, of_titles: Embeddings, number: Mapping[str, int]
) -> tuple[Embeddings, QuantisedVectors]:
    """Return the embeddings of passages, `(n, dim)`, drawn towards their titles', and those of all their sentences."""
    texts, spans = [passage.text for passage in passages], [passage.sentences for passage in passages]
    vectors, of_sentences = encoder.encode_passages_with_sentences(texts, spans)
    titled = [row for row, passage in enumerate(passages) if passage.title]
    own = of_titles[[number[passages[row].title] for row in titled]]
    mixed = (1 - TITLE_WEIGHT) * vectors[titled] + TITLE_WEIGHT * own
    vectors[titled] = np.hstack([unit_length(part) for part in _models_parts(mixed, encoder)])
    return vectors, quantise(of_sentences)


def _models_parts(vectors: Embeddings, encoder: Encoder) -> list[Embeddings]:
    """Return the columns of each of the encoder's models."""
    return np.split(vectors, [] if encoder.second is None else [encoder.second.start], axis=1)


def _batches(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    return (items[start : start + size] for start in range(0, len(items), size))
