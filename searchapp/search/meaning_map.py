"""A map of the corpus by meaning: where documents lie on it, the hits of a search, and its policy areas."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from searchapp.engines.base import Engine
from searchapp.search.columns import Columns, Selection
from searchapp.search.results import MeaningMap, PlacedArea, PlacedHit, Strength

__all__ = ["MOST_HITS", "draw_map"]

MOST_HITS = 60
"""How many hits of a search are on the map, the best first: enough to see where they lie, and no heavy page."""

_FEWEST, _SHARE = 3, 0.01  # commitments of an area that is named on the map: so many, and so much of the cloud
_DENSER = 0.75  # how far from their middle they may lie, where those of the whole cloud lie at 1


def draw_map(
    engine: Engine,
    columns: Columns,
    cloud: npt.NDArray[np.int64],
    unit: npt.NDArray[np.int32],
    hits: Iterable[tuple[int, Strength]],
) -> MeaningMap | None:
    """Return the map of the documents in these rows; None if the generation has no places for documents.

    `unit` numbers the hit that each document belongs to. `hits` are document rows with their strengths, the best first.
    """
    positions = engine.positions
    if positions is None:
        return None
    return MeaningMap(
        cloud=np.array(positions[cloud]),
        hits=tuple(_hit(engine, positions, row, strength) for row, strength in hits),
        areas=tuple(_areas(columns, positions, cloud, unit)),
    )


def _hit(engine: Engine, positions: npt.NDArray[np.float32], row: int, strength: Strength) -> PlacedHit:
    x, y = positions[row].tolist()
    return PlacedHit(document=engine.document(row), strength=strength, x=x, y=y)


def _areas(
    columns: Columns, positions: npt.NDArray[np.float32], cloud: npt.NDArray[np.int64], unit: npt.NDArray[np.int32]
) -> list[PlacedArea]:
    """Return the areas that have a place: neither few commitments nor, like "e-government", ones all over the map."""
    column = columns.by_field["policy_area"]
    mask = np.zeros(len(unit), dtype=np.bool_)
    mask[cloud] = True
    fewest, widest = max(_FEWEST, _SHARE * len(cloud)), _DENSER * _middle(positions[cloud])[1] if len(cloud) else 0
    areas = []
    for number, count in enumerate(column.counts(Selection.of(mask, unit)).tolist()):
        if count >= fewest:
            documents = column.documents[column.numbers == number]
            (x, y), spread = _middle(positions[documents[mask[documents]]])
            if spread <= widest:
                areas.append(PlacedArea(area=column.values[number], count=count, x=x, y=y))
    return sorted(areas, key=lambda area: (-area.count, area.area))


def _middle(places: npt.NDArray[np.float32]) -> tuple[tuple[float, float], float]:
    """Return the median of places, along each axis, and the median distance from it."""
    middle = np.median(places, axis=0)
    x, y = middle.tolist()
    return (x, y), float(np.median(np.linalg.norm(places - middle, axis=1)))
