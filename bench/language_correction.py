"""What taking the language out of embeddings gives: nDCG@10 of the corrected encoder beside the raw one.

Dense vectors alone, every document of every language in one index, documents in the query's own language dropped.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bench.dense import rank_by_cosine
from evaluation.dataset import Dataset, read_dataset, sample_topics
from evaluation.measures import MEASURES
from evaluation.runs import CROSS_LINGUAL
from evaluation.statistics import bootstrap_intervals
from indexer.shared.encoder import Embeddings, load_encoder
from indexer.shared.encoder.language_neutral import LanguageProjection
from indexer.shared.encoder.loading import RAW_SUFFIX

__all__ = ["compare", "ndcg", "table"]

Values = npt.NDArray[np.float64]

ENCODER = "bundled:e5-small"
SETS = {"udhr_en2x": 30, "xquad_para": 25}
"""Test sets, and how many queries of each language are drawn."""

_NDCG = [*MEASURES].index("ndcg@10")


def table(data: Path) -> Iterator[str]:
    """Give the lines of the table; progress bars go to stderr."""
    yield f"nDCG@10, {ENCODER}, same-language documents dropped; [95 % interval of the paired difference]"
    yield f"{'set':<12} {'queries':>7} {'raw':>6} {'corrected':>9} {'gain':>7}"
    for name, sample in SETS.items():
        before, after = compare(sample_topics(read_dataset(data / name), sample))
        gain = after - before
        [[low, high]] = bootstrap_intervals(gain[:, None], np.arange(len(gain)))
        yield (
            f"{name:<12} {len(gain):>7} {before.mean():>6.3f} {after.mean():>9.3f}"
            f" {gain.mean():>+7.3f} [{low:+.3f}, {high:+.3f}]"
        )


def compare(dataset: Dataset) -> tuple[Values, Values]:
    """Return nDCG@10 of each query, float64 `(queries,)`, with the raw encoder and with the corrected one.

    Texts are encoded once, raw, and then corrected, as the corrected encoder does it.
    """
    raw = load_encoder(ENCODER + RAW_SUFFIX)
    projection = LanguageProjection.from_arrays(load_encoder(ENCODER).learned)
    passages = raw.encode_passages([document.text for document in dataset.documents], progress=True)
    queries = raw.encode_queries([topic.query.text for topic in dataset.topics])
    corrected = (projection.apply(passages), projection.apply(queries))
    return ndcg(dataset, passages, queries), ndcg(dataset, *corrected)


def ndcg(dataset: Dataset, passages: Embeddings, queries: Embeddings) -> Values:
    """Return nDCG@10 of each query, float64 `(queries,)`, for embeddings of its documents and queries, row by row."""
    values: Values = rank_by_cosine(dataset, passages, queries).values[CROSS_LINGUAL][:, _NDCG]
    return values
