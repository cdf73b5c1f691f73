"""The geometry of the map by meaning, in pixels: a dot for each document, circles for hits, names of policy areas."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from searchapp.labels import country_label, policy_area_label, strength_label
from searchapp.language import translated
from searchapp.search.results import MeaningMap, Overview, PlacedHit
from searchapp.web.charts import Mark, narrowed_url

__all__ = ["HitMark", "MeaningChart", "meaning_chart"]

_WIDTH, _HEIGHT, _EDGE = 960, 600, 20
_MOST_DOTS = 5000
_LETTER, _LINE = 7.5, 20  # width of a name's letter and height of its line
_LONGEST = 60  # characters of a title that a circle is named by


@dataclass(frozen=True, slots=True, kw_only=True)
class HitMark:
    """A hit, its circle's centre, and the circle's name: title, country and strength."""

    hit: PlacedHit
    label: str
    x: int
    y: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MeaningChart:
    """The map: `dots` is the data of a path of dots, for `shown` of the documents.

    `hits` stand as in the result, the best first. `x` and `y` of `areas` are the middle of their names, none of which
    overlap; the areas with the most commitments come first.
    """

    dots: str
    shown: int
    documents: int
    hits: tuple[HitMark, ...]
    areas: tuple[Mark, ...]
    width: int
    height: int


def meaning_chart(overview: Overview) -> MeaningChart | None:
    """Return the map of an overview; None if it has none."""
    found = overview.meaning
    if found is None:
        return None
    shown = np.unique(np.linspace(0, len(found.cloud) - 1, min(_MOST_DOTS, len(found.cloud))).astype(np.int64))
    return MeaningChart(
        dots=_dots(found.cloud[shown]),
        shown=len(shown),
        documents=len(found.cloud),
        hits=tuple(_hit(hit) for hit in found.hits),
        areas=tuple(_areas(overview, found)),
        width=_WIDTH,
        height=_HEIGHT,
    )


def _dots(places: npt.NDArray[np.float32]) -> str:
    """Return lines of no length, one a place: round line ends make them dots."""
    return "".join(f"M{x} {y}h0" for x, y in dict.fromkeys(_pixels(x, y) for x, y in places.tolist()))


def _pixels(x: float, y: float) -> tuple[int, int]:
    return _EDGE + round(x * (_WIDTH - 2 * _EDGE)), _EDGE + round(y * (_HEIGHT - 2 * _EDGE))


def _hit(hit: PlacedHit) -> HitMark:
    x, y = _pixels(hit.x, hit.y)
    return HitMark(hit=hit, label=_label(hit), x=x, y=y)


def _label(hit: PlacedHit) -> str:
    """Return the name of a hit's circle; its title is in isolates, as it may be written from right to left."""
    title, country = hit.document.title, hit.document.facts.country
    title = f"\u2068{title if len(title) <= _LONGEST else title[:_LONGEST].rstrip() + '…'}\u2069"
    if country is None:
        return translated("%(title)s: %(strength)s", title=title, strength=strength_label(hit.strength))
    return translated(
        "%(title)s (%(country)s): %(strength)s",
        title=title,
        country=country_label(country),
        strength=strength_label(hit.strength),
    )


def _areas(overview: Overview, found: MeaningMap) -> list[Mark]:
    """Return the areas whose names find room, moved inside where they would stand out; the larger ones first."""
    placed: list[tuple[Mark, float]] = []
    for area in found.areas:
        label = policy_area_label(area.area)
        half = _LETTER * len(label) / 2
        x, y = _pixels(area.x, area.y)
        x = round(min(max(x, half), _WIDTH - half))
        if all(abs(x - other.x) >= half + width or abs(y - other.y) >= _LINE for other, width in placed):
            url = narrowed_url(overview, policy_area=(area.area,))
            placed.append((Mark(label=label, count=area.count, level=0, url=url, x=x, y=y), half))
    return [mark for mark, _ in placed]
