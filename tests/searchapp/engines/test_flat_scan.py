from __future__ import annotations

import numpy as np
import pytest

from indexer.shared.encoder import unit_length
from searchapp.engines.flat_scan import FlatScan

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 30.0])
def test_products_are_off_by_what_is_said_at_most_and_that_is_little(scale: float) -> None:
    vectors = np.float32(scale) * unit_length(RNG.standard_normal((5000, 40)).astype(np.float32))
    for query in unit_length(RNG.standard_normal((20, 40)).astype(np.float32)):
        products, error = FlatScan(vectors).products(query)
        assert products.dtype == np.float32
        assert np.abs(products - vectors @ query).max() <= error < 2e-3 * scale


def test_a_vector_that_rounds_to_itself_is_compared_exactly_but_for_adding_up() -> None:
    vectors = np.eye(8, dtype=np.float32)
    products, error = FlatScan(vectors).products(vectors[3])
    assert products.tolist() == vectors[3].tolist()
    assert error < 1e-4


def test_columns_of_a_wider_matrix_are_scanned_as_they_are() -> None:
    wide = RNG.standard_normal((10, 12)).astype(np.float32)
    products, error = FlatScan(wide[:, 4:9]).products(wide[2, 4:9])
    assert np.abs(products - wide[:, 4:9] @ wide[2, 4:9]).max() <= error


def test_nothing_to_scan_gives_nothing() -> None:
    assert FlatScan(np.empty((0, 4), dtype=np.float32)).products(np.ones(4, dtype=np.float32)) == (pytest.approx([]), 0)
