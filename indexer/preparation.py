"""What is made of each document by itself: the languages of its sections, its chunks, their sentences, its signature.

All of it comes as arrays, so that what the previous generation has of an unchanged document can be put between what is
new.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from indexer.chunking import TokenLimit, chunk_document, passage_text
from indexer.embedding import Passage, passage_keys
from indexer.keyword_index import KeywordEntry
from indexer.known import Known
from indexer.languages import with_section_languages
from indexer.near_duplicates import Signatures, signatures
from indexer.sentences import sentence_spans
from indexer.shared.arrays import Numbers, counts_of, ranges, starts
from indexer.shared.encoder import Encoder
from indexer.shared.records import Chunk, Document, Section
from indexer.shared.storage import CHUNK_DTYPE
from indexer.shared.text import Span

__all__ = ["Corpus", "prepare"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Corpus:
    """Documents, in the order of their rows, and what each is made into, in the shapes of a generation's files.

    `origins` are the rows that chunks had in the previous generation, int64 `(chunks,)`, -1 for those that are new. The
    sentences of chunk r are `sentences[offsets[r]:offsets[r + 1]]`.
    """

    documents: tuple[Document, ...]
    signatures: Signatures
    langs: tuple[str, ...]
    chunks: npt.NDArray[np.void]
    origins: Numbers
    keys: npt.NDArray[np.uint8]
    sentences: npt.NDArray[np.int32]
    offsets: Numbers

    def passage(self, row: int) -> Passage:
        """Return what is embedded of a chunk."""
        document, section, text = self._chunk(row)
        spans = self.sentences[self.offsets[row] : self.offsets[row + 1]].tolist()
        return _passage(document, document.sections[section], text, spans)

    def new_entries(self) -> Iterator[KeywordEntry]:
        """Yield what the keyword index needs of each new chunk."""
        for row in np.flatnonzero(self.origins < 0).tolist():
            document, section, text = self._chunk(row)
            facts = document.facts
            yield KeywordEntry(
                row=row,
                commitment_id=document.commitment_id,
                lang=document.sections[section].lang or document.lang,
                title=document.title,
                institutions="\n".join([*facts.lead_institutions, *facts.supporting_institutions]),
                text=text,
            )

    def _chunk(self, row: int) -> tuple[Document, int, str]:
        """Return the document of a chunk, the number of its section, and its text."""
        number, section, _, start, end, _ = self.chunks[row].item()
        document = self.documents[number]
        return document, section, document.text[start:end]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cut:
    """Documents cut into chunks and sentences; `counts` tells how many chunks each has, `spans` how many sentences."""

    signatures: Signatures
    counts: Numbers
    langs: tuple[str, ...]
    chunks: npt.NDArray[np.void]
    keys: npt.NDArray[np.uint8]
    spans: Numbers
    sentences: npt.NDArray[np.int32]


def prepare(documents: Sequence[Document], encoder: Encoder, known: Known | None = None) -> Corpus:
    """Return the corpus of documents for an encoder; what is known of them isn't made again."""
    found = [None if known is None else known.find(document) for document in documents]
    unknown = [document for document, one in zip(documents, found, strict=True) if one is None]
    progress = tqdm(unknown, desc="Telling languages", unit=" documents", delay=1, disable=None)
    new = list(with_section_languages(progress))
    rest = iter(new)
    marked = tuple(
        next(rest) if one is None else replace(document, sections=one.sections)
        for document, one in zip(documents, found, strict=True)
    )
    rows = np.array([-1 if one is None else one.row for one in found], dtype=np.int64)
    old = _cut([], encoder) if known is None else _known_cut(known)
    return _joined(marked, rows, old=old, new=_cut(new, encoder))


