"""Telling the language of a text from a model's raw embedding of it: what the language correction takes out.

Linear discriminant analysis (Fisher 1936) with one class a language, fitted on the parallel text. The covariance within
languages is shrunk towards a multiple of the identity, since the parallel text has few lines for its dimensions.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from indexer.shared.encoder.vectors import Embeddings
from indexer.shared.errors import EncoderError

__all__ = ["LanguageClassifier", "fit_classifier"]

Floats = npt.NDArray[np.float32]

_SHRINKAGE = 0.1  # of the mean variance, added to each direction's; .01 to 1 name the same languages


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LanguageClassifier:
    """A linear classifier of embeddings: `weights` float32 `(dim, languages)`, `bias` float32 `(languages,)`."""

    langs: tuple[str, ...]
    weights: Floats
    bias: Floats

    def __post_init__(self) -> None:
        if self.weights.shape[1:] != (len(self.langs),) or self.bias.shape != (len(self.langs),):
            raise EncoderError(
                f"language classifier: {len(self.langs)} languages don't fit weights {self.weights.shape}"
                f" and bias {self.bias.shape}"
            )

    def probability(self, embeddings: Embeddings, langs: Collection[str]) -> Floats:
        """Return how likely each of n texts is in one of these languages, float32 `(n,)`, from raw unit embeddings."""
        logits = embeddings @ self.weights + self.bias
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        asked = np.array([lang in langs for lang in self.langs])
        probability: Floats = odds[:, asked].sum(axis=1) / odds.sum(axis=1)
        return probability

    def to_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Return its parts as arrays for `numpy.savez`; none needs pickling."""
        return {"langs": np.array(self.langs), "weights": self.weights, "bias": self.bias}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> LanguageClassifier:
        """Return the classifier whose parts `to_arrays` gave (EncoderError where one is missing or doesn't fit)."""
        try:
            langs = tuple(str(lang) for lang in arrays["langs"])
            weights, bias = (np.asarray(arrays[key], dtype=np.float32) for key in ("weights", "bias"))
        except (KeyError, ValueError) as error:
            raise EncoderError(f"language classifier: can't be read: {error}") from error
        return cls(langs=langs, weights=weights, bias=bias)


def fit_classifier(langs: Sequence[str], embeddings: Floats) -> LanguageClassifier:
    """Return the classifier for raw unit embeddings of the same lines in each language, `(languages, lines, dim)`."""
    rows = embeddings.astype(np.float64)
    means = rows.mean(axis=1)
    centre = means.mean(axis=0)
    axes = np.linalg.svd(means - centre, full_matrices=False)[2]
    within = (rows - means[:, None]).reshape(-1, rows.shape[2]) @ axes.T
    covariance = within.T @ within / len(within)
    covariance += np.eye(len(axes)) * _SHRINKAGE * np.trace(covariance) / len(axes)
    projected = (means - centre) @ axes.T
    directions = np.linalg.solve(covariance, projected.T)
    weights = axes.T @ directions
    bias = -0.5 * (projected * directions.T).sum(axis=1) - centre @ weights
    return LanguageClassifier(langs=tuple(langs), weights=weights.astype(np.float32), bias=bias.astype(np.float32))
