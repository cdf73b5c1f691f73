from __future__ import annotations

import numpy as np
import pytest

from indexer.shared.encoder import unit_length
from searchapp.engines.flat_scan import FlatScan

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 30.0])
def test_products_are_off_by_little(scale: float) -> None:
    vectors = np.float32(scale) * unit_length(RNG.standard_normal((10_000, 384)).astype(np.float32))
    for query in unit_length(RNG.standard_normal((20, 384)).astype(np.float32)):
        products = FlatScan(vectors).products(query)
        assert products.dtype == np.float32
        off = np.abs(products - vectors @ query)
        assert off.std() < 1e-3 * scale
        assert off.max() < 6e-3 * scale


def test_columns_of_a_wider_matrix_are_scanned_as_they_are() -> None:
    wide = RNG.standard_normal((10, 12)).astype(np.float32)
    products = FlatScan(wide[:, 4:9]).products(wide[2, 4:9])
    assert products == pytest.approx(wide[:, 4:9] @ wide[2, 4:9], abs=0.1)


def test_nothing_to_scan_gives_nothing() -> None:
    assert FlatScan(np.empty((0, 4), dtype=np.float32)).products(np.ones(4, dtype=np.float32)) == pytest.approx([])
