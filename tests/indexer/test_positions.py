from __future__ import annotations

import subprocess
import sys

import numpy as np
import numpy.typing as npt
import pytest

from indexer import positions
from indexer.positions import document_vectors, lay_out
from indexer.shared.encoder import unit_length
from indexer.shared.storage import open_generation
from tests.conftest import BuildIndex
from tests.fakes import document

Floats = npt.NDArray[np.float32]

TOPICS = 6
DIM = 48


def vectors(count: int, *, seed: int = 0) -> Floats:
    """Unit vectors in as many clear groups as there are topics; vector i is of topic i modulo TOPICS."""
    random = np.random.default_rng(seed)
    topics = random.standard_normal((TOPICS, DIM))
    return unit_length(topics[np.arange(count) % TOPICS] + 0.4 * random.standard_normal((count, DIM)))


def nowhere(count: int) -> Floats:
    return np.full((count, 2), np.nan, dtype=np.float32)


def apart(places: Floats) -> Floats:
    distances: Floats = np.linalg.norm(places[:, None] - places[None], axis=-1)
    return distances


def nearest_of_the_same_topic(places: Floats) -> float:
    """Share of the places whose nearest neighbour is of their topic."""
    distances = apart(places)
    np.fill_diagonal(distances, np.inf)
    return float((distances.argmin(axis=1) % TOPICS == np.arange(len(places)) % TOPICS).mean())


@pytest.mark.parametrize("count", [1, 2, 3, 19, 20, 60])
def test_every_document_has_a_place_in_the_unit_square(count: int) -> None:
    places = lay_out(vectors(count), nowhere(count))
    assert places.shape == (count, 2)
    assert places.dtype == np.float32
    assert np.isfinite(places).all()
    assert places.min() >= 0
    assert places.max() <= 1


def test_a_document_alone_lies_in_the_middle() -> None:
    assert lay_out(vectors(1), nowhere(1)).tolist() == [[0.5, 0.5]]


def test_documents_that_are_all_the_same_lie_together() -> None:
    same = np.repeat(vectors(1), 40, axis=0)
    places = lay_out(same, nowhere(40))
    assert np.isfinite(places).all()
    assert places.min() >= 0
    assert places.max() <= 1


def test_neighbours_in_meaning_are_neighbours_on_the_map() -> None:
    places = lay_out(vectors(120), nowhere(120))
    assert nearest_of_the_same_topic(places) > 0.9


def test_the_same_documents_are_always_laid_out_the_same() -> None:
    first, again = (lay_out(vectors(60), nowhere(60)) for _ in range(2))
    assert first.tolist() == again.tolist()


def test_documents_beside_the_landmarks_lie_with_their_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(positions, "_LANDMARKS", 60)
    places = lay_out(vectors(240), nowhere(240))
    assert nearest_of_the_same_topic(places) > 0.9


def test_blocks_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    known = lay_out(vectors(100), nowhere(100))
    known[::20] = np.nan
    at_once = lay_out(vectors(100), known)
    monkeypatch.setattr(positions, "_CELLS", 200)
    assert np.allclose(lay_out(vectors(100), known), at_once)


def test_places_that_are_known_are_kept_and_new_documents_put_beside_their_like() -> None:
    before = lay_out(vectors(110), nowhere(110))
    known = before.copy()
    known[100:] = np.nan
    after = lay_out(vectors(110), known)
    assert after[:100].tolist() == before[:100].tolist()
    assert nearest_of_the_same_topic(after) > 0.9


def test_a_map_of_which_too_little_is_known_is_made_anew() -> None:
    known = np.full((60, 2), 0.25, dtype=np.float32)
    known[50:] = np.nan
    assert lay_out(vectors(60), known).tolist() == lay_out(vectors(60), nowhere(60)).tolist()


def test_a_document_is_the_mean_of_its_passages_less_their_languages() -> None:
    passages = np.array([[1, 0, 0], [1, 2, 0], [0, 0, 4]], dtype=np.float32)
    centres = np.array([[0, 0, 0], [1, 0, 0]], dtype=np.float32)
    numbers = {"documents": np.array([0, 0, 2]), "langs": np.array([1, 1, 0]), "count": 3}
    assert document_vectors(passages, centres, **numbers).tolist() == [[0, 1, 0], [0, 0, 0], [0, 0, 1]]
    assert np.allclose(document_vectors(passages, None, **numbers)[0], unit_length(np.array([[2.0, 2.0, 0.0]]))[0])


def test_translations_of_one_text_lie_close_together() -> None:
    texts = unit_length(np.random.default_rng(1).standard_normal((60, DIM)))
    shift = 2 * np.eye(DIM)[[0, 1]]
    both = unit_length(np.concatenate([texts + shift[0], texts + shift[1]]))
    centres = np.stack([both[:60].mean(axis=0), both[60:].mean(axis=0)])
    translated = document_vectors(
        both, centres.astype(np.float32), documents=np.arange(120), langs=np.arange(120) // 60, count=120
    )
    distances = apart(lay_out(translated, nowhere(120)))
    pairs = np.diagonal(distances, 60)
    assert np.median(pairs) < 0.1 * np.median(distances)
    np.fill_diagonal(distances, np.inf)
    assert (distances.argmin(axis=1) == (np.arange(120) + 60) % 120).mean() > 0.9


def test_an_update_keeps_the_places_of_what_stays(build: BuildIndex) -> None:
    documents = [document(f"XX{number:04d}", f"promise number{number} of many") for number in range(30)]
    first = open_generation(build(documents)).positions
    assert first is not None
    assert first.shape == (30, 2)
    changed = [*documents[1:-1], document("XX0029", "quite another text"), document("XX0030", documents[4].text)]
    after = open_generation(build(changed)).positions
    assert after is not None
    assert after[:28].tolist() == first[1:29].tolist()
    assert after[29].tolist() == first[4].tolist()


def test_tiny_corpora_never_wait_for_the_library() -> None:
    code = (
        "import sys, numpy as np; from indexer.positions import lay_out;"
        "lay_out(np.eye(19, dtype=np.float32), np.full((19, 2), np.nan, dtype=np.float32));"
        "sys.exit('sklearn' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0  # noqa: S603 (our own program)
