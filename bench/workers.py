"""How many passages a second workers embed beside one process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from bench.sets import ogp_knownitem
from bench.speed import medians
from indexer.shared.encoder import Encoder
from indexer.workers import Batch, Crew, in_parallel, thread_crew

__all__ = ["worker_table"]

_BATCH, _PASSAGES, _ROUNDS = 64, 256, 3


def worker_table(data: Path, encoder: Encoder, crew: Crew) -> Iterator[str]:
    """Give the lines of a Markdown table; the workers have loaded the encoder before anything is timed."""
    texts = sorted((one.text for one in ogp_knownitem(data).documents[:_PASSAGES]), key=len, reverse=True)
    batches = [
        Batch(number=start, texts=tuple(part), sentences=((),) * len(part))
        for start in range(0, len(texts), _BATCH)
        for part in [texts[start : start + _BATCH]]
    ]
    with thread_crew(encoder) as threads:
        alone, shared = medians([partial(_embed, batches, one) for one in (threads, crew)], _ROUNDS)
    yield "| runtime | passages a second, one process | workers | ratio |"
    yield "|---|---:|---:|---:|"
    rates = [len(texts) / seconds for seconds in (alone, shared)]
    yield f"| {encoder.runtime} | {rates[0]:.1f} | {rates[1]:.1f} | {alone / shared:.2f} |"


def _embed(batches: Sequence[Batch], crew: Crew, _: int) -> None:
    for _done in in_parallel(batches, crew):
        pass
