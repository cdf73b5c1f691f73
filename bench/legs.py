"""The raw encoder and the modes of Concord side by side on one test set."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bench.bars import LEGS, Case, Estimate
from bench.dense import dense_run
from evaluation.cache import CachedEncoder
from evaluation.dataset import Dataset
from evaluation.measures import COLUMNS
from evaluation.report import topic_units
from evaluation.runs import ALL, DOCUMENT_LANG, ModeRun, evaluate
from evaluation.statistics import bootstrap_intervals, randomisation_p_values
from indexer.shared.encoder import Encoder
from searchapp.search.results import Mode

__all__ = ["Legs", "Setup", "Slice", "estimate", "run_legs"]

Values = npt.NDArray[np.float64]

_MODES: tuple[Mode, ...] = ("keyword", "semantic", "hybrid")


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What a benchmark works with: folders of test sets and of the cache, encoders, and queries of each language.

    `encoder` is the one that Concord indexes with, `raw` the plain one to compare with. Without `sample`, each set has
    as many queries as it has by default.
    """

    data: Path
    cache: Path
    encoder: Encoder
    raw: Encoder
    sample: int | None = None

    def cached(self) -> CachedEncoder:
        """Return Concord's encoder, encoding nothing twice."""
        return CachedEncoder(self.encoder, self.cache)

    def cached_raw(self) -> CachedEncoder:
        """Return the raw encoder, encoding nothing twice."""
        return CachedEncoder(self.raw, self.cache)


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """One measure over a pool of candidates (see `evaluation.runs`), for the queries in one language or in all.

    With documents of one language, queries in that language don't count.
    """

    measure: str
    pool: str = ALL
    query_lang: str | None = None


class Legs:
    """What each of LEGS did on a test set."""

    def __init__(self, dataset: Dataset, runs: dict[str, ModeRun]) -> None:
        self.dataset = dataset
        self.runs = runs
        self.units = topic_units(dataset.topics)
        self._langs = np.array([topic.lang for topic in dataset.topics])

    def values(self, leg: str, one: Slice) -> Values:
        """Return the measure of each topic, float64 `(topics,)`, NaN for those that don't count in the slice."""
        values = self.runs[leg].values[one.pool][:, COLUMNS[one.measure]]
        counted = np.ones(len(values), dtype=np.bool_)
        if one.query_lang is not None:
            counted &= self._langs == one.query_lang
        if one.pool.startswith(DOCUMENT_LANG):
            counted &= self._langs != one.pool.removeprefix(DOCUMENT_LANG)
        return np.where(counted, values, np.nan)

    def means(self, one: Slice) -> dict[str, float]:
        """Return the mean of each leg."""
        return {leg: float(np.nanmean(self.values(leg, one))) for leg in self.runs}

    def over(self, one: Slice, leg: str, other: str, *, by: float, name: str = "") -> Case:
        """Return the case "this leg is better than the other by so much" (a negative `by`: at most so much worse)."""
        gain = estimate(self.values(leg, one) - self.values(other, one), self.units, difference=True)
        return Case(name=name, legs=self._shown(one), estimate=gain, margin=gain.mean - by)

    def over_better(self, one: Slice, *, by: float, name: str = "") -> Case:
        """Return the case "hybrid is better by so much than keyword and semantic, whichever is the better of them"."""
        means = self.means(one)
        better = max(("semantic", "keyword"), key=lambda leg: means[leg])
        return self.over(one, "hybrid", better, by=by, name=name)

    def surely_over(self, one: Slice, leg: str, other: str, *, p: float) -> Case:
        """Return the case "this leg is better than the other", by a paired randomisation test that falls below `p`."""
        differences = self.values(leg, one) - self.values(other, one)
        counted = ~np.isnan(differences)
        gain = estimate(differences, self.units, difference=True)
        [found] = randomisation_p_values(differences[counted, None], self.units[counted])
        shown = f"{gain}, p = {found:.4f}"
        return Case(legs=self._shown(one), estimate=shown, margin=p - float(found) if gain.mean > 0 else -1)

    def reaches(self, one: Slice, leg: str, *, least: float, name: str = "") -> Case:
        """Return the case "this leg reaches so much"."""
        level = estimate(self.values(leg, one), self.units)
        return Case(name=name, legs=self._shown(one), estimate=level, margin=level.mean - least)

    def _shown(self, one: Slice) -> dict[str, str]:
        return {leg: f"{mean:.3f}" for leg, mean in self.means(one).items()}


def estimate(values: Values, units: npt.NDArray[np.int64], *, difference: bool = False) -> Estimate:
    """Return the mean of values `(n,)` without the NaN among them; `units` says which belong together."""
    counted = ~np.isnan(values)
    [[low, high]] = bootstrap_intervals(values[counted, None], units[counted])
    return Estimate(mean=float(values[counted].mean()), low=float(low), high=float(high), difference=difference)


def run_legs(dataset: Dataset, setup: Setup) -> Legs:
    """Run everything that is compared, in the order of LEGS."""
    runs = [dense_run(dataset, setup.cached_raw()), *evaluate(dataset, setup.cached(), _MODES)]
    return Legs(dataset, dict(zip(LEGS, runs, strict=True)))
