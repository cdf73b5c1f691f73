from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from evaluation import cache
from evaluation.cache import CachedEncoder, index_folder
from evaluation.dataset import read_dataset
from indexer.pipeline import IndexReport, index_documents
from indexer.readers.sources import ReadResult
from indexer.shared.encoder import Encoder
from indexer.shared.errors import IndexStoreError
from indexer.shared.storage import open_generation
from tests.evaluation.fakes import AngleEncoder, write_set

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


def test_passages_with_their_sentences_are_kept_together(tmp_path: Path) -> None:
    spans = [[(0, 2), (3, 5)], [], [(0, 4)]]
    texts = ["10 20", "30 a", "40 b"]
    expected = AngleEncoder().encode_passages_with_sentences(texts, spans)
    for computed in (3, 0):
        cached = CachedEncoder(AngleEncoder(), tmp_path)
        for found, wanted in zip(cached.encode_passages_with_sentences(texts, spans), expected, strict=True):
            assert np.array_equal(found, wanted)
        assert cached.computed == computed
    other_cut = [[(0, 5)], [], [(0, 4)]]
    cached.encode_passages_with_sentences(texts, other_cut)
    assert cached.computed == 1
    for nothing in cached.encode_passages_with_sentences([], []):
        assert nothing.shape == (0, 2)


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


def test_a_cache_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(IndexStoreError, match=r"file/cache: can't be made \(Not a directory\)"):
        CachedEncoder(AngleEncoder(), tmp_path / "file" / "cache").encode_queries(["10 a"])


def test_an_index_is_kept_while_documents_encoder_and_indexer_are_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []

    def counted(read: ReadResult, *, index: Path, encoder: Encoder) -> IndexReport:
        made.append(len(read.documents))
        return index_documents(read, index=index, encoder=encoder)

    monkeypatch.setattr(cache, "index_documents", counted)
    dataset = read_dataset(write_set(tmp_path / "set"))
    encoder = CachedEncoder(AngleEncoder(), tmp_path / "cache")
    folder = index_folder(dataset, encoder)
    assert index_folder(dataset, encoder) == folder
    assert made == [5]
    index_folder(replace(dataset, documents=dataset.documents[:4]), encoder)
    assert made == [5, 4]
    monkeypatch.setattr(cache, "_indexer_files", lambda: [b"changed"])
    index_folder(dataset, encoder)
    assert made == [5, 4, 5]
    assert open_generation(folder).manifest.counts.documents == 5


def test_a_damaged_index_is_made_anew(tmp_path: Path) -> None:
    dataset = read_dataset(write_set(tmp_path / "set"))
    encoder = CachedEncoder(AngleEncoder(), tmp_path / "cache")
    folder = index_folder(dataset, encoder)
    (folder / "current").write_text("rubbish")
    assert open_generation(index_folder(dataset, encoder)).manifest.counts.documents == 5
