from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from indexer.shared.encoder.language_neutral import LanguageProjection, fit_projection, read_parallel_text
from indexer.shared.encoder.vectors import unit_length
from indexer.shared.errors import EncoderError

DIM, LANGUAGES, SENTENCES = 64, 6, 40


@pytest.fixture
def embeddings() -> np.ndarray:
    """Unit vectors `(languages, sentences, dim)`: what a sentence says, plus a stronger offset for its language."""
    generator = np.random.default_rng(7)
    meaning = generator.standard_normal((SENTENCES, DIM))
    offsets = 3 * generator.standard_normal((LANGUAGES, 1, DIM))
    return unit_length((meaning + offsets).reshape(-1, DIM)).reshape(LANGUAGES, SENTENCES, DIM)


@pytest.fixture
def projection(embeddings: np.ndarray) -> LanguageProjection:
    return fit_projection(embeddings.mean(axis=1), origin="made up", directions=LANGUAGES)


def test_sentences_find_their_translation_among_sentences_of_their_own_language(
    embeddings: np.ndarray, projection: LanguageProjection
) -> None:
    # for each query in language 0: its translation in language 1, all other sentences in language 0
    def found(space: np.ndarray) -> float:
        similarity = space[0] @ space[0].T
        np.fill_diagonal(similarity, -1)
        return float(np.mean((space[0] * space[1]).sum(axis=1) > similarity.max(axis=1)))

    neutral = projection.apply(embeddings.reshape(-1, DIM)).reshape(embeddings.shape)
    assert found(embeddings) < 0.1
    assert found(neutral) > 0.95


def test_languages_have_the_same_mean_afterwards(embeddings: np.ndarray, projection: LanguageProjection) -> None:
    means = embeddings.mean(axis=1)
    centred = means - projection.mean
    without = centred - (centred @ projection.directions.T) @ projection.directions
    assert np.abs(centred).max() > 0.1
    assert np.abs(without).max() < 1e-5


def test_what_comes_out_is_float32_of_unit_length_and_of_the_shape_that_went_in(
    embeddings: np.ndarray, projection: LanguageProjection
) -> None:
    for given in (embeddings[0], embeddings[0][:1], embeddings[0][:0]):
        neutral = projection.apply(given)
        assert neutral.dtype == np.float32
        assert neutral.shape == given.shape
        assert np.linalg.norm(neutral, axis=1) == pytest.approx(1, abs=1e-5)


def test_a_row_of_zeros_is_not_divided_by_its_length() -> None:
    assert unit_length(np.zeros((1, 3), dtype=np.float32)).tolist() == [[0, 0, 0]]


def test_directions_are_orthonormal_and_no_more_than_the_means_span(embeddings: np.ndarray) -> None:
    projection = fit_projection(embeddings.mean(axis=1), origin="made up", directions=50)
    assert projection.directions.shape == (LANGUAGES - 1, DIM)
    assert projection.directions @ projection.directions.T == pytest.approx(np.eye(LANGUAGES - 1), abs=1e-5)


def test_by_default_weak_directions_are_left_alone() -> None:
    means = np.diag([10.0, 10.0, 0.1, 0.0])
    means -= means.mean(axis=0)
    strong = fit_projection(means, origin="made up")
    assert len(strong.directions) == 2
    assert np.abs(strong.directions[:, 2:]).max() < np.abs(strong.directions[:, :2]).max()


def test_a_projection_survives_a_file_without_pickling(
    tmp_path: Path, embeddings: np.ndarray, projection: LanguageProjection
) -> None:
    np.savez(tmp_path / "projection.npz", allow_pickle=False, **projection.to_arrays())
    with np.load(tmp_path / "projection.npz", allow_pickle=False) as arrays:
        loaded = LanguageProjection.from_arrays(arrays)
    assert loaded.origin == "made up"
    assert np.array_equal(loaded.apply(embeddings[0]), projection.apply(embeddings[0]))


@pytest.mark.parametrize(
    "damage",
    [
        {"mean": np.zeros((2, 2))},
        {"mean": np.zeros(3)},
        {"directions": np.zeros(64)},
        {"mean": np.array("text")},
        {"origin": None},
    ],
)
def test_arrays_that_are_missing_or_do_not_fit_are_refused_in_one_line(
    projection: LanguageProjection, damage: dict[str, np.ndarray | None]
) -> None:
    arrays = {**projection.to_arrays(), **damage}
    with pytest.raises(EncoderError, match="language projection") as caught:
        LanguageProjection.from_arrays({key: array for key, array in arrays.items() if array is not None})
    assert "\n" not in str(caught.value)


def test_the_parallel_text_has_forty_lines_in_each_of_its_languages() -> None:
    text = read_parallel_text()
    assert {"en", "fr", "es", "ar", "zh", "ko", "sw"} <= set(text)
    assert {len(lines) for lines in text.values()} == {40}
    assert text["en"][0] == "Public administration reform"
    assert list(text) == sorted(text)


def test_comments_and_other_files_are_not_parallel_text(tmp_path: Path) -> None:
    (tmp_path / "en.txt").write_text("# comment\n# comment\none\ntwo\n", encoding="utf-8")
    (tmp_path / "fr.txt").write_text("# comment\n# comment\nun\ndeux\n", encoding="utf-8")
    (tmp_path / "README.md").write_text("not parallel", encoding="utf-8")
    assert read_parallel_text(tmp_path) == {"en": ("one", "two"), "fr": ("un", "deux")}


def test_languages_of_unequal_length_are_refused(tmp_path: Path) -> None:
    (tmp_path / "en.txt").write_text("one\ntwo\n", encoding="utf-8")
    (tmp_path / "fr.txt").write_text("un\n", encoding="utf-8")
    with pytest.raises(EncoderError, match="'en': 2, 'fr': 1"):
        read_parallel_text(tmp_path)


def test_one_language_alone_is_refused(tmp_path: Path) -> None:
    (tmp_path / "en.txt").write_text("one\n", encoding="utf-8")
    with pytest.raises(EncoderError, match="two or more"):
        read_parallel_text(tmp_path)
