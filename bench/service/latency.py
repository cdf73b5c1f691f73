"""How long the stages of searches take."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bench.service.made_up import Load, MadeUpEncoder
from bench.service.processes import in_new_process
from searchapp.search.results import Mode, SearchRequest
from searchapp.search.searcher import Searcher
from searchapp.search.watch import STAGES, Watch

__all__ = ["MODES", "OTHER", "TOTAL", "Latencies", "latencies"]

MODES: tuple[Mode, ...] = ("keyword", "semantic", "hybrid")
OTHER, TOTAL = "other", "total"
"""What no stage counts, such as reading the query and looking for misspelt words; and the whole search."""

Latencies = dict[tuple[Mode, str], npt.NDArray[np.float64]]
"""Milliseconds of each search, float64 `(queries,)`, by mode and stage (one of STAGES, OTHER or TOTAL)."""


def latencies(index: Path, load: Load, queries: Sequence[str]) -> Latencies:
    """Search an index that the made-up encoder made for each query in all modes in turn, in a new process."""
    return in_new_process(_latencies, index, load, queries)


def _latencies(index: Path, load: Load, queries: Sequence[str]) -> Latencies:
    searcher = Searcher.open(index, encoder=MadeUpEncoder(load()))
    taken: dict[Mode, list[dict[str, float]]] = {mode: [] for mode in MODES}
    for query in (queries[0], *queries):  # the first isn't counted
        for mode, searches in taken.items():
            searches.append(_search(searcher, query, mode))
    return {
        (mode, stage): np.array([1000 * one[stage] for one in searches[1:]])
        for mode, searches in taken.items()
        for stage in _stages(mode)
    }


def _stages(mode: Mode) -> tuple[str, ...]:
    """Return the stages that a mode has."""
    without = {"keyword": {"encode", "semantic"}, "semantic": {"keyword"}, "hybrid": set()}[mode]
    return (*(stage for stage in STAGES if stage not in without), OTHER, TOTAL)


def _search(searcher: Searcher, query: str, mode: Mode) -> dict[str, float]:
    """Return the seconds of each stage of one search."""
    watch = Watch()
    start = time.perf_counter()
    searcher.search(SearchRequest(query=query, mode=mode), watch=watch)
    total = time.perf_counter() - start
    return {**watch.seconds, OTHER: total - sum(watch.seconds.values()), TOTAL: total}
