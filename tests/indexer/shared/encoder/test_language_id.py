from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from indexer.shared.encoder.language_id import LanguageClassifier, fit_classifier
from indexer.shared.encoder.vectors import unit_length
from indexer.shared.errors import EncoderError

LANGS = ("aa", "bb", "cc", "dd")
DIM = 24


@pytest.fixture
def embeddings() -> np.ndarray:
    """Ten lines in four languages: what a line says, how its language shifts it, and noise."""
    rng = np.random.default_rng(0)
    lines, shifts = rng.standard_normal((10, DIM)), rng.standard_normal((len(LANGS), 1, DIM))
    noisy = lines + shifts + 0.3 * rng.standard_normal((len(LANGS), 10, DIM))
    return np.stack([unit_length(rows) for rows in noisy])


def test_unseen_lines_are_given_to_their_language(embeddings: np.ndarray) -> None:
    classifier = fit_classifier(LANGS, embeddings[:, :7])
    for lang, unseen in zip(LANGS, embeddings[:, 7:], strict=True):
        assert (classifier.probability(unseen, [lang]) > 0.5).all()


def test_probabilities_of_all_languages_add_up(embeddings: np.ndarray) -> None:
    classifier = fit_classifier(LANGS, embeddings)
    each = [classifier.probability(embeddings[0], [lang]) for lang in LANGS]
    assert np.sum(each, axis=0) == pytest.approx(1, abs=1e-5)
    assert classifier.probability(embeddings[0], LANGS[:2]) == pytest.approx(each[0] + each[1], abs=1e-6)
    assert not classifier.probability(embeddings[0], ["xx"]).any()
    assert classifier.probability(embeddings[0][:0], LANGS).shape == (0,)


def test_a_classifier_survives_a_file_without_pickling(tmp_path: Path, embeddings: np.ndarray) -> None:
    classifier = fit_classifier(LANGS, embeddings)
    np.savez(tmp_path / "classifier.npz", allow_pickle=False, **classifier.to_arrays())
    with np.load(tmp_path / "classifier.npz", allow_pickle=False) as arrays:
        loaded = LanguageClassifier.from_arrays(arrays)
    assert loaded.langs == LANGS
    assert np.array_equal(loaded.probability(embeddings[1], ["bb"]), classifier.probability(embeddings[1], ["bb"]))


def test_damaged_arrays_are_refused(embeddings: np.ndarray) -> None:
    arrays = fit_classifier(LANGS, embeddings).to_arrays()
    with pytest.raises(EncoderError, match="language classifier"):
        LanguageClassifier.from_arrays({key: arrays[key] for key in ("langs", "bias")})
    with pytest.raises(EncoderError, match="4 languages don't fit"):
        LanguageClassifier.from_arrays({**arrays, "bias": arrays["bias"][1:]})
