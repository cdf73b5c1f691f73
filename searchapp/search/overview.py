"""How a whole result is spread over countries, policy areas and years."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from searchapp.search.columns import Columns, Selection
from searchapp.search.results import IndexInfo, Overview, SearchRequest

__all__ = ["count_overview"]


def count_overview(
    columns: Columns,
    unit: npt.NDArray[np.int32],
    documents: npt.NDArray[np.int64],
    request: SearchRequest,
    index: IndexInfo,
) -> Overview:
    """Count the hits of a result: `documents` are the rows that match and pass all filters, `unit` numbers the hits.

    Where policy areas are filtered by, no others are counted, so that each number is that of a narrower search.
    """
    mask = np.zeros(len(unit), dtype=np.bool_)
    mask[documents] = True
    chosen = Selection.of(mask, unit)

    def counted(field: str) -> list[tuple[str, int]]:
        column = columns.by_field[field]
        pairs = zip(column.values, column.counts(chosen).tolist(), strict=True)
        return sorted((pair for pair in pairs if pair[1]), key=lambda pair: (-pair[1], pair[0]))

    wanted = request.filters.policy_area
    areas = [pair for pair in counted("policy_area") if not wanted or pair[0] in wanted]
    cells = columns.by_field["policy_area"].cells(columns.by_field["country"], mask, unit)
    return Overview(
        request=request,
        total=len(np.unique(unit[documents])),
        countries=tuple(counted("country")),
        policy_areas=tuple(areas),
        years=tuple(sorted((int(year), count) for year, count in counted("year"))),
        cells={cell: count for cell, count in cells.items() if not wanted or cell[1] in wanted},
        index=index,
    )
