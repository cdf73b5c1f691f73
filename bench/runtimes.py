"""The runtimes of `bundled:e5-small` beside each other: how fast they encode, and how near they come to float32."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from bench.sets import ogp_knownitem
from bench.speed import Action, medians
from indexer.shared.encoder import RUNTIMES, TORCH, Encoder, load_encoder
from indexer.shared.encoder.loading import RAW_SUFFIX
from indexer.shared.encoder.runtimes import missing_packages
from indexer.shared.words import count_words

__all__ = ["MODEL", "runtime_table"]

MODEL = "bundled:e5-small"

_WORDS = range(120, 181)  # about 150
_PASSAGES, _ROUNDS, _QUERIES = 64, 5, 50


def runtime_table(data: Path) -> Iterator[str]:
    """Give the lines of a Markdown table with a row for each runtime installed, the slowest and most exact first."""
    dataset = ogp_knownitem(data)
    passages = [one.text for one in dataset.documents if count_words(one.text) in _WORDS][:_PASSAGES]
    queries = [topic.query.text for topic in dataset.topics][:_QUERIES]
    names = [name for name in reversed(RUNTIMES) if not missing_packages(name)]
    encoders = [load_encoder(MODEL + RAW_SUFFIX, runtime=name) for name in names]
    of_passages = medians([partial(_passages, encoder, passages) for encoder in encoders], _ROUNDS)
    of_queries = medians([_asking(encoder, queries) for encoder in encoders], len(queries))
    exact = encoders[names.index(TORCH)].encode_passages(passages)
    yield "| runtime | passages a second | times torch | a query, ms | times torch | lowest cosine to torch |"
    yield "|---|---:|---:|---:|---:|---:|"
    for name, encoder, passage, query in zip(names, encoders, of_passages, of_queries, strict=True):
        cosine = (encoder.encode_passages(passages) * exact).sum(axis=1).min()
        cells = [
            name,
            f"{len(passages) / passage:.1f}",
            f"{of_passages[0] / passage:.2f}",
            f"{1000 * query:.1f}",
            f"{of_queries[0] / query:.2f}",
            f"{cosine:.4f}",
        ]
        yield f"| {' | '.join(cells)} |"


def _passages(encoder: Encoder, passages: Sequence[str], _round: int) -> object:
    return encoder.encode_passages(passages)


def _asking(encoder: Encoder, queries: Sequence[str]) -> Action:
    return lambda number: encoder.encode_queries([queries[number]])
