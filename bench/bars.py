"""Bars: what a figure must reach, and the table that says whether it does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

__all__ = ["LEGS", "Bar", "Case", "Estimate", "bar_table"]

LEGS = ("raw", "keyword", "semantic", "hybrid")
"""What is compared: the raw encoder by itself, and the modes of Concord."""

_ROUNDING = 1e-9  # means of figures with six decimals


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A mean, or a difference of means, with its 95% interval."""

    mean: float
    low: float
    high: float
    difference: bool = False

    def __str__(self) -> str:
        form = "+.3f" if self.difference else ".3f"
        mean, low, high = (format(round(value, 3) + 0.0, form) for value in (self.mean, self.low, self.high))  # no -0
        return f"{mean} [{low}, {high}]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One of the figures that a bar is for: those of the legs, as shown, and by how much it clears the bar.

    `name` tells it from the bar's other cases. `margin` is below 0 where the bar is missed.
    """

    name: str = ""
    legs: Mapping[str, str]
    estimate: Estimate | str
    margin: float

    @property
    def met(self) -> bool:
        """Whether the bar is reached."""
        return self.margin >= -_ROUNDING


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """What must hold, `limit` in words, in each of its cases."""

    data: str
    what: str
    limit: str
    cases: tuple[Case, ...]

    @property
    def met(self) -> bool:
        """Whether all cases reach it."""
        return all(case.met for case in self.cases)

    @property
    def narrowest(self) -> Case:
        """The case that misses it by most, or clears it by least."""
        return min(self.cases, key=lambda case: case.margin)


def bar_table(bars: Iterable[Bar], *, each: bool = False) -> Iterator[str]:
    """Give the lines of a Markdown table with a row for each bar, and at its end how many are met.

    Of a bar with several cases the narrowest is shown, or with `each` all.
    """
    yield "| data | what | " + " | ".join(LEGS) + " | estimate [95 % interval] | bar | met |"
    yield "|---|---|" + "---:|" * len(LEGS) + "---|---|---|"
    met, above = [], ""
    for bar in bars:
        for case in bar.cases if each else (bar.narrowest,):
            yield _row(bar, case, above=above, each=each)
            above = bar.data
        met.append(bar.met)
    yield ""
    yield f"{sum(met)} of {len(met)} bars are met."


def _row(bar: Bar, case: Case, *, above: str, each: bool) -> str:
    """Return a row; what stands above in the first column isn't said again."""
    what = bar.what
    if len(bar.cases) > 1:
        what += f": {case.name}" if each else f", lowest of {len(bar.cases)}: {case.name}"
    figures = [case.legs.get(leg, "") for leg in LEGS]
    met = "yes" if (case.met if each else bar.met) else "no"
    return f"| {' | '.join([bar.data * (bar.data != above), what, *figures, str(case.estimate), bar.limit, met])} |"
