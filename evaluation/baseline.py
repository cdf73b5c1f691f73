"""Saved runs: the report of an evaluation with its figures query by query, to compare a later one with.

{"format": 1, "runs": [{"dataset": …, "report": {…}, "topics": [ID, …],
                        "values": {mode: {pool: {measure: [figure or null, …]}}}}]}
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from evaluation.dataset import Dataset
from evaluation.measures import MEASURES
from evaluation.runs import ModeRun, Values
from indexer.shared.errors import ConcordError, InputError

__all__ = ["Baseline", "SavedRun", "read_baseline", "save_runs", "saved_run"]

_FORMAT = 1


class SavedRun(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of one test set; those of a topic stand where its ID stands in `topics`."""

    dataset: str
    report: dict[str, Any]
    topics: list[str]
    values: dict[str, dict[str, dict[str, list[float | None]]]]


class _File(msgspec.Struct, frozen=True, kw_only=True):
    format: int
    runs: list[SavedRun]


class Baseline:
    """The runs of a saved file."""

    def __init__(self, runs: Sequence[SavedRun], path: Path) -> None:
        self._runs = {run.dataset: run for run in runs}
        self._path = path

    def require(self, dataset: str) -> None:
        """Raise InputError when there is no run of a test set."""
        if dataset not in self._runs:
            known = ", ".join(sorted(self._runs))
            raise InputError(f"no run of {dataset!r} is saved here (expected one of {known})", path=self._path)

    def values(self, dataset: Dataset, mode: str, pool: str) -> Values | None:
        """Return the saved values in the order of the set's topics, NaN for unknown ones; None for an unknown mode."""
        run = self._runs[dataset.name]
        by_measure = run.values.get(mode, {}).get(pool)
        if by_measure is None:
            return None
        columns = [by_measure.get(name, [None] * len(run.topics)) for name in MEASURES]
        by_topic = dict(zip(run.topics, zip(*columns, strict=True), strict=True))
        nothing = (None,) * len(MEASURES)
        return np.array([by_topic.get(topic.topic_id, nothing) for topic in dataset.topics], dtype=np.float64)


def saved_run(dataset: Dataset, runs: Sequence[ModeRun], report: dict[str, Any]) -> SavedRun:
    """Return what is saved of an evaluation."""
    return SavedRun(
        dataset=dataset.name,
        report=report,
        topics=[topic.topic_id for topic in dataset.topics],
        values={run.mode: {pool: _by_measure(values) for pool, values in run.values.items()} for run in runs},
    )


def save_runs(path: Path, runs: Sequence[SavedRun]) -> None:
    """Write a file for `read_baseline`, whole or not at all."""
    temporary = path.with_name(path.name + ".new")
    try:
        temporary.write_bytes(msgspec.json.encode(_File(format=_FORMAT, runs=list(runs))))
        temporary.replace(path)
    except OSError as error:
        raise ConcordError(f"{path}: can't be written ({error.strerror})") from error


def read_baseline(path: Path) -> Baseline:
    """Read a saved file; InputError when it is none."""
    try:
        file = msgspec.json.decode(path.read_bytes(), type=_File)
    except OSError as error:
        raise InputError(f"can't be read ({error.strerror})", path=path) from error
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise InputError(f"no run that was saved with --save ({error})", path=path) from error
    if file.format != _FORMAT:
        raise InputError(f"format {file.format}; expected {_FORMAT}", path=path, field="format")
    for run in file.runs:
        _check_lengths(run, path)
    return Baseline(file.runs, path)


def _check_lengths(run: SavedRun, path: Path) -> None:
    for pools in run.values.values():
        for by_measure in pools.values():
            for name, figures in by_measure.items():
                if len(figures) != len(run.topics):
                    raise InputError(
                        f"{len(figures)} figures for {len(run.topics)} topics", path=path, field=f"{run.dataset} {name}"
                    )


def _by_measure(values: Values) -> dict[str, list[float | None]]:
    return {
        name: [None if np.isnan(value) else float(value) for value in values[:, column]]
        for column, name in enumerate(MEASURES)
    }
