"""An encoder by itself, as anyone would use it: whole texts to vectors, ranked by their cosine to the query's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from evaluation.dataset import Dataset, Topic
from evaluation.runs import ModeRun, Rows, measure_rankings
from indexer.shared.encoder import Embeddings, Encoder

__all__ = ["dense_run", "rank_by_cosine"]


def dense_run(dataset: Dataset, encoder: Encoder) -> ModeRun:
    """Encode, rank and measure a test set; no text is divided, one longer than the encoder reads is cut."""
    passages = encoder.encode_passages([document.text for document in dataset.documents], progress=True)
    topics = (*dataset.topics, *dataset.references)
    return rank_by_cosine(dataset, passages, encoder.encode_queries([topic.query.text for topic in topics]))


def rank_by_cosine(dataset: Dataset, passages: Embeddings, queries: Embeddings) -> ModeRun:
    """Measure the rankings that embeddings give.

    `passages` are those of the documents, `queries` those of the topics and then the references, row by row.
    """
    vectors = dict(zip((*dataset.topics, *dataset.references), queries, strict=True))

    def rank(topics: Sequence[Topic]) -> Iterator[tuple[Topic, Rows]]:
        for topic in topics:
            yield topic, np.argsort(-(passages @ vectors[topic]), kind="stable")

    return measure_rankings(dataset, "semantic", rank)
