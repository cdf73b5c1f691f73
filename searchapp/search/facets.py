"""Counting the values of a result by field, exactly."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from searchapp.search.columns import FACET_FIELDS, Column, Columns, Selection
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
    whole = Selection.of(matching_documents(candidates, masks), unit)
    facets = []
    for field in FACET_FIELDS:
        narrowed = field in masks
        chosen = Selection.of(matching_documents(candidates, masks, leave_out=field), unit) if narrowed else whole
        facets.append(_facet(columns.by_field[field], chosen, filters))
    return tuple(facets)


def _facet(column: Column, chosen: Selection, filters: Filters) -> Facet:
    selected = _selected(column, filters)
    found = column.counts(chosen)
    there = np.flatnonzero(found)
    counts = {column.values[number]: count for number, count in zip(there.tolist(), found[there].tolist(), strict=True)}
    counts |= {value: 0 for value in selected if value not in counts}
    ordered = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    values = tuple(FacetValue(value=value, count=count, selected=value in selected) for value, count in ordered)
    return Facet(field=column.field, values=values)


def _selected(column: Column, filters: Filters) -> tuple[str, ...]:
    if column.field != "year":
        wanted: tuple[str, ...] = getattr(filters, column.field)
        return wanted
    if filters.year_from is None and filters.year_to is None:
        return ()
    low = filters.year_from or 0
    high = filters.year_to or max(map(int, column.values), default=0)
    return tuple(value for value in column.values if low <= int(value) <= high)
