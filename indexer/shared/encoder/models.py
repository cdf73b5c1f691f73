"""The models behind encoders: the one module that imports sentence-transformers, torch, transformers and tokenizers.

Importing it takes seconds: import it only where a model is really needed (see `sentence_encoder`). All models run on
the CPU, with as many of torch's threads as there are cores unless told otherwise.
"""

from __future__ import annotations

import hashlib
import logging
import re
import sys
import threading
import warnings
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import huggingface_hub
import numpy as np
import numpy.typing as npt
import threadpoolctl
import torch
import transformers
from huggingface_hub.utils.tqdm import disable_progress_bars
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import InputModule, Normalize
from tokenizers import Encoding, Tokenizer

from indexer.shared.cores import usable_cores
from indexer.shared.encoder.base import Role
from indexer.shared.encoder.e5_model import E5_PROMPTS, e5_tokenizer, word_embeddings
from indexer.shared.encoder.e5_weights import E5_SHA256, E5Weights, find_e5_weights, read_e5_weights
from indexer.shared.encoder.late_chunking import sentence_sums
from indexer.shared.encoder.networks import Network, load_network
from indexer.shared.encoder.runtimes import AUTO, TORCH
from indexer.shared.encoder.sources import e5_source, use_source
from indexer.shared.encoder.use_model import USE_DIM, UseHead, UseWeights, read_use_weights, use_tokenizer
from indexer.shared.errors import EncoderError
from indexer.shared.text import Span

__all__ = ["BUNDLED", "LoadedModel", "load_model"]

_E5_NAME = re.compile(r"(^|/)multilingual-e5-(small|base|large)$")  # trained with prompts that they don't declare
_HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")
_HUB_TIMEOUT = 10  # seconds to find out that the hub can't be reached; its own retries take more than a minute
_USE_MAX_TOKENS = 512
_BATCH = 32
_NO_LIMIT = sys.maxsize

_READING = threading.Lock()
"""Held while texts to encode are read, for which one thread at a time has Python's lock; networks leave that alone.

Two models that are given the same query would read it in turns. So the first reads it in one go, and its network, which
takes longer, begins a millisecond earlier. Beside passages with their sentences, a millisecond is nothing.
"""

Floats = npt.NDArray[np.float32]


