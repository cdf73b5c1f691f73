from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from indexer.shared.encoder import unit_length
from searchapp.engines.flat_scan import BLOCK, FlatScan

RNG = np.random.default_rng(0)


def blocks(vectors: np.ndarray) -> Iterator[np.ndarray]:
    """Vectors as the scan takes them."""
    for start in range(0, len(vectors), BLOCK):
        yield vectors[start : start + BLOCK]


@pytest.mark.parametrize("scale", [1e-3, 1.0, 30.0])
def test_products_are_off_by_little(scale: float) -> None:
    vectors = np.float32(scale) * unit_length(RNG.standard_normal((10_000, 384)).astype(np.float32))
    for query in unit_length(RNG.standard_normal((20, 384)).astype(np.float32)):
        [products] = FlatScan([blocks(vectors)]).products([query])
        assert products.dtype == np.float32
        off = np.abs(products - vectors @ query)
        assert off.std() < 1e-3 * scale
        assert off.max() < 6e-3 * scale


def test_columns_of_a_wider_matrix_are_scanned_as_they_are() -> None:
    wide = RNG.standard_normal((10, 12)).astype(np.float32)
    [products] = FlatScan([[wide[:, 4:9]]]).products([wide[2, 4:9]])
    assert products == pytest.approx(wide[:, 4:9] @ wide[2, 4:9], abs=0.1)


def test_each_group_has_vectors_and_a_query_of_its_own() -> None:
    groups = [RNG.standard_normal((count, dim)).astype(np.float32) for count, dim in ((20_000, 8), (100, 5))]
    queries = [vectors[3] for vectors in groups]
    found = FlatScan([blocks(vectors) for vectors in groups]).products(queries)
    for products, vectors, query in zip(found, groups, queries, strict=True):
        assert products == pytest.approx(vectors @ query, abs=0.5)


@pytest.mark.parametrize("count", [1, 8192, 8193, 100_000])
def test_whichever_core_compares_them_products_are_the_same(count: int) -> None:
    vectors, query = RNG.standard_normal((count, 8)).astype(np.float32), np.ones(8, dtype=np.float32)
    alone, together = (FlatScan([blocks(vectors)], cores=cores).products([query])[0] for cores in (1, 3))
    assert np.array_equal(alone, together)


def test_many_may_scan_at_once() -> None:
    vectors = RNG.standard_normal((50_000, 8)).astype(np.float32)
    scan, queries = FlatScan([blocks(vectors)], cores=2), list(vectors[:200])
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda query: scan.products([query])[0], queries))
    for products, query in zip(found, queries, strict=True):
        assert products == pytest.approx(vectors @ query, abs=0.5)


def test_nothing_to_scan_gives_nothing() -> None:
    [products] = FlatScan([[]]).products([np.ones(4, dtype=np.float32)])
    assert products == pytest.approx([])
