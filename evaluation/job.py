"""The order of an evaluation: read everything, then index, rank, measure, compare and write set by set."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from evaluation.baseline import Baseline, read_baseline, save_runs, saved_run
from evaluation.cache import CachedEncoder
from evaluation.dataset import Dataset, read_dataset, read_topics, sample_topics, with_references
from evaluation.report import Json, report
from evaluation.runs import evaluate
from evaluation.trec import write_trec
from indexer.shared.encoder import Encoder
from indexer.shared.errors import ConcordError, InputError
from searchapp.search.results import Mode

__all__ = ["Job", "run_job"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What to evaluate, and what to make of it; `sample` is a number of queries by language, None for all.

    `engine` is the address of a database to search in.
    """

    folders: tuple[Path, ...]
    modes: tuple[Mode, ...]
    cache: Path
    baseline: Path | None = None
    save: Path | None = None
    trec: Path | None = None
    references: Path | None = None
    sample: int | None = None
    seed: int = 0
    engine: str = ""


def run_job(job: Job, load: Callable[[], Encoder]) -> Iterator[Json]:
    """Give the report of each test set as soon as it is done; what can be wrong with the inputs is found before."""
    datasets = _read(job)
    baseline = None if job.baseline is None else _baseline(job.baseline, datasets)
    if job.save is not None and not job.save.parent.is_dir():
        raise ConcordError(f"{job.save}: can't be written (no such folder)")
    encoder = CachedEncoder(load(), job.cache)
    saved = []
    for dataset in datasets:
        before = encoder.computed
        runs = evaluate(dataset, encoder, job.modes, engine=job.engine)
        click.echo(f"{dataset.name}: {encoder.computed - before} texts encoded anew", err=True)
        result = report(dataset, runs, encoder, baseline)
        if job.trec is not None:
            write_trec(job.trec, dataset, runs)
        if job.save is not None:
            saved.append(saved_run(dataset, runs, result))
            save_runs(job.save, saved)
        yield result


def _read(job: Job) -> list[Dataset]:
    datasets: dict[str, Dataset] = {}
    for folder in job.folders:
        dataset = read_dataset(folder)
        if dataset.name in datasets:
            raise InputError(f"another test set is called {dataset.name!r}, too", path=folder)
        if job.sample is not None:
            dataset = sample_topics(dataset, job.sample, seed=job.seed)
        if job.references is not None:
            dataset = with_references(dataset, read_topics(job.references))
        datasets[dataset.name] = dataset
    return list(datasets.values())


def _baseline(path: Path, datasets: list[Dataset]) -> Baseline:
    baseline = read_baseline(path)
    for dataset in datasets:
        baseline.require(dataset.name)
    return baseline
