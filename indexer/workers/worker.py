"""What a worker does: it loads the encoder that it was told of, once, and embeds batches with it.

A worker has what this module holds for itself; the process that indexes has none of it.
"""

from __future__ import annotations

import hashlib
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from indexer.shared.encoder import AUTO, RUNTIMES, Encoder, Learned
from indexer.shared.errors import EncoderError
from indexer.workers.batches import Batch, Vectors, embed_batch

__all__ = ["EncoderSource", "LoadEncoder", "embed", "provide"]

LoadEncoder = Callable[..., Encoder]
"""A function of a module, called as `load_encoder` is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderSource:
    """What another process needs to have the encoder that an index is made with, to the last bit."""

    name: str
    revision: str
    runtime: str
    learned: Learned
    load: LoadEncoder

    @classmethod
    def of(cls, encoder: Encoder, load: LoadEncoder) -> EncoderSource:
        """Return the source of an encoder that `load` has loaded."""
        learned = dict(encoder.learned)
        return cls(name=encoder.name, revision=encoder.revision, runtime=encoder.runtime, learned=learned, load=load)

    @property
    def key(self) -> str:
        """A digest of all this, 64 hex digits."""
        function = f"{self.load.__module__}.{self.load.__qualname__}"
        digest = hashlib.sha256(repr((self.name, self.revision, self.runtime, function)).encode())
        for name in sorted(self.learned):
            array = self.learned[name]
            digest.update(f"\0{name}\0{array.dtype}{array.shape}\0".encode() + array.tobytes())
        return digest.hexdigest()

    def loaded(self, threads: int) -> Encoder:
        """Load the encoder, for so many cores; EncoderError if this machine's is another one."""
        runtime = self.runtime if self.runtime in RUNTIMES else AUTO
        try:
            encoder = self.load(self.name, learned=self.learned or None, runtime=runtime, threads=threads)
        except EncoderError as error:
            raise EncoderError(f"worker on {socket.gethostname()}: {error}") from error
        own, wanted = (f"{one.revision} by {one.runtime}" for one in (encoder, self))
        if own != wanted:
            raise EncoderError(
                f"worker on {socket.gethostname()}: its encoder {self.name!r} is {own}, this process has {wanted};"
                " install the same versions of Concord and its dependencies on all machines"
            )
        return encoder


_told: dict[str, tuple[EncoderSource, int]] = {}
_loading = threading.Lock()


def provide(source: EncoderSource, threads: int) -> None:
    """Tell this worker of an encoder, to be loaded when it is first needed, and of the cores to use."""
    _told[source.key] = (source, threads)


def embed(key: str, batch: Batch) -> Vectors:
    """Return the vectors of a batch by the encoder with this key; EncoderError if it isn't what it should be."""
    with _loading:
        encoder = _loaded(key)
    return embed_batch(batch, encoder)


@lru_cache(maxsize=1)
def _loaded(key: str) -> Encoder:
    source, threads = _told[key]
    return source.loaded(threads)
