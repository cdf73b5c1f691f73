"""What is said of an evaluation: means by mode and slice with intervals, comparisons, and parity of languages.

A slice is a pool of candidates (see `evaluation.runs`) with some of the topics:

    query_lang=xx          topics in one language, all documents
    doc_lang=xx            all topics, documents in one language
    cross-lingual          all topics, documents in other languages than the topic's
    same-language          all topics, documents in the topic's language
    lexical_rank != 1      topics whose answer a plain match of letters doesn't put first, all documents

Figures are plain dicts, as they are written as JSON.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from evaluation.baseline import Baseline
from evaluation.dataset import Dataset, Topic
from evaluation.measures import MEASURES
from evaluation.parity import language_parity
from evaluation.runs import ALL, CROSS_LINGUAL, DOCUMENT_LANG, SAME_LANGUAGE, ModeRun, Values
from evaluation.statistics import bootstrap_intervals, randomisation_p_values
from indexer.shared.encoder import Encoder

__all__ = ["Json", "report", "topic_units"]

Json = dict[str, Any]

_DECIMALS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class _Slice:
    """A pool of candidates and the topics, bool `(topics,)`, that are averaged over."""

    name: str
    pool: str
    topics: npt.NDArray[np.bool_]


def report(dataset: Dataset, runs: Sequence[ModeRun], encoder: Encoder, baseline: Baseline | None = None) -> Json:
    """Return the report of a test set: its modes, each with overall figures and `slices`.

    Every set of figures has the means by name, `queries` (how many), `ci` (95% intervals), and, with a baseline that
    ran the mode, `baseline` (difference of means and p-value on the queries that both ran).
    """
    return {
        "dataset": dataset.name,
        "encoder": {"name": encoder.name, "revision": encoder.revision, "runtime": encoder.runtime},
        "documents": len(dataset.documents),
        "queries": len(dataset.topics),
        "modes": [_mode(dataset, run, runs, baseline) for run in runs],
    }


def _mode(dataset: Dataset, run: ModeRun, runs: Sequence[ModeRun], baseline: Baseline | None) -> Json:
    units = topic_units(dataset.topics)
    overall, *others = _slices(dataset)
    result: Json = {"mode": run.mode, **_figures(dataset, run, overall, baseline)}
    result["against"] = {
        other.mode: _compared(run.values[ALL], other.values[ALL], units) for other in runs if other is not run
    }
    parity = language_parity(dataset, run)
    if parity is not None:
        result["parity"] = parity
    slices = ((one.name, _figures(dataset, run, one, baseline)) for one in others)
    result["slices"] = [{"name": name, **figures} for name, figures in slices if figures["queries"]]
    return result


def _slices(dataset: Dataset) -> Iterator[_Slice]:
    everyone = np.ones(len(dataset.topics), dtype=np.bool_)
    yield _Slice(name=ALL, pool=ALL, topics=everyone)
    langs = np.array([topic.lang for topic in dataset.topics])
    for lang in np.unique(langs):
        yield _Slice(name=f"query_lang={lang}", pool=ALL, topics=langs == lang)
    for lang in sorted({document.lang for document in dataset.documents}):
        yield _Slice(name=DOCUMENT_LANG + lang, pool=DOCUMENT_LANG + lang, topics=everyone)
    for pool in (CROSS_LINGUAL, SAME_LANGUAGE):
        yield _Slice(name=pool, pool=pool, topics=everyone)
    hard = np.array([topic.lexical_rank not in {None, 1} for topic in dataset.topics])
    yield _Slice(name="lexical_rank != 1", pool=ALL, topics=hard)


def _figures(dataset: Dataset, run: ModeRun, one: _Slice, baseline: Baseline | None) -> Json:
    values = np.where(one.topics[:, None], run.values[one.pool], np.nan)
    counted = ~np.isnan(values[:, 0])
    figures: Json = {"queries": int(counted.sum())}
    if not counted.any():
        return figures
    units = topic_units(dataset.topics)
    figures |= _named(values[counted].mean(axis=0))
    intervals = bootstrap_intervals(values[counted], units[counted])
    figures["ci"] = {name: _rounded(pair) for name, pair in zip(MEASURES, intervals, strict=True)}
    if baseline is not None:
        before = baseline.values(dataset, run.mode, one.pool)
        figures["baseline"] = None if before is None else _compared(values, before, units)
    return figures


def _compared(values: Values, others: Values, units: npt.NDArray[np.int64]) -> Json | None:
    """Return how values differ from others on the topics that both have; None where there is no such topic."""
    differences = values - others
    both = ~np.isnan(differences[:, 0])
    if not both.any():
        return None
    means = differences[both].mean(axis=0)
    p_values = randomisation_p_values(differences[both], units[both])
    compared: Json = {"queries": int(both.sum())}
    for name, mean, p in zip(MEASURES, means, p_values, strict=True):
        compared[name] = {"difference": round(float(mean), _DECIMALS), "p": round(float(p), _DECIMALS)}
    return compared


def topic_units(topics: Sequence[Topic]) -> npt.NDArray[np.int64]:
    """Return the number of each topic's unit, int64 `(topics,)`: its item, or itself."""
    numbers: dict[tuple[str, str], int] = {}
    keys = [("topic", topic.topic_id) if topic.item is None else ("item", topic.item) for topic in topics]
    return np.array([numbers.setdefault(key, len(numbers)) for key in keys], dtype=np.int64)


def _named(values: npt.NDArray[np.float64]) -> Mapping[str, float]:
    return dict(zip(MEASURES, _rounded(values), strict=True))


def _rounded(values: npt.NDArray[np.float64]) -> list[float]:
    return [round(float(value), _DECIMALS) for value in values]
