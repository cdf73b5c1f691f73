"""What embeddings of one language have in common in a corpus, for the search to take out.

The language correction was learnt from a parallel text. What texts of one language still share after it is partly the
language in this kind of text, partly what the documents of this language are about. The centre of a language is the
mean of its documents, shrunk towards the mean of all, so that a language with one document keeps its topic. Each
document counts once, however long it is. Centres belong to a generation; embeddings are stored without them, so that
they can be reused.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from indexer.shared.quantised import QuantisedVectors
from indexer.shared.storage import Centres

__all__ = ["language_centres"]

_SHRINKAGE = 10
"""How many documents the mean of all counts for in the centre of each language; 5 to 20 are level, 50 is worse."""

_BLOCK = 4096  # vectors that are unpacked at a time

Floats = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.int64]


def language_centres(
    passages: Floats, sentences: QuantisedVectors, *, counts: Numbers, documents: Numbers, langs: Numbers
) -> Centres:
    """Return the centres of all languages: what to subtract from their passages and sentences.

    By passage, `counts` tells how many sentences it has, `documents` and `langs` the numbers of its document and of its
    language, each int64 `(passages,)`. Every language has a passage.
    """
    languages = int(langs.max()) + 1
    of_passages, of_sentences = np.zeros((languages, passages.shape[1])), np.zeros((languages, passages.shape[1]))
    weights = _weights(documents, langs, np.ones_like(counts))
    _add(of_passages, passages, langs, weights)
    langs_of_sentences = np.repeat(langs, counts)
    weights_of_sentences = np.repeat(_weights(documents, langs, counts), counts)
    for start in range(0, len(sentences), _BLOCK):
        block = slice(start, start + _BLOCK)
        _add(of_sentences, sentences[block].floats(), langs_of_sentences[block], weights_of_sentences[block])
    number = np.bincount(langs, weights, languages).astype(np.float64)
    return Centres(passages=_centres(of_passages, number), sentences=_centres(of_sentences, number))


def _weights(documents: Numbers, langs: Numbers, counts: Numbers) -> Floats:
    """Return what each of a passage's vectors counts, so that those of a document in one language add up to 1."""
    _, group = np.unique(np.stack([documents, langs]), axis=1, return_inverse=True)
    sizes = np.maximum(np.bincount(group.ravel(), counts), 1)
    weights: Floats = (1 / sizes)[group.ravel()].astype(np.float32)
    return weights


def _add(sums: npt.NDArray[np.float64], vectors: Floats, langs: Numbers, weights: Floats) -> None:
    for number in np.unique(langs):
        rows = np.flatnonzero(langs == number)
        sums[number] += weights[rows] @ vectors[rows]


def _centres(sums: npt.NDArray[np.float64], documents: npt.NDArray[np.float64]) -> Floats:
    """Return the shrunk mean of each language less the mean of all, float32 `(languages, dim)`."""
    mean = sums.sum(axis=0) / documents.sum()
    centres: Floats = ((sums + _SHRINKAGE * mean) / (documents[:, None] + _SHRINKAGE) - mean).astype(np.float32)
    return centres
