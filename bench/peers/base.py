"""What is asked of a peer, and which there are."""

from __future__ import annotations

import importlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata, util
from typing import Protocol

from evaluation.cache import CachedEncoder
from indexer.shared.encoder import Embeddings, Encoder
from indexer.shared.errors import ConcordError

__all__ = ["CUT", "PEERS", "Embedder", "Peer", "PeerPackage", "Text", "check_peers", "load_peer"]

CUT = 10
"""How many texts a search gives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """One text to be found: the row of its document, its language, and itself."""

    row: int
    lang: str
    text: str


class Embedder:
    """The raw encoder as a peer gets it: passages from the cache, queries encoded when they are asked."""

    def __init__(self, encoder: Encoder, cached: CachedEncoder) -> None:
        self._encoder = encoder
        self._cached = cached

    def passages(self, texts: Sequence[str]) -> Embeddings:
        """Return the embeddings of passages, `(n, dim)`."""
        return self._cached.encode_passages(texts)

    def queries(self, texts: Sequence[str]) -> Embeddings:
        """Return the embeddings of queries, `(n, dim)`."""
        return self._encoder.encode_queries(texts)


class Peer(Protocol):
    """An engine that holds some texts. Made by `open_peer(texts, embedder)` of its module."""

    def search(self, query: str, *, without: str | None) -> list[int]:
        """Return the rows of the first CUT texts; `without` leaves out a language, by a filter of the engine's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerPackage:
    """A package: its name in the registry and when imported, our module for it, and what to set before it is imported.

    None may call home: measuring needs no network.
    """

    name: str
    imported: str
    module: str
    variables: dict[str, str]


PEERS = (
    PeerPackage(
        name="txtai",
        imported="txtai",
        module="bench.peers.txtai_peer",
        variables={"HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1"},
    ),
    PeerPackage(
        name="haystack-ai",
        imported="haystack",
        module="bench.peers.haystack_peer",
        variables={"HAYSTACK_TELEMETRY_ENABLED": "False"},
    ),
    PeerPackage(name="lancedb", imported="lancedb", module="bench.peers.lancedb_peer", variables={}),
)


def check_peers() -> None:
    """Raise ConcordError when a peer isn't installed."""
    missing = [peer.name for peer in PEERS if util.find_spec(peer.imported) is None]
    if missing:
        raise ConcordError(
            f"{', '.join(missing)}: not installed; to compare with peers, pip install -c constraints.txt '.[peers]'"
        )


def load_peer(package: PeerPackage, texts: Sequence[Text], embedder: Embedder) -> Peer:
    """Import a peer's library and give it texts."""
    os.environ.update(package.variables)
    peer: Peer = importlib.import_module(package.module).open_peer(texts, embedder)
    return peer


def version(package: PeerPackage) -> str:
    """Return the version installed."""
    return metadata.version(package.name)
