"""What Concord asks of an encoder, and the identity that an index records of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

from indexer.shared.encoder.language_neutral import LanguageProjection
from indexer.shared.encoder.vectors import Embeddings
from indexer.shared.text import Span

__all__ = ["Encoder", "Role"]

Role = Literal["query", "passage"]
"""What a text is to a search; models may read the two differently."""


class Encoder(Protocol):
    """Turns texts of any language into unit vectors whose inner product is their similarity in meaning."""

    @property
    def name(self) -> str:
        """The name that selects it: `bundled:e5-small`, `bundled:use`, a hub model or a folder."""

    @property
    def revision(self) -> str:
        """A digest of everything that decides its output (weights, prompts, projection); 16 hex digits."""

    @property
    def dim(self) -> int:
        """Length of its vectors."""

    @property
    def max_tokens(self) -> int:
        """How many tokens of a passage it reads; what comes after is not seen."""

    @property
    def projection(self) -> LanguageProjection | None:
        """The language correction to store with an index, for `load_encoder`; None if it has none."""

    def count_tokens(self, passages: Sequence[str]) -> list[int]:
        """Return how many tokens each passage takes, prompt and special tokens included."""

    def encode_queries(self, queries: Sequence[str]) -> Embeddings:
        """Return the `(n, dim)` embeddings of queries."""

    def encode_passages(self, passages: Sequence[str], *, progress: bool = False) -> Embeddings:
        """Return the `(n, dim)` embeddings of passages; `progress` shows a bar on stderr if that is a terminal."""

    def encode_passages_with_sentences(
        self, passages: Sequence[str], sentences: Sequence[Sequence[Span]], *, progress: bool = False
    ) -> tuple[Embeddings, Embeddings]:
        """Return the `(n, dim)` embeddings of passages, and the `(s, dim)` embeddings of all their sentences in order.

        `sentences` gives the spans of each passage's sentences, in code points of the passage.
        """
