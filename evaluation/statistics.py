"""How sure a mean is: bootstrap intervals and paired randomisation tests, seeded.

Both draw *units*, not queries: translations of one query are hard or easy together, so they count as one unit. With
one query a unit they are the usual tests (Efron 1979; Smucker, Allan and Carterette 2007).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["bootstrap_intervals", "randomisation_p_values"]

Values = npt.NDArray[np.float64]
Units = npt.NDArray[np.int64]

_RESAMPLES = 1_000
_SWAPS = 5_000
_AT_ONCE = 250
_SEED = 20_240


def bootstrap_intervals(values: Values, units: Units) -> Values:
    """Return the 95% percentile intervals of the means of k columns, `(k, 2)`.

    `values` are `(n, k)`; `units` says by number which unit each of the n rows belongs to.
    """
    sums, sizes = _by_unit(values, units)
    drawn = np.random.default_rng(_SEED).integers(0, len(sizes), size=(_RESAMPLES, len(sizes)))
    means = np.array([sums[rows].sum(axis=0) / sizes[rows].sum() for rows in drawn])
    low, high = np.quantile(means, 0.025, axis=0), np.quantile(means, 0.975, axis=0)
    return np.stack([low, high], axis=1)


def randomisation_p_values(differences: Values, units: Units) -> Values:
    """Return two-sided p-values for "the mean difference is 0", one for each of k columns.

    `differences` are `(n, k)`, one row a query. The sign of each unit's differences is drawn at random; p is the share
    of draws whose mean is as far from 0 as the one observed, counting the observed one itself.
    """
    sums, _ = _by_unit(differences, units)
    observed = np.abs(sums.sum(axis=0))
    generator = np.random.default_rng(_SEED)
    as_far = np.ones(differences.shape[1])
    for _ in range(0, _SWAPS, _AT_ONCE):
        signs = generator.integers(0, 2, size=(_AT_ONCE, len(sums)), dtype=np.int8) * 2.0 - 1.0
        as_far += (np.abs(signs @ sums) >= observed - 1e-9).sum(axis=0)
    return as_far / (_SWAPS + 1)


def _by_unit(values: Values, units: Units) -> tuple[Values, Values]:
    """Return the sums `(units, k)` and the sizes `(units,)` of the units that occur."""
    _, numbers = np.unique(units, return_inverse=True)
    sums = np.zeros((numbers.max() + 1, values.shape[1]))
    np.add.at(sums, numbers, values)
    return sums, np.bincount(numbers).astype(np.float64)
