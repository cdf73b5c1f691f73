"""The networks that runtimes compute: what they are made of, and what goes in and comes out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from indexer.shared.encoder.e5_model import e5_network
from indexer.shared.encoder.e5_weights import E5_SHA256, E5Weights, find_e5_weights, read_e5_weights
from indexer.shared.encoder.use_model import FEATURES, USE_DIM, UseNetwork, UseWeights, read_use_weights

__all__ = ["E5", "USE", "Source", "e5_source", "source_named", "use_source"]

E5, USE = "e5-small", "use"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A network in torch, as `make` gives it: words and mask in, features of each token out.

    `words` is the length of a word embedding, `features` that of what it gives for a token; `digest` is that of its
    weights.
    """

    name: str
    digest: str
    words: int
    features: int
    make: Callable[[], torch.nn.Module]


def e5_source(weights: E5Weights) -> Source:
    """Return the network of multilingual-e5-small."""
    size = weights.config.hidden_size
    return Source(name=E5, digest=E5_SHA256, words=size, features=size, make=lambda: e5_network(weights))


def use_source(weights: UseWeights) -> Source:
    """Return the network of Universal Sentence Encoder multilingual v3."""
    return Source(
        name=USE, digest=weights.digest, words=USE_DIM, features=FEATURES, make=lambda: UseNetwork(weights).eval()
    )


def source_named(name: str) -> Source:
    """Return the network of the bundled model with this name."""
    if name == E5:
        return e5_source(read_e5_weights(find_e5_weights(), sha256=E5_SHA256))
    return use_source(read_use_weights())
