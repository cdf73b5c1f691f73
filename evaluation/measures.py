"""The measures, computed by ir-measures, query by query."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import ir_measures
import numpy as np
import numpy.typing as npt
from ir_measures import RR, P, R, nDCG

__all__ = ["COLUMNS", "DEPTH", "MEASURES", "measure"]

MEASURES = {
    "ndcg@10": nDCG @ 10,
    "r@10": R @ 10,
    "r@25": R @ 25,
    "r@100": R @ 100,
    "mrr@10": RR @ 10,
    "p@1": P @ 1,
}
"""What is measured, by the name it has in reports. A document is relevant from grade 1; nDCG uses the grades."""

COLUMNS = {name: column for column, name in enumerate(MEASURES)}
"""The column of each measure in arrays of values."""

_DECIMALS = 6  # as many as are saved, so that a run equals its saved self

DEPTH = 100
"""How many documents of a ranking the measures look at."""


def measure(
    qrels: Mapping[str, Mapping[str, int]], run: Mapping[str, Sequence[str]]
) -> dict[str, npt.NDArray[np.float64]]:
    """Return for each judged topic its values in the order of MEASURES; a topic without a ranking has 0.

    `run` holds ranked document IDs. Measure libraries sort by score and break ties in ways of their own, so they are
    given scores that say the order outright.
    """
    scored = {
        topic: {document: float(-rank) for rank, document in enumerate(documents)} for topic, documents in run.items()
    }
    values = {topic: np.zeros(len(MEASURES)) for topic in qrels}
    columns = {one: column for column, one in enumerate(MEASURES.values())}
    for result in ir_measures.iter_calc(list(MEASURES.values()), qrels, scored):
        values[result.query_id][columns[result.measure]] = round(result.value, _DECIMALS)
    return values
