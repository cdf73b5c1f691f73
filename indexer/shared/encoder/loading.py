"""Encoders by name, with what they learn from the parallel text: shipped, stored with an index, or computed anew."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

import numpy as np
import numpy.typing as npt

from indexer.shared.encoder.base import Encoder, Learned
from indexer.shared.encoder.language_id import LanguageClassifier, fit_classifier
from indexer.shared.encoder.language_neutral import LanguageProjection, ParallelText, fit_projection, read_parallel_text
from indexer.shared.encoder.pair_encoder import FIRST, LANGUAGES, SECOND, PairEncoder, learned_part, learned_parts
from indexer.shared.encoder.runtimes import AUTO, check_runtime
from indexer.shared.encoder.sentence_encoder import SentenceEncoder, TextModel, projection_origin
from indexer.shared.errors import EncoderError

__all__ = ["RAW_SUFFIX", "USE_SUFFIX", "learn", "learned_file", "load_encoder", "shipped"]

RAW_SUFFIX = "+raw"
"""At the end of an encoder's name: the model as it is, without language correction (for benchmarks)."""

USE_SUFFIX = "+use"
"""At the end of an encoder's name: the model together with USE, for the languages that USE knows."""

_USE = "bundled:use"
_USE_LANGS = ("ar", "de", "en", "es", "fr", "it", "ja", "ko", "nl", "pl", "pt", "ru", "th", "tr", "zh")

Arrays = Mapping[str, npt.NDArray[Any]]


def load_encoder(
    name: str, *, learned: Learned | None = None, runtime: str = AUTO, threads: int | None = None
) -> Encoder:
    """Load the encoder with this name, on the CPU.

    `name` is `bundled:e5-small`, `bundled:use`, a model of the hub (`owner/name`) or a local folder; with `+use` at its
    end it works together with USE, with `+raw` it has no language correction. `learned` is what an index stored of its
    encoder. Without it, a bundled encoder takes what ships for it; for others it is computed, which takes as long as
    encoding 4,400 short texts.

    `runtime` is one of RUNTIMES for `bundled:e5-small`, or `auto` for the fastest at hand. `threads` is how many cores
    it may take, None for all.

    Limits numpy's BLAS to one thread in this process. Raises EncoderError when a model can't be had, or when `learned`
    is not for it.
    """
    check_runtime(runtime)
    models = _models(name, runtime, threads)
    if name.endswith(RAW_SUFFIX):
        return SentenceEncoder(name, models[0], None)
    return _assembled(name, models, learned or shipped(name, models) or learn(models))


def learn(models: tuple[TextModel, ...]) -> Learned:
    """Compute from the parallel text what an encoder of one model, or of two, has to know."""
    text = read_parallel_text()
    embeddings = [_parallel_embeddings(model, text) for model in models]
    projections = [
        fit_projection(
            np.vstack([role.mean(axis=1) for role in (queries, passages)]), origin=projection_origin(model)
        ).to_arrays()
        for model, (queries, passages) in zip(models, embeddings, strict=True)
    ]
    if len(models) == 1:
        return projections[0]
    classifier = fit_classifier(list(text), embeddings[0][0]).to_arrays()
    return learned_parts(projections[0], projections[1], classifier)


def shipped(name: str, models: tuple[TextModel, ...]) -> Learned | None:
    """Return what ships for an encoder; None if that isn't for just these models and the present parallel text."""
    file = learned_file(name)
    if not file.is_file():
        return None
    with file.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
        found = dict(arrays)
    prefixes = ("",) if len(models) == 1 else (FIRST, SECOND)
    stale = (
        str(found[f"{prefix}origin"]) != projection_origin(model)
        for prefix, model in zip(prefixes, models, strict=True)
    )
    return None if any(stale) else found


def learned_file(name: str) -> Traversable:
    """Return where that ships which an encoder has learned, if it does."""
    folder = resources.files("indexer.shared").joinpath("data", "learned")
    return folder.joinpath(name.replace(":", "-").replace("/", "-") + ".npz")


def _models(name: str, runtime: str, threads: int | None) -> tuple[TextModel, ...]:
    with _without_collections():
        from indexer.shared.encoder.models import load_model  # noqa: PLC0415 (imports torch, which takes seconds)

        first: TextModel = load_model(name.removesuffix(RAW_SUFFIX).removesuffix(USE_SUFFIX), runtime, threads)
        return (first, load_model(_USE, runtime, threads)) if name.endswith(USE_SUFFIX) else (first,)


@contextmanager
def _without_collections() -> Iterator[None]:
    """Have no garbage looked for meanwhile: libraries and vocabularies are a million objects, and all of them stay.

    Walking through them again and again takes a tenth of the time to load them.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


def _assembled(name: str, models: tuple[TextModel, ...], learned: Learned) -> Encoder:
    if len(models) == 1:
        return SentenceEncoder(name, models[0], LanguageProjection.from_arrays(learned))
    first, second = (
        SentenceEncoder(part, model, LanguageProjection.from_arrays(learned_part(learned, part)))
        for part, model in zip((FIRST, SECOND), models, strict=True)
    )
    languages = LanguageClassifier.from_arrays(learned_part(learned, LANGUAGES))
    if len(languages.weights) != first.dim:
        raise EncoderError(
            f"encoder {name!r}: its first model has {first.dim} dimensions, the classifier {len(languages.weights)}"
        )
    return PairEncoder(name, first, second, languages=languages, second_langs=_USE_LANGS)


def _parallel_embeddings(model: TextModel, text: ParallelText) -> tuple[npt.NDArray[np.float32], ...]:
    """Return the raw embeddings of the parallel text as queries and as passages, each `(languages, lines, dim)`."""
    lines = [line for lang in text.values() for line in lang]
    raw = SentenceEncoder("", model, None)
    roles = (raw.encode_queries(lines), raw.encode_passages(lines, progress=True))
    return tuple(role.reshape(len(text), -1, model.dim) for role in roles)
