"""What Concord asks of an encoder, and the identity that an index records of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy.typing as npt

from indexer.shared.encoder.vectors import Embeddings
from indexer.shared.text import Span

__all__ = ["Encoder", "Learned", "Role", "SecondModel"]

Role = Literal["query", "passage"]
"""What a text is to a search; models may read the two differently."""

Learned = Mapping[str, npt.NDArray[Any]]
"""What an encoder has learned from the parallel text, as named arrays that need no pickling."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondModel:
    """A second model of fewer languages, whose vectors stand behind the first's: `embedding[start:]`.

    `langs` are the languages that it knows (BCP-47 primary tags). A passage's second vector means nothing in another
    language. A query's second vector is as long as it is likely that the query is in one of them, from 0 to 1.
    """

    start: int
    langs: tuple[str, ...]


class Encoder(Protocol):
    """Turns texts of any language into vectors whose inner product is their similarity in meaning.

    They have unit length, or the first model's part has and what stands behind it is as `SecondModel` says.
    """

    @property
    def name(self) -> str:
        """The name that selects it: `bundled:e5-small`, `bundled:use`, a hub model or a folder."""

    @property
    def revision(self) -> str:
        """A digest of everything that decides its output (weights, prompts, projection); 16 hex digits."""

    @property
    def runtime(self) -> str:
        """What computes it (see `runtimes`): vectors of one revision can be compared, whichever made them."""

    @property
    def dim(self) -> int:
        """Length of its vectors."""

    @property
    def max_tokens(self) -> int:
        """How many tokens of a passage it reads; what comes after is not seen."""

    @property
    def second(self) -> SecondModel | None:
        """Which part of its vectors is a second model's; None if it is one model."""

    @property
    def learned(self) -> Learned:
        """What it has learned, to store with an index, for `load_encoder`; empty for a model as it is (raw)."""

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
