"""Counting the values of a result by field, exactly."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from searchapp.search.columns import FACET_FIELDS, Column, Columns
from searchapp.search.results import Facet, FacetValue, Filters

__all__ = ["count_facets", "matching_documents"]

Mask = npt.NDArray[np.bool_]


def matching_documents(candidates: Mask, masks: dict[str, Mask], *, leave_out: str | None = None) -> Mask:
    """Return the candidates that pass all filters, but for the one of the field left out."""
    result = candidates
    for field, mask in masks.items():
        if field != leave_out:
            result = result & mask
    return result


def count_facets(
    columns: Columns, unit: npt.NDArray[np.int32], candidates: Mask, masks: dict[str, Mask], filters: Filters
) -> tuple[Facet, ...]:
    """Return the facets of a result: how many hits have each value; `unit` numbers the hit that a document belongs to.

    A field's own filter doesn't narrow its own counts, so that they say what choosing another value would give.
    Values are ordered by count, then by value; those with no hit are listed only when they are selected.
    """
    return tuple(
        _facet(columns.by_field[field], unit, matching_documents(candidates, masks, leave_out=field), filters)
        for field in FACET_FIELDS
    )


def _facet(column: Column, unit: npt.NDArray[np.int32], documents: Mask, filters: Filters) -> Facet:
    selected = _selected(column, filters)
    counts = dict(zip(column.values, column.counts(documents, unit).tolist(), strict=True))
    counts |= {value: 0 for value in selected if value not in counts}
    values = [
        FacetValue(value=value, count=count, selected=value in selected)
        for value, count in counts.items()
        if count or value in selected
    ]
    return Facet(field=column.field, values=tuple(sorted(values, key=lambda one: (-one.count, one.value))))


def _selected(column: Column, filters: Filters) -> tuple[str, ...]:
    if column.field != "year":
        wanted: tuple[str, ...] = getattr(filters, column.field)
        return wanted
    if filters.year_from is None and filters.year_to is None:
        return ()
    low = filters.year_from or 0
    high = filters.year_to or max(map(int, column.values), default=0)
    return tuple(value for value in column.values if low <= int(value) <= high)
