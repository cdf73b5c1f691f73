"""What embeddings of one language have in common in a corpus, for the search to take out.

The language correction was learnt from a parallel text. What texts of one language still share after it is partly the
language in this kind of text, partly what the documents of this language are about. The centre of a language is the
mean of its embeddings, shrunk towards the mean of all, so that a language with one document keeps its topic. Centres
belong to a generation; embeddings are stored without them, so that they can be reused.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from indexer.shared.quantised import QuantisedVectors
from indexer.shared.storage import Centres

__all__ = ["language_centres"]

_PASSAGES = 10
"""How many passages the mean of all languages counts for in each centre; 5 to 20 are level, 50 is worse."""

_SENTENCES = 50
"""The same for sentences, of which a passage has about five."""

_BLOCK = 4096  # sentences that are unpacked at a time

Floats = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.int64]


def language_centres(
    embeddings: Floats, sentences: QuantisedVectors, *, langs: Numbers, langs_of_sentences: Numbers
) -> Centres:
    """Return the centres of all languages: what to subtract from their passages and sentences.

    `langs` and `langs_of_sentences` hold the number of each row's language; every language has a passage.
    """
    languages, dim = int(langs.max()) + 1, embeddings.shape[1]
    of_passages = np.zeros((languages, dim))
    for number in range(languages):
        of_passages[number] = embeddings[langs == number].sum(axis=0, dtype=np.float64)
    of_sentences = np.zeros((languages, dim))
    for start in range(0, len(sentences), _BLOCK):
        block = slice(start, start + _BLOCK)
        np.add.at(of_sentences, langs_of_sentences[block], sentences[block].floats())
    return Centres(
        passages=_centres(of_passages, np.bincount(langs, minlength=languages), _PASSAGES),
        sentences=_centres(of_sentences, np.bincount(langs_of_sentences, minlength=languages), _SENTENCES),
    )


def _centres(sums: npt.NDArray[np.float64], counts: Numbers, weight: int) -> Floats:
    """Return each language's shrunk mean less the mean of all, float32 `(languages, dim)`, from sums and counts."""
    mean = sums.sum(axis=0) / max(int(counts.sum()), 1)
    centres: Floats = ((sums + weight * mean) / (counts[:, None] + weight) - mean).astype(np.float32)
    return centres
