"""Taking the language out of embeddings: what is left is what a text says, not in which language it says it.

A multilingual encoder places texts of one language close together, whatever they say. Given the same sentences in
many languages, the mean embedding of one language differs from that of another by language alone. With m the mean of
these means, and V the first k right singular vectors of their differences from m, an embedding v becomes

    normalise((I - VᵀV)(v - m))

Nothing has to know the language of a text. Cf. Yang et al. 2021, "A Simple and Effective Method To Eliminate the
Self Language Bias in Multilingual Representations" (arXiv:2109.04727), and Xie et al. 2022, "Discovering Low-rank
Subspaces for Language-agnostic Multilingual Representations" (arXiv:2401.05792).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

import numpy as np
import numpy.typing as npt

from indexer.shared.encoder.vectors import Embeddings, unit_length
from indexer.shared.errors import EncoderError
from indexer.shared.tables import text_lines

__all__ = ["SHARE", "LanguageProjection", "ParallelText", "fit_projection", "read_parallel_text", "unit_length"]

SHARE = 0.97
"""Share of the differences between languages that is taken out by default.

Measured on retrieval between languages with 55 languages: for e5-small, .95 to .99 (24 to 50 directions) are level and
less or more is worse; USE is best at .95 (22) and loses little up to .99 (36). A share adapts to the number of
languages: with 16 of them, .97 means 16 and 7 directions.
"""

ParallelText = dict[str, tuple[str, ...]]
"""Lines by language, in the order of their codes; line n says the same in all of them."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LanguageProjection:
    """The correction of one encoder's embeddings.

    `mean` is float32 of shape `(dim,)`; `directions` is float32 of shape `(k, dim)`, its rows orthonormal. `origin` is
    a hex digest of what they were computed from: on another machine, the same computation differs in the last bits.
    """

    mean: npt.NDArray[np.float32]
    directions: npt.NDArray[np.float32]
    origin: str

    def __post_init__(self) -> None:
        if self.mean.ndim != 1 or self.directions.shape != (len(self.directions), *self.mean.shape):
            raise EncoderError(
                f"language projection: mean {self.mean.shape} and directions {self.directions.shape} don't fit, "
                "expected (dim,) and (k, dim)"
            )

    @property
    def dim(self) -> int:
        """Length of the embeddings that it corrects."""
        return len(self.mean)

    def apply(self, embeddings: Embeddings) -> Embeddings:
        """Return embeddings of shape `(n, dim)` without their language, of unit length again."""
        centred = embeddings - self.mean
        return unit_length(centred - (centred @ self.directions.T) @ self.directions)

    def to_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Return its parts as arrays for `numpy.savez`; none needs pickling."""
        return {"mean": self.mean, "directions": self.directions, "origin": np.array(self.origin)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> LanguageProjection:
        """Return the projection whose parts `to_arrays` gave (EncoderError where one is missing or doesn't fit)."""
        try:
            mean, directions = (np.asarray(arrays[key], dtype=np.float32) for key in ("mean", "directions"))
            return cls(mean=mean, directions=directions, origin=str(arrays["origin"]))
        except (KeyError, ValueError) as error:
            raise EncoderError(f"language projection: can't be read: {error}") from error


def fit_projection(means: npt.NDArray[np.float32], *, origin: str, directions: int | None = None) -> LanguageProjection:
    """Return the projection for the mean embeddings of languages, shape `(rows, dim)`, as queries and as passages.

    It has `directions` directions (fewer where the means span fewer), by default as many as hold `SHARE` of the squared
    distances between the means and their mean.
    """
    rows = means.astype(np.float64)
    mean = rows.mean(axis=0)
    _, strengths, axes = np.linalg.svd(rows - mean, full_matrices=False)
    shares = np.cumsum(strengths**2) / (strengths**2).sum()
    wanted = int(np.searchsorted(shares, SHARE)) + 1 if directions is None else directions
    kept = min(wanted, int((strengths > strengths[0] * 1e-6).sum()))
    return LanguageProjection(mean=mean.astype(np.float32), directions=axes[:kept].astype(np.float32), origin=origin)


def read_parallel_text(folder: Traversable | None = None) -> ParallelText:
    """Return the parallel text of all languages in a folder of `<lang>.txt` files, by default the one that ships.

    Lines that start with # are comments. Raises EncoderError if a file has other than the number of lines of the first.
    """
    source = folder or resources.files("indexer.shared").joinpath("data", "parallel_text")
    files = sorted((file for file in source.iterdir() if file.name.endswith(".txt")), key=lambda file: file.name)
    text = {file.name.removesuffix(".txt"): text_lines(file) for file in files}
    counts = {lang: len(lines) for lang, lines in text.items()}
    if len(text) < 2 or len(set(counts.values())) > 1:  # noqa: PLR2004 (one language has nothing to differ from)
        raise EncoderError(
            f"parallel text in {source}: lines by language are {counts}, expected equal ones of two or more"
        )
    return text
