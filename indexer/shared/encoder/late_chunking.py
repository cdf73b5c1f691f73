"""Embeddings of sentences from the tokens of the passage around them.

A model that averages its tokens, or adds them up, has read the whole passage when it gives each token its vector. What
it makes of the sum over the tokens of one sentence therefore is an embedding of that sentence in its context, at no
cost beyond the passage's own encoding. Günther et al. 2024, "Late Chunking: Contextual Chunk Embeddings Using
Long-Context Embedding Models" (arXiv:2409.04701).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from indexer.shared.text import Span

__all__ = ["sentence_sums"]


def sentence_sums(
    tokens: npt.NDArray[np.float32], places: Sequence[Span], sentences: Sequence[Span], *, marks: bool
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """Return the sums of each sentence's tokens, float32 `(sentences, dim)`, and how many it has, int64 `(sentences,)`.

    `tokens` is `(t, dim)`; `places` are the t tokens' spans and `sentences` the sentences' spans, both in code points
    of the same text. The middle of a token decides whose it is. A token without length (the mark of a text's beginning
    or end) is everyone's if `marks`, else nobody's. A sentence without other tokens, as after the last one that the
    model reads, has none.
    """
    spans = np.array(places, dtype=np.float32).reshape(-1, 2)
    long = spans[:, 1] > spans[:, 0]
    middles = np.where(long, spans.mean(axis=1), -1)
    sums = np.zeros((len(sentences), tokens.shape[1]), dtype=np.float32)
    counts = np.zeros(len(sentences), dtype=np.int64)
    for row, (start, end) in enumerate(sentences):
        inside = (middles >= start) & (middles < end)
        if inside.any():
            counted = inside | ~long if marks else inside
            sums[row], counts[row] = tokens[counted].sum(axis=0), np.count_nonzero(counted)
    return sums, counts
