"""Runs and judgements as TREC files, for any other evaluation tool."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from evaluation.dataset import Dataset
from evaluation.measures import DEPTH
from evaluation.runs import ModeRun
from indexer.shared.errors import ConcordError

__all__ = ["write_trec"]


def write_trec(folder: Path, dataset: Dataset, runs: Sequence[ModeRun]) -> None:
    """Write `<dataset>.<mode>.run` for each mode, and `<dataset>.qrels`.

    The score of a run's line counts down from DEPTH: tools sort by score, and ties would shuffle the order.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for run in runs:
            path = folder / f"{dataset.name}.{run.mode}.run"
            path.write_text("".join(_run_lines(dataset, run)), encoding="utf-8")
        (folder / f"{dataset.name}.qrels").write_text("".join(_qrels_lines(dataset)), encoding="utf-8")
    except OSError as error:
        raise ConcordError(f"{folder}: can't be written ({error.strerror})") from error


def _run_lines(dataset: Dataset, run: ModeRun) -> Iterator[str]:
    for topic in dataset.topics:
        for rank, document in enumerate(run.ranked[topic.topic_id], start=1):
            yield f"{topic.topic_id} Q0 {document} {rank} {DEPTH + 1 - rank} concord-{run.mode}\n"


def _qrels_lines(dataset: Dataset) -> Iterator[str]:
    for topic in dataset.topics:
        for document, grade in dataset.qrels.get(topic.topic_id, {}).items():
            yield f"{topic.topic_id} 0 {document} {grade}\n"
