from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from indexer.shared.quantised import quantise

DIM = 16
components = st.floats(-1, 1, width=32)


@given(hnp.arrays(np.float32, st.tuples(st.integers(0, 8), st.just(DIM)), elements=components))
def test_a_component_is_off_by_half_a_step_at_most(vectors: np.ndarray) -> None:
    error = np.abs(quantise(vectors).floats() - vectors)
    step = np.abs(vectors).max(axis=1, initial=0, keepdims=True) / 127
    assert (error <= step / 2 + 1e-6).all()


@pytest.mark.parametrize("count", [1, 40, 1500])
def test_inner_products_are_those_of_the_unpacked_vectors_however_many_there_are(count: int) -> None:
    rng = np.random.default_rng(0)
    quantised = quantise(rng.standard_normal((count, DIM)).astype(np.float32))
    others = rng.standard_normal((DIM, 2)).astype(np.float32)
    assert np.allclose(quantised @ others, quantised.floats() @ others, atol=1e-3)
    assert (quantised[:0] @ others).shape == (0, 2)


def test_some_of_the_vectors_are_taken_by_slice_or_by_row() -> None:
    quantised = quantise(np.eye(DIM, dtype=np.float32) * np.arange(1, DIM + 1, dtype=np.float32))
    assert np.allclose(quantised[3:5].floats(), quantised.floats()[3:5])
    assert np.allclose(quantised[np.array([7, 2])].floats(), quantised.floats()[[7, 2]])
    assert len(quantised[3:5]) == 2
