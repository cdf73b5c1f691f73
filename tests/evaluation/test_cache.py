from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from evaluation.cache import CachedEncoder
from indexer.shared.errors import IndexStoreError
from tests.evaluation.fakes import AngleEncoder

TEXTS = ["10 a", "20 bbb", "10 a", "30 cc"]


def test_embeddings_are_those_of_the_encoder_in_their_order(tmp_path: Path) -> None:
    cached = CachedEncoder(AngleEncoder(), tmp_path)
    for _ in range(2):
        assert np.array_equal(cached.encode_passages(TEXTS), AngleEncoder().encode_passages(TEXTS))
    assert cached.encode_queries([]).shape == (0, 2)


def test_no_text_is_encoded_twice_not_even_by_another_process(tmp_path: Path) -> None:
    first, second = AngleEncoder(), AngleEncoder()
    CachedEncoder(first, tmp_path).encode_passages(TEXTS)
    assert sorted(first.seen) == sorted(set(TEXTS))
    cached = CachedEncoder(second, tmp_path)
    cached.encode_passages([*TEXTS, "40 new"])
    assert second.seen == ["40 new"]
    assert cached.computed == 1


def test_queries_passages_and_revisions_are_kept_apart(tmp_path: Path) -> None:
    CachedEncoder(AngleEncoder(), tmp_path).encode_passages(["10 a"])
    other = AngleEncoder()
    CachedEncoder(other, tmp_path).encode_queries(["10 a"])
    other.revision = "another"
    CachedEncoder(other, tmp_path).encode_queries(["10 a"])
    assert other.seen == ["10 a", "10 a"]


def test_a_damaged_cache_is_named(tmp_path: Path) -> None:
    (tmp_path / "embeddings.sqlite").write_bytes(b"no database " * 100)
    with pytest.raises(IndexStoreError, match=r"embeddings\.sqlite: the cache can't be used .* safe to delete"):
        CachedEncoder(AngleEncoder(), tmp_path).encode_queries(["10 a"])
