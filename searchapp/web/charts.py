"""The geometry of the charts of an overview: a heat map, a timeline and a tile map, in pixels, each mark with its link.

Templates draw them: as a table of coloured cells, and as SVG whose colours the stylesheet knows, so that they follow
light and dark.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files

from indexer.shared.tables import text_lines
from searchapp.labels import country_label, policy_area_label
from searchapp.search.results import Filters, Overview
from searchapp.web.views import search_url

__all__ = ["HeatMap", "HeatRow", "Mark", "TileMap", "Timeline", "heat_map", "narrowed_url", "tile_map", "timeline"]

_LEVELS = 5
_ROWS, _COLUMNS = 30, 15
_TILE, _BAR, _BARS_HEIGHT = 26, 44, 140
_SEA = ".."


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One thing that is counted: its name, how often, the step of its colour (0 for none, up to 5), and its search.

    `x`, `y` and `height` place it; what they mean says the chart.
    """

    label: str
    count: int
    level: int
    url: str | None
    x: int = 0
    y: int = 0
    height: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatRow:
    """A country and its marks, one for each column."""

    country: Mark
    cells: tuple[Mark, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatMap:
    """Countries by policy areas, those with the most first, and how many of each are left out."""

    columns: tuple[Mark, ...]
    rows: tuple[HeatRow, ...]
    columns_left_out: int
    rows_left_out: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """A bar for each year from the first to the last: `x` is its left edge, `y` its top; the page is this large."""

    bars: tuple[Mark, ...]
    width: int
    height: int
    bar: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TileMap:
    """A tile for each country of the world, `x` and `y` its corner; `elsewhere` are countries without a tile."""

    tiles: tuple[tuple[str, Mark], ...]
    elsewhere: tuple[Mark, ...]
    width: int
    height: int
    tile: int

    @property
    def countries(self) -> list[Mark]:
        """All countries, the most first."""
        everywhere = [*(mark for _, mark in self.tiles), *self.elsewhere]
        return sorted(everywhere, key=lambda mark: (-mark.count, mark.label))


def heat_map(overview: Overview) -> HeatMap:
    """Return countries by policy areas."""
    most = max(overview.cells.values(), default=0)
    areas, countries = overview.policy_areas[:_COLUMNS], overview.countries[:_ROWS]
    rows = []
    for country, total in countries:
        cells = []
        for area, _ in areas:
            count = overview.cells.get((country, area), 0)
            url = narrowed_url(overview, country=(country,), policy_area=(area,)) if count else None
            label = f"{country_label(country)}, {policy_area_label(area)}"
            cells.append(Mark(label=label, count=count, level=_level(count, most), url=url))
        rows.append(HeatRow(country=_country(overview, country, total), cells=tuple(cells)))
    return HeatMap(
        columns=tuple(
            Mark(label=policy_area_label(area), count=count, level=0, url=narrowed_url(overview, policy_area=(area,)))
            for area, count in areas
        ),
        rows=tuple(rows),
        columns_left_out=len(overview.policy_areas) - len(areas),
        rows_left_out=len(overview.countries) - len(countries),
    )


def timeline(overview: Overview) -> Timeline:
    """Return the hits of each year."""
    counts = dict(overview.years)
    years = range(min(counts), max(counts) + 1) if counts else range(0)
    most = max(counts.values(), default=1)
    bars = tuple(_bar(overview, year, counts.get(year, 0), most, number * _BAR) for number, year in enumerate(years))
    return Timeline(bars=bars, width=len(bars) * _BAR, height=_BARS_HEIGHT, bar=_BAR)


def tile_map(overview: Overview) -> TileMap:
    """Return the hits of each country on a map of the world."""
    counts = dict(overview.countries)
    most = max(counts.values(), default=0)
    grid = _grid()
    tiles = []
    for code, (column, row) in grid.items():
        mark = _country(overview, code, counts.get(code, 0), most)
        tiles.append((code, replace(mark, x=column * _TILE, y=row * _TILE)))
    return TileMap(
        tiles=tuple(tiles),
        elsewhere=tuple(_country(overview, code, count) for code, count in counts.items() if code not in grid),
        width=(max(column for column, _ in grid.values()) + 1) * _TILE,
        height=(max(row for _, row in grid.values()) + 1) * _TILE,
        tile=_TILE,
    )


def _bar(overview: Overview, year: int, count: int, most: int, x: int) -> Mark:
    height = math.ceil(_BARS_HEIGHT * count / most)
    url = narrowed_url(overview, year_from=year, year_to=year) if count else None
    return Mark(label=str(year), count=count, level=_LEVELS, url=url, x=x, y=_BARS_HEIGHT - height, height=height)


def _country(overview: Overview, code: str, count: int, most: int = 0) -> Mark:
    url = narrowed_url(overview, country=(code,)) if count else None
    return Mark(label=country_label(code), count=count, level=_level(count, most), url=url)


def _level(count: int, most: int) -> int:
    """Return the step of a count's colour: by its logarithm, as few have many and many have few."""
    return math.ceil(_LEVELS * math.log1p(count) / math.log1p(most)) if count and most else 0


def narrowed_url(overview: Overview, **chosen: tuple[str, ...] | int) -> str:
    """Return the search for the hits of an overview that pass further filters; chosen fields replace those there."""
    filters: Filters = replace(overview.request.filters, **chosen)  # type: ignore[arg-type]  # by field
    return search_url(replace(overview.request, filters=filters, offset=0))


@cache
def _grid() -> dict[str, tuple[int, int]]:
    """Return the column and row of each country of `data/tiles.txt`."""
    return dict(_cells())


def _cells() -> Iterator[tuple[str, tuple[int, int]]]:
    for row, line in enumerate(text_lines(files("searchapp") / "data" / "tiles.txt")):
        for column, code in enumerate(line.split()):
            if code != _SEA:
                yield code, (column, row)
