"""Embeddings of sentences from the tokens of the passage around them.

A model that averages its tokens has read the whole passage when it gives each token its vector. The mean over the
tokens of one sentence therefore is an embedding of that sentence in its context, at no cost beyond the passage's own
encoding. Günther et al. 2024, "Late Chunking: Contextual Chunk Embeddings Using Long-Context Embedding Models"
(arXiv:2409.04701).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from indexer.shared.text import Span

__all__ = ["sentence_means"]


def sentence_means(
    tokens: npt.NDArray[np.float32],
    places: Sequence[Span],
    sentences: Sequence[Span],
    *,
    otherwise: npt.NDArray[np.float32],
) -> npt.NDArray[np.float32]:
    """Return the mean of each sentence's tokens, float32 `(sentences, dim)`.

    `tokens` is `(t, dim)`; `places` are the t tokens' spans and `sentences` the sentences' spans, both in code points
    of the same text. The middle of a token decides whose it is; a token without length (a special one) is nobody's. A
    sentence without tokens, as after the last one that the model reads, gets `otherwise`, the passage's vector.
    """
    spans = np.array(places, dtype=np.float32).reshape(-1, 2)
    middles = np.where(spans[:, 1] > spans[:, 0], spans.mean(axis=1), -1)
    means = np.empty((len(sentences), len(otherwise)), dtype=np.float32)
    for row, (start, end) in enumerate(sentences):
        inside = (middles >= start) & (middles < end)
        means[row] = tokens[inside].mean(axis=0) if inside.any() else otherwise
    return means