def _cut(documents: Sequence[Document], encoder: Encoder) -> _Cut:
    tokens = TokenLimit.of(encoder)
    langs: defaultdict[str, int] = defaultdict(count().__next__)
    table: list[tuple[int, ...]] = []
    keys = [passage_keys([], encoder.revision)]
    spans: list[int] = []
    sentences: list[Span] = []
    for row, document in enumerate(tqdm(documents, desc="Cutting", unit=" documents", delay=1, disable=None)):
        passages = []
        for number, chunk in enumerate(chunk_document(document, tokens)):
            section = _section_at(document, chunk)
            found = sentence_spans(chunk.text, 0, len(chunk.text), chunk.lang)
            table.append((row, section, number, chunk.start, chunk.end, langs[chunk.lang]))
            spans.append(len(found))
            sentences += found
            passages.append(_passage(document, document.sections[section], chunk.text, found))
        keys.append(passage_keys(passages, encoder.revision))
    chunks = np.array(table, dtype=CHUNK_DTYPE)
    return _Cut(
        signatures=signatures(documents),
        counts=np.bincount(chunks["document"], minlength=len(documents)),
        langs=tuple(langs),
        chunks=chunks,
        keys=np.concatenate(keys),
        spans=np.array(spans, dtype=np.int64),
        sentences=np.array(sentences, dtype=np.int32).reshape(-1, 2),
    )


def _known_cut(known: Known) -> _Cut:
    generation = known.generation
    return _Cut(
        signatures=known.signatures,
        counts=np.bincount(generation.chunks["document"], minlength=len(known.signatures)),
        langs=generation.manifest.langs,
        chunks=generation.chunks,
        keys=generation.passage_keys,
        spans=counts_of(generation.sentence_offsets),
        sentences=generation.all_sentences.spans,
    )


def _joined(documents: tuple[Document, ...], rows: Numbers, *, old: _Cut, new: _Cut) -> Corpus:
    """Return the corpus of documents that have these rows in `old` or, where that is -1, are the next of `new`."""
    places = np.where(rows < 0, len(old.counts) + np.cumsum(rows < 0) - 1, rows)
    counts = np.concatenate([old.counts, new.counts])
    taken = ranges(starts(counts)[places], counts[places])
    langs, chunks = _in_languages(old, new, taken)
    chunks["document"] = np.repeat(np.arange(len(documents)), counts[places])
    spans = np.concatenate([old.spans, new.spans])
    sentences = np.concatenate([old.sentences, new.sentences])
    return Corpus(
        documents=documents,
        signatures=np.concatenate([old.signatures, new.signatures])[places],
        langs=langs,
        chunks=chunks,
        origins=np.where(taken < len(old.chunks), taken, -1),
        keys=np.concatenate([old.keys, new.keys])[taken],
        sentences=sentences[ranges(starts(spans)[taken], spans[taken])],
        offsets=starts(spans[taken]),
    )


def _in_languages(old: _Cut, new: _Cut, taken: Numbers) -> tuple[tuple[str, ...], npt.NDArray[np.void]]:
    """Return the languages of those chunks that are taken, in order, and the chunks with these languages' numbers."""
    names = [*old.langs, *new.langs]
    chunks = np.concatenate([old.chunks, new.chunks])
    chunks["lang"][len(old.chunks) :] += len(old.langs)
    chunks = chunks[taken]
    langs = tuple(sorted({names[number] for number in np.unique(chunks["lang"])}))
    number = np.array([langs.index(name) if name in langs else -1 for name in names])
    chunks["lang"] = number[chunks["lang"]]
    return langs, chunks


def _passage(document: Document, section: Section, text: str, sentences: Sequence[Sequence[int]]) -> Passage:
    passage = passage_text(document, section, text)
    context = len(passage) - len(text)
    spans = tuple((context + start, context + end) for start, end in sentences)
    return Passage(text=passage, title=document.title, sentences=spans)


def _section_at(document: Document, chunk: Chunk) -> int:
    return next(
        position
        for position, section in enumerate(document.sections)
        if section.start <= chunk.start and chunk.end <= section.end
    )
