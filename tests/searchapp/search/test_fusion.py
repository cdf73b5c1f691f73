from __future__ import annotations

import numpy as np

from searchapp.search.fusion import FusionWeights, fuse, lift


def order(fused: np.ndarray) -> list[int]:
    return [int(row) for row in np.argsort(-fused, kind="stable")]


def floats(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float32)


def rows_of(*langs: int) -> list[np.ndarray]:
    return [np.flatnonzero(np.array(langs) == number) for number in sorted({*langs})]


def test_without_keyword_matches_the_order_is_that_of_meaning() -> None:
    semantic = floats(0.2, 0.9, 0.5, 0.7)
    assert np.array_equal(fuse(semantic, semantic, rows_of(0, 1, 0, 1)), semantic)


def test_words_reorder_documents_of_one_language() -> None:
    fused = fuse(floats(0.6, 0.5), floats(0.6, 0.95), rows_of(0, 0))
    assert order(fused) == [1, 0]


def test_words_never_move_a_language_up() -> None:
    semantic = floats(0.9, 0.5, 0.4)
    langs = np.array([0, 1, 1])
    fused = fuse(semantic, semantic + floats(0.0, 0.0, 0.5), rows_of(*langs.tolist()))
    assert order(fused) == [0, 2, 1]
    assert langs[order(fused)].tolist() == langs[order(semantic)].tolist()


def test_fused_scores_are_the_same_cosines_in_another_order() -> None:
    rng = np.random.default_rng(1)
    semantic = rng.random(50, dtype=np.float32)
    fused = fuse(semantic, rng.random(50, dtype=np.float32), rows_of(*rng.integers(0, 5, 50).tolist()))
    assert sorted(fused.tolist()) == sorted(semantic.tolist())


def test_a_passage_with_all_words_is_lifted_above_languages_and_one_with_few_is_not() -> None:
    meaning, langs = floats(0.6, 0.3, 0.2), rows_of(0, 1, 1)
    for words, expected in ((0.3, [0, 1, 2]), (0.9, [2, 0, 1])):
        lifted = meaning + lift(floats(0, 0, words), FusionWeights())
        assert order(fuse(lifted, lifted, langs)) == expected
    assert not lift(floats(0, 0), FusionWeights()).any()


def test_no_documents_give_no_scores() -> None:
    assert fuse(floats(), floats(), []).shape == (0,)


def test_documents_of_no_language_keep_their_own_scores() -> None:
    fused = fuse(floats(0.1, 0.6, 0.5), floats(0.9, 0.6, 0.95), [np.array([1, 2])])
    assert fused.tolist() == floats(0.1, 0.5, 0.6).tolist()
