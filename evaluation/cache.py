"""Embeddings and indexes kept on disk, so that a second evaluation takes seconds.

    <cache>/embeddings.sqlite     vectors by a digest of encoder revision, runtime, role and text (and sentences)
    <cache>/indexes/<name>-<...>  the index of a test set for one encoder, and `made-of`: what it was made of

All of it is safe to delete.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
from tqdm import tqdm

import indexer
from evaluation.dataset import Dataset
from indexer.pipeline import index_documents
from indexer.readers.sources import ReadResult
from indexer.shared.encoder import Embeddings, Encoder, Learned, SecondModel
from indexer.shared.errors import IndexStoreError
from indexer.shared.storage import open_generation
from indexer.shared.text import Span

__all__ = ["CachedEncoder", "index_folder"]

Vector = npt.NDArray[np.float32]

_BATCH = 256  # texts between two writes: what an interrupted run loses at most


class CachedEncoder:
    """The encoder given, for which no text is encoded twice. `computed` counts the texts that were encoded."""

    def __init__(self, encoder: Encoder, folder: Path) -> None:
        self._encoder = encoder
        self._file = folder / "embeddings.sqlite"
        self.folder = folder
        self.computed = 0

    @property
    def name(self) -> str:
        """The encoder's name."""
        return self._encoder.name

    @property
    def revision(self) -> str:
        """The encoder's revision."""
        return self._encoder.revision

    @property
    def runtime(self) -> str:
        """What computes the encoder."""
        return self._encoder.runtime

    @property
    def dim(self) -> int:
        """Length of its vectors."""
        return self._encoder.dim

    @property
    def max_tokens(self) -> int:
        """How many tokens of a passage it reads."""
        return self._encoder.max_tokens

    @property
    def second(self) -> SecondModel | None:
        """Which part of its vectors is a second model's."""
        return self._encoder.second

    @property
    def learned(self) -> Learned:
        """What the encoder has learned."""
        return self._encoder.learned

    def count_tokens(self, passages: Sequence[str]) -> list[int]:
        """Return how many tokens each passage takes."""
        return self._encoder.count_tokens(passages)

    def encode_queries(self, queries: Sequence[str]) -> Embeddings:
        """Return the `(n, dim)` embeddings of queries."""
        return self._encode(queries, "query", self._encoder.encode_queries)

    def encode_passages(self, passages: Sequence[str], *, progress: bool = False) -> Embeddings:  # noqa: ARG002 (the bar is ours)
        """Return the `(n, dim)` embeddings of passages."""
        return self._encode(passages, "passage", self._encoder.encode_passages)

    def encode_passages_with_sentences(
        self,
        passages: Sequence[str],
        sentences: Sequence[Sequence[Span]],
        *,
        progress: bool = False,  # noqa: ARG002 (the bar is ours)
    ) -> tuple[Embeddings, Embeddings]:
        """Return the `(n, dim)` embeddings of passages, and the `(s, dim)` embeddings of all their sentences in order.

        Those of a passage and its sentences are one entry of the cache, in this order.
        """

        def encode(rows: Sequence[int]) -> list[Embeddings]:
            texts, spans = [passages[row] for row in rows], [sentences[row] for row in rows]
            vectors, of_sentences = self._encoder.encode_passages_with_sentences(texts, spans)
            parts = np.split(of_sentences, np.cumsum([len(one) for one in spans])[:-1])
            return [np.vstack([vector, part]) for vector, part in zip(vectors, parts, strict=True)]

        keys = [
            self._key(f"{list(spans)}\0{text}", "passage with sentences")
            for text, spans in zip(passages, sentences, strict=True)
        ]
        entries = [np.zeros((0, self.dim), dtype=np.float32)]
        entries += [flat.reshape(-1, self.dim) for flat in self._cached(keys, passages, "passage", encode)]
        return np.concatenate([entry[:1] for entry in entries]), np.concatenate([entry[1:] for entry in entries])

    def _encode(self, texts: Sequence[str], role: str, encode: Callable[[Sequence[str]], Embeddings]) -> Embeddings:
        keys = [self._key(text, role) for text in texts]
        vectors = self._cached(keys, texts, role, lambda rows: encode([texts[row] for row in rows]))
        return np.array(vectors, dtype=np.float32).reshape(len(texts), self.dim)

    def _cached(
        self,
        keys: Sequence[bytes],
        texts: Sequence[str],
        role: str,
        encode: Callable[[Sequence[int]], Iterable[Vector]],
    ) -> list[Vector]:
        """Return the entry of each key, flat; `encode` gives those of some rows, which are looked for no more."""
        with self._open() as database:
            entries = dict(_known(database, keys))
            missing = {key: row for row, key in enumerate(keys) if key not in entries}
            longest_first = sorted(missing, key=lambda key: (-len(texts[missing[key]]), key))  # little padding
            with tqdm(total=len(missing), desc=f"Encoding ({role})", unit=" texts", disable=None) as bar:
                for start in range(0, len(missing), _BATCH):
                    batch = longest_first[start : start + _BATCH]
                    fresh = [entry.astype("<f4").ravel() for entry in encode([missing[key] for key in batch])]
                    entries.update(zip(batch, fresh, strict=True))
                    _store(database, batch, fresh)
                    bar.update(len(batch))
            self.computed += len(missing)
        return [entries[key] for key in keys]

    def _key(self, text: str, role: str) -> bytes:
        return hashlib.sha256(f"{self.revision}\0{self.runtime}\0{self.dim}\0{role}\0{text}".encode()).digest()

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise IndexStoreError(f"{self._file.parent}: can't be made ({error.strerror})") from error
        try:
            with closing(sqlite3.connect(self._file, timeout=60)) as database:
                database.execute("CREATE TABLE IF NOT EXISTS embeddings (key BLOB PRIMARY KEY, vector BLOB NOT NULL)")
                yield database
        except sqlite3.Error as error:
            raise IndexStoreError(f"{self._file}: the cache can't be used ({error}); it is safe to delete") from error


