from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from indexer.shared.encoder import unit_length
from searchapp.engines.flat_scan import BLOCK, FlatScan

RNG = np.random.default_rng(0)


def blocks(vectors: np.ndarray, rows: np.ndarray | None = None) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Vectors in these rows, by default the first ones, as the scan takes them."""
    rows = np.arange(len(vectors)) if rows is None else rows
    for start in range(0, len(vectors), BLOCK):
        yield rows[start : start + BLOCK], vectors[start : start + BLOCK]


@pytest.mark.parametrize("scale", [1e-3, 1.0, 30.0])
def test_products_are_off_by_little(scale: float) -> None:
    vectors = np.float32(scale) * unit_length(RNG.standard_normal((10_000, 384)).astype(np.float32))
    for query in unit_length(RNG.standard_normal((20, 384)).astype(np.float32)):
        products = FlatScan([blocks(vectors)]).products([query])
        assert products.dtype == np.float32
        off = np.abs(products - vectors @ query)
        assert off.std() < 1e-3 * scale
        assert off.max() < 6e-3 * scale


def test_columns_of_a_wider_matrix_are_scanned_as_they_are() -> None:
    wide = RNG.standard_normal((10, 12)).astype(np.float32)
    products = FlatScan([blocks(wide[:, 4:9])]).products([wide[2, 4:9]])
    assert products == pytest.approx(wide[:, 4:9] @ wide[2, 4:9], abs=0.1)


@pytest.mark.parametrize("places", [np.arange(20_100), RNG.permutation(20_100)], ids=["in-order", "mixed"])
def test_each_group_has_rows_vectors_and_a_query_of_its_own(places: np.ndarray) -> None:
    rows = [np.sort(some) for some in np.split(places, [20_000])]
    groups = [RNG.standard_normal((len(some), dim)).astype(np.float32) for some, dim in zip(rows, (8, 5), strict=True)]
    queries = [vectors[3] for vectors in groups]
    products = FlatScan([blocks(*each) for each in zip(groups, rows, strict=True)]).products(queries)
    for some, vectors, query in zip(rows, groups, queries, strict=True):
        assert products[some] == pytest.approx(vectors @ query, abs=0.5)


@pytest.mark.parametrize("count", [1, 8192, 8193, 100_000])
def test_whichever_core_compares_them_products_are_the_same(count: int) -> None:
    vectors, query = RNG.standard_normal((count, 8)).astype(np.float32), np.ones(8, dtype=np.float32)
    alone, together = (FlatScan([blocks(vectors)], cores=cores).products([query]) for cores in (1, 3))
    assert np.array_equal(alone, together)


def test_many_may_scan_at_once() -> None:
    vectors = RNG.standard_normal((50_000, 8)).astype(np.float32)
    scan, queries = FlatScan([blocks(vectors)], cores=2), list(vectors[:200])
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda query: scan.products([query]), queries))
    for products, query in zip(found, queries, strict=True):
        assert products == pytest.approx(vectors @ query, abs=0.5)


def test_nothing_to_scan_gives_nothing() -> None:
    assert len(FlatScan([[]]).products([np.ones(4, dtype=np.float32)])) == 0