class LoadedModel:
    """A sentence-transformers model, and what an encoder asks of it."""

    def __init__(self, model: SentenceTransformer, identity: str, *, runtime: str = TORCH, streams: int = 1) -> None:
        self._model = model
        self._bundled = model[0] if isinstance(model[0], _BundledModule) else None
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
        if self._bundled is not None:
            with _READING:
                features = self._bundled.preprocess(texts, self.prompts[role])
            return _through(self._model, features)["sentence_embedding"]
        encode = self._model.encode_query if role == "query" else self._model.encode_document
        embeddings = encode(texts, prompt=self.prompts[role], batch_size=_BATCH, show_progress_bar=False)
        return np.asarray(embeddings, dtype=np.float32)

    def encode_with_sentences(self, texts: list[str], sentences: Sequence[Sequence[Span]]) -> tuple[Floats, Floats]:
        """Return the embeddings of one batch of passages and those of all their sentences in order, both float32.

        They have shape `(len(texts), dim)` and `(s, dim)`; `sentences` gives spans in code points of each text. From a
        model that averages or adds up its tokens, a sentence's is what it makes of the sentence's own tokens; another
        encodes sentences alone.
        """
        bundled = self._bundled
        if bundled is None and not _averages_tokens(self._model):
            pieces = [text[start:end] for text, spans in zip(texts, sentences, strict=True) for start, end in spans]
            alone = self.encode(pieces, "passage") if pieces else np.zeros((0, self.dim), dtype=np.float32)
            return self.encode(texts, "passage"), alone
        shift = len(self.prompts["passage"])
        vectors, sums, counts = [], [], []
        for spans, read in zip(sentences, self._read(texts), strict=True):
            shifted = [(shift + start, shift + end) for start, end in spans]
            of_text = sentence_sums(read.tokens, read.places, shifted, marks=bundled is not None and bundled.marks)
            vectors.append(read.vector)
            sums.append(of_text[0])
            counts.append(of_text[1])
        passages = np.stack(vectors).astype(np.float32)
        found = np.repeat(passages, [len(spans) for spans in sentences], axis=0)  # for sentences without tokens
        number = np.concatenate(counts)
        some = np.flatnonzero(number)
        if len(some):
            pooled = _means if bundled is None else bundled.pooled
            found[some] = pooled(np.concatenate(sums)[some], number[some])
        return passages, found

    def _read(self, texts: list[str]) -> Iterator[_Read]:
        """Yield what the model makes of each passage."""
        bundled, prompt = self._bundled, self.prompts["passage"]
        if bundled is not None:
            read = bundled.tokenised(texts, prompt)
            found = _through(self._model, bundled.features(read))
            tokens, vectors = found["token_embeddings"], found["sentence_embedding"]
            for row, one in enumerate(read):
                yield _Read(tokens=tokens[row, : len(one)], offsets=one.offsets, vector=vectors[row])
            return
        outputs: Any = self._model.encode_document(
            texts, prompt=prompt, batch_size=len(texts), show_progress_bar=False, output_value=None
        )
        for text, output in zip(texts, outputs, strict=True):
            tokens = output["token_embeddings"][output["attention_mask"].bool()].numpy().astype(np.float32)
            yield _Read(
                tokens=tokens, offsets=self._offsets(prompt + text), vector=output["sentence_embedding"].numpy()
            )

    def _offsets(self, text: str) -> Sequence[Span]:
        """Return the spans of all tokens of a text."""
        tokenizer = self._model.tokenizer
        if isinstance(tokenizer, Tokenizer):
            return tokenizer.encode(text).offsets
        found: Sequence[Span] = tokenizer(text, truncation=False, return_offsets_mapping=True)["offset_mapping"]
        return found

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return how many tokens each text takes as a passage, prompt and special tokens included, nothing cut off."""
        prompted = [self.prompts["passage"] + text for text in texts]
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """What a model makes of a text: its vector, those of the tokens that it reads, and the spans of all tokens."""

    tokens: Floats
    offsets: Sequence[Span]
    vector: Floats

    @property
    def places(self) -> Sequence[Span]:
        """The spans of the tokens read; what a cut text has as its last one, the end mark, is empty."""
        count = len(self.tokens)
        return self.offsets if len(self.offsets) == count else [*self.offsets[: count - 1], (0, 0)]


def _through(model: SentenceTransformer, features: dict[str, torch.Tensor]) -> dict[str, Floats]:
    """Return what a bundled model makes of features, as arrays.

    It is what its `encode` does, without finding out what it was given: half a millisecond of a query.
    """
    with torch.inference_mode():
        for module in model:
            features = module(features)
    return {name: tensor.numpy() for name, tensor in features.items()}


def _means(sums: Floats, counts: npt.NDArray[np.int64]) -> Floats:
    """Return the means of tokens from their sums `(n, dim)` and how many they are `(n,)`."""
    return sums / counts.astype(np.float32)[:, None]


class _BundledModule(InputModule):
    """First module of a bundled model: token numbers in, one vector out for each token."""

    marks = False
    """Whether the marks of a text's beginning and end are part of each of its sentences."""

    def __init__(self, tokenizer: Tokenizer, network: Network, *, max_tokens: int, pad: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # the library leaves it unannotated
        self.tokenizer = tokenizer
        self.max_seq_length = max_tokens
        self._network = network
        self._pad = pad

    @abstractmethod
    def words(self, ids: npt.NDArray[np.int64]) -> Floats:
        """Return the embeddings of tokens by their numbers, with one dimension more."""

    @abstractmethod
    def pooled(self, sums: Floats, counts: npt.NDArray[np.int64]) -> Floats:
        """Return the vectors of n texts, `(n, dim)`, from their tokens' sums and how many they are, `(n,)`."""

    def tokenised(self, texts: Sequence[str], prompt: str) -> list[Encoding]:
        """Return the tokens of texts, prompt and special tokens included, nothing cut off."""
        found: list[Encoding] = self.tokenizer.encode_batch([prompt + text for text in texts])
        return found

    def features(self, read: Sequence[Encoding]) -> dict[str, torch.Tensor]:
        """Return what the network takes of texts, cut to what it reads; the end mark survives the cut.

        `attention_mask` has shape `(len(read), longest)`, `word_embeddings` one dimension more.
        """
        limit = self.max_seq_length
        rows = [one.ids if len(one) <= limit else [*one.ids[: limit - 1], one.ids[-1]] for one in read]
        lengths = np.array([len(row) for row in rows])
        mask = np.arange(lengths.max()) < lengths[:, None]
        ids = np.full(mask.shape, self._pad, dtype=np.int64)
        ids[mask] = list(chain.from_iterable(rows))
        return {
            "attention_mask": torch.from_numpy(mask.astype(np.int64)),
            "word_embeddings": torch.from_numpy(self.words(ids)),
        }

    def preprocess(self, inputs: Sequence[Any], prompt: str | None = None, **_: Any) -> dict[str, torch.Tensor]:
        """Return the `features` of texts."""
        return self.features(self.tokenised(inputs, prompt or ""))

    def forward(self, features: dict[str, torch.Tensor], **_: Any) -> dict[str, torch.Tensor]:
        """Add `token_embeddings` of shape `(texts, tokens, features of a token)`."""
        words, mask = features["word_embeddings"].numpy(), features["attention_mask"].numpy()
        return {**features, "token_embeddings": torch.from_numpy(self._network.features(words, mask))}

    def save(self, output_path: str, *_: Any, **__: Any) -> None:
        """Refuse: a bundled model lives in its package."""
        raise EncoderError(f"{output_path}: bundled encoders are not saved, their packages hold them")


class _E5Module(_BundledModule):
    """multilingual-e5-small, which averages its tokens."""

    def __init__(self, weights: E5Weights, network: Network) -> None:
        sizes = weights.config
        super().__init__(e5_tokenizer(weights), network, max_tokens=sizes.positions, pad=sizes.pad)
        self._weights = weights

    def words(self, ids: npt.NDArray[np.int64]) -> Floats:
        """Return the embeddings of tokens."""
        return word_embeddings(self._weights, ids)

    def pooled(self, sums: Floats, counts: npt.NDArray[np.int64]) -> Floats:
        """Return means."""
        return _means(sums, counts)


class _UseModule(_BundledModule):
    """Universal Sentence Encoder multilingual v3, which adds up its tokens; it has never read a text without marks."""

    marks = True

    def __init__(self, weights: UseWeights, network: Network) -> None:
        super().__init__(use_tokenizer(weights), network, max_tokens=_USE_MAX_TOKENS, pad=0)
        self._weights = weights
        self._head = UseHead(weights)

    def pooled(self, sums: Floats, counts: npt.NDArray[np.int64]) -> Floats:
        """Return what the head makes of sums."""
        return self._head.vectors(sums, counts)

    def words(self, ids: npt.NDArray[np.int64]) -> Floats:
        """Return the embeddings of tokens."""
        return self._weights.word_embeddings(ids)


class _BundledPooling(torch.nn.Module):
    """Second module of a bundled model: adds up the features of tokens and makes a vector of them.

    A product adds without a copy of all features, which takes longer to get memory for than to compute.
    """

    def __init__(self, pooled: Callable[[Floats, npt.NDArray[np.int64]], Floats], dim: int) -> None:
        super().__init__()
        self._pooled = pooled
        self._dim = dim

    def forward(self, features: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Add `sentence_embedding` of shape `(texts, dim)`."""
        mask, tokens = features["attention_mask"].numpy(), features["token_embeddings"].numpy()
        sums = (mask[:, None].astype(tokens.dtype) @ tokens)[:, 0]
        vectors = self._pooled(sums, mask.sum(axis=1))
        return {**features, "sentence_embedding": torch.from_numpy(vectors)}

    def get_embedding_dimension(self) -> int:
        """Return the length of its vectors."""
        return self._dim


def _load_e5(runtime: str, threads: int) -> LoadedModel:
    weights = read_e5_weights(find_e5_weights(), sha256=E5_SHA256)
    network = load_network(e5_source(weights), runtime, threads)
    first = _E5Module(weights, network)
    modules = [first, _BundledPooling(first.pooled, weights.config.hidden_size), Normalize()]
    model = SentenceTransformer(modules=modules, device="cpu", prompts=E5_PROMPTS)
    return LoadedModel(model, E5_SHA256, runtime=network.runtime, streams=network.streams)


def _load_use(runtime: str, threads: int) -> LoadedModel:
    weights = read_use_weights()
    network = load_network(use_source(weights), runtime, threads)
    first = _UseModule(weights, network)
    model = SentenceTransformer(modules=[first, _BundledPooling(first.pooled, USE_DIM)], device="cpu")
    identity = f"{weights.digest} sentences from tokens"
    return LoadedModel(model, identity, runtime=network.runtime, streams=network.streams)


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
