"""What the weights of fusion give: nDCG@10 of hybrid search on every set for a grid of weights.

The choice is cross-validated over the sets. For each, the weights are chosen that are best on the mean of all others;
what they give on the set itself, and what the default ones give, stands in the last lines.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt

from bench.legs import Setup
from bench.sets import ogp_knownitem, sdg_en2x, sdg_x2en, xquad, xquad_one_language
from evaluation.dataset import Dataset
from evaluation.measures import COLUMNS
from evaluation.runs import ALL, CROSS_LINGUAL, SAME_LANGUAGE, evaluate
from searchapp.search.fusion import FusionWeights

__all__ = ["GRID", "weights_table"]

GRID = tuple(
    FusionWeights(keyword=keyword, lift=lift) for keyword, lift in product((0.25, 0.5, 0.75, 1), (0, 0.75, 1.5, 3))
)

Figures = npt.NDArray[np.float64]

_NDCG = COLUMNS["ndcg@10"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """A column of the table: a test set, and the pool of its candidates that is measured."""

    name: str
    dataset: Dataset
    pool: str


def weights_table(setup: Setup, grid: Sequence[FusionWeights] = GRID) -> Iterator[str]:
    """Give the lines of the table."""
    cases = list(_cases(setup))
    figures = np.array([_figures(setup, cases, weights) for weights in grid])
    names = [case.name for case in cases]
    yield f"| keyword | lift | {' | '.join(names)} | mean |"
    yield "|" + " --- |" * (len(names) + 3)
    for weights, row in zip(grid, figures, strict=True):
        yield f"| {weights.keyword} | {weights.lift} | {_cells(row)} | {row.mean():.4f} |"
    chosen = [_best_without(figures, column) for column in range(len(cases))]
    picked = [f"{grid[row].keyword}, {grid[row].lift}" for row in chosen]
    yield f"| best on the others | | {' | '.join(picked)} | |"
    found = figures[chosen, range(len(cases))]
    yield f"| gives here | | {_cells(found)} | {found.mean():.4f} |"
    default = figures[list(grid).index(FusionWeights())]
    yield f"| the default gives | | {_cells(default)} | {default.mean():.4f} |"


def _cases(setup: Setup) -> Iterator[_Case]:
    whole = xquad(setup.data, setup.sample)
    yield _Case(name="ogp_knownitem_dev", dataset=ogp_knownitem(setup.data, setup.sample), pool=ALL)
    yield _Case(name="xquad_para, foreign", dataset=whole, pool=CROSS_LINGUAL)
    yield _Case(name="xquad_para, own language", dataset=whole, pool=SAME_LANGUAGE)
    yield _Case(name="xquad_para, one language each", dataset=xquad_one_language(setup.data, setup.sample), pool=ALL)
    yield _Case(name="sdg_en2x", dataset=sdg_en2x(setup.data, setup.sample), pool=ALL)
    yield _Case(name="sdg_x2en", dataset=sdg_x2en(setup.data, setup.sample), pool=ALL)


def _figures(setup: Setup, cases: Sequence[_Case], weights: FusionWeights) -> list[float]:
    """Return nDCG@10 in each case; a set that stands in two is ranked once."""
    encoder = setup.cached()
    runs = {
        case.dataset.name: evaluate(case.dataset, encoder, ("hybrid",), weights=weights)[0]
        for case in {case.dataset.name: case for case in cases}.values()
    }
    return [float(np.nanmean(runs[case.dataset.name].values[case.pool][:, _NDCG])) for case in cases]


def _best_without(figures: Figures, column: int) -> int:
    """Return the row that is best on the mean of all columns but one."""
    return int(np.delete(figures, column, axis=1).mean(axis=1).argmax())


def _cells(row: Figures) -> str:
    return " | ".join(f"{figure:.4f}" for figure in row)
