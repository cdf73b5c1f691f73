"""Plots of what was measured, as SVG: the same figures give the same files (with the extra `bench`)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from bench.service.engines import READING
from bench.service.latency import OTHER
from bench.service.measured import Column, Measured
from searchapp.search.watch import STAGES

__all__ = ["draw"]

_STYLE: Any = {
    "axes.grid": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "font.family": "sans-serif",
    "grid.alpha": 0.3,
    "legend.fontsize": "small",
    "legend.frameon": False,
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "concord",  # names in the file are random without
}
_STAGES = ("encode", *(stage for stage in STAGES if stage != "encode"), OTHER)  # what no other stage changes is lowest
_COLOURS = ("#bdc9e1", "#fdb462", "#1f78b4", "#b2df8a", "#cab2d6", "#d9d9d9")
_BAR = 8  # milliseconds of a hybrid search beside encoding


def draw(measured: Measured, folder: Path) -> None:
    """Write `latency.svg`, `scans.svg` and `memory.svg` into a folder."""
    import matplotlib as mpl  # noqa: PLC0415 (an extra)

    with mpl.rc_context(_STYLE):
        for name, plot in (("latency", _latency), ("scans", _scans), ("memory", _memory)):
            _save(folder / f"{name}.svg", plot, measured)


def _save(path: Path, plot: Any, measured: Measured) -> None:
    from matplotlib.figure import Figure  # noqa: PLC0415 (an extra)
    from matplotlib.ticker import NullLocator  # noqa: PLC0415 (the same)

    figure = Figure(figsize=(7, 4.5), layout="constrained", facecolor="white")
    axes = figure.add_subplot()
    axes.set_xscale("log")
    axes.set_xlabel("chunks")
    sizes = plot(axes, measured)
    axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
    axes.xaxis.set_minor_locator(NullLocator())
    figure.legend(loc="outside lower center", ncols=2)
    figure.savefig(path, format="svg", metadata={"Creator": None, "Date": None})


def _latency(axes: Any, measured: Measured) -> list[int]:
    """Draw the median time of each stage of a hybrid search on top of each other, and its limits."""
    sizes = [column.chunks for column in measured.columns]
    stages = {stage: np.array([_median(column, stage) for column in measured.columns]) for stage in _STAGES}
    axes.stackplot(sizes, list(stages.values()), labels=list(stages), colors=_COLOURS)
    reading = np.array([1000 * one.seconds[READING] / one.chunks for one in measured.scans]).mean() * np.array(sizes)
    axes.plot(sizes, stages["encode"] + reading, "k--", label="limit: encoding, and reading what is scanned once")
    axes.plot(sizes, stages["encode"] + _BAR, "k:", label=f"bar: encoding + {_BAR} ms")
    axes.set_ylabel("ms, a hybrid search")
    return sizes


def _scans(axes: Any, measured: Measured) -> list[int]:
    """Draw how long each engine takes to scan vectors; reading them once is the limit."""
    sizes = [one.chunks for one in measured.scans]
    for engine in measured.scans[0].seconds:
        limit = engine == READING
        times = [1000 * one.seconds[engine] for one in measured.scans]
        axes.plot(sizes, times, "k--" if limit else "o-", label=f"limit: {engine}" if limit else engine)
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.yaxis.set_minor_formatter("")
    axes.set_ylabel("ms, the first 100 of all vectors")
    return sizes


def _memory(axes: Any, measured: Measured) -> list[int]:
    """Draw the memory of a server beside its index and its encoder."""
    columns = measured.columns
    sizes = [column.chunks for column in columns]
    lines = {
        "a server's process": ("o-", [column.memory.server for column in columns]),
        "the encoder alone": ("o-", [column.memory.encoder for column in columns]),
        "the index on disk": ("o-", [column.memory.disk for column in columns]),
        "bar: encoder + 2 × index": ("k:", [column.memory.encoder + 2 * column.memory.disk for column in columns]),
    }
    for label, (style, values) in lines.items():
        axes.plot(sizes, values, style, label=label)
    axes.set_ylabel("MB")
    axes.set_ylim(bottom=0)
    return sizes


def _median(column: Column, stage: str) -> float:
    return float(np.median(column.latencies["hybrid", stage]))