def index_folder(dataset: Dataset, encoder: CachedEncoder) -> Path:
    """Return the folder of an index of the documents, made anew unless documents, encoder and indexer are unchanged."""
    made_of = _digest(
        msgspec.json.encode(dataset.documents), encoder.revision.encode(), encoder.runtime.encode(), *_indexer_files()
    )
    folder = encoder.folder / "indexes" / f"{dataset.name}-{encoder.revision}-{encoder.runtime}"
    stamp = folder / "made-of"
    try:
        if stamp.read_text(encoding="utf-8") == made_of and open_generation(folder):
            return folder
    except (OSError, UnicodeDecodeError, IndexStoreError):
        pass  # there is none yet, or it is damaged
    stamp.unlink(missing_ok=True)
    index_documents(ReadResult(documents=dataset.documents, rejected=(), sources=()), index=folder, encoder=encoder)
    stamp.write_text(made_of, encoding="utf-8")
    return folder


def _indexer_files() -> Iterator[bytes]:
    """Give the contents of all files of the indexer, code and tables, in the order of their paths."""
    root = Path(indexer.__file__).parent
    for path in sorted(root.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path.read_bytes()


def _digest(*parts: bytes) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()


def _known(database: sqlite3.Connection, keys: Sequence[bytes]) -> Iterator[tuple[bytes, Vector]]:
    for key in dict.fromkeys(keys):
        found = database.execute("SELECT vector FROM embeddings WHERE key = ?", (key,)).fetchone()
        if found is not None:
            yield key, np.frombuffer(found[0], dtype="<f4")


def _store(database: sqlite3.Connection, keys: Sequence[bytes], vectors: Sequence[Vector]) -> None:
    rows = [(key, vector.tobytes()) for key, vector in zip(keys, vectors, strict=True)]
    with database:
        database.executemany("INSERT OR REPLACE INTO embeddings VALUES (?, ?)", rows)
