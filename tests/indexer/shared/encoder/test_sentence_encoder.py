from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from indexer.shared.encoder import Encoder
from indexer.shared.encoder.language_neutral import LanguageProjection
from indexer.shared.encoder.sentence_encoder import SentenceEncoder
from indexer.shared.errors import EncoderError
from tests.indexer.shared.encoder.fakes import DIM, FakeModel


@pytest.fixture
def model() -> FakeModel:
    return FakeModel()


@pytest.fixture
def projection() -> LanguageProjection:
    directions = np.eye(DIM, dtype=np.float32)[:2]
    return LanguageProjection(mean=np.full(DIM, 0.1, dtype=np.float32), directions=directions, origin="made up")


def test_embeddings_are_float32_of_unit_length_in_the_order_of_the_texts(model: FakeModel) -> None:
    encoder: Encoder = SentenceEncoder("fake", model, None)
    texts = [f"{'long ' * (number % 7)}{number}" for number in range(100)]
    embeddings = encoder.encode_passages(texts)
    assert (embeddings.dtype, embeddings.shape) == (np.float32, (100, DIM))
    assert np.linalg.norm(embeddings, axis=1) == pytest.approx(1, abs=1e-6)
    one_by_one = np.vstack([encoder.encode_passages([text]) for text in texts])
    assert np.array_equal(embeddings, one_by_one)


def test_texts_of_like_length_share_a_batch(model: FakeModel) -> None:
    SentenceEncoder("fake", model, None).encode_queries([("a", "a" * 500)[number % 2] for number in range(128)])
    assert [{len(text) for text in batch} for batch in model.batches] == [{500}, {1}]


def test_nothing_gives_an_empty_array_of_the_right_width(model: FakeModel, projection: LanguageProjection) -> None:
    for encoder in (SentenceEncoder("fake", model, None), SentenceEncoder("fake", model, projection)):
        assert encoder.encode_queries([]).shape == (0, DIM)
        assert encoder.encode_passages([]).dtype == np.float32
        assert encoder.count_tokens([]) == []


def test_sentences_come_in_the_order_of_their_passages_whatever_the_batches(
    model: FakeModel, projection: LanguageProjection
) -> None:
    encoder = SentenceEncoder("fake", model, projection)
    texts = [f"{number}{'x' * (number % 7)} {'long ' * (number % 5)}end" for number in range(100)]
    spans = [[(0, 1 + number % 3), (number % 4, len(text))][: number % 3] for number, text in enumerate(texts)]
    embeddings, of_sentences = encoder.encode_passages_with_sentences(texts, spans)
    pieces = [text[start:end] for text, places in zip(texts, spans, strict=True) for start, end in places]
    assert np.array_equal(embeddings, encoder.encode_passages(texts))
    assert np.array_equal(of_sentences, encoder.encode_passages(pieces))


def test_no_passages_have_no_sentences(model: FakeModel, projection: LanguageProjection) -> None:
    for one in (None, projection):
        embeddings, of_sentences = SentenceEncoder("fake", model, one).encode_passages_with_sentences([], [])
        assert (embeddings.shape, of_sentences.shape) == ((0, DIM), (0, DIM))


def test_queries_and_passages_are_encoded_differently(model: FakeModel) -> None:
    encoder = SentenceEncoder("fake", model, None)
    assert not np.allclose(encoder.encode_queries(["a"]), encoder.encode_passages(["a"]))


def test_the_projection_is_applied_to_unit_vectors_as_it_was_learnt_from_such(
    model: FakeModel, projection: LanguageProjection
) -> None:
    raw = SentenceEncoder("fake", model, None).encode_queries(["a", "b"])
    corrected = SentenceEncoder("fake", model, projection).encode_queries(["a", "b"])
    assert np.abs(corrected[:, :2]).max() < 1e-6
    assert corrected == pytest.approx(projection.apply(raw), abs=1e-6)


def test_tokens_are_counted_with_the_prompt(model: FakeModel) -> None:
    assert SentenceEncoder("fake", model, None).count_tokens(["one two", ""]) == [3, 1]


def test_lone_surrogates_are_replaced_before_a_tokenizer_sees_them(model: FakeModel) -> None:
    encoder = SentenceEncoder("fake", model, None)
    encoder.encode_queries(["a\ud800b"])
    assert model.batches == [["a?b"]]


def test_threads_take_turns(model: FakeModel) -> None:
    encoder = SentenceEncoder("fake", model, None)
    expected = encoder.encode_queries(["same"])
    start = threading.Barrier(8)

    def work(_: int) -> np.ndarray:
        start.wait()
        return np.vstack([encoder.encode_queries(["same"]) for _ in range(5)])

    with ThreadPoolExecutor(8) as threads:
        results = list(threads.map(work, range(8)))
    assert not model.overlapped
    assert np.array_equal(np.vstack(results), np.repeat(expected, 40, axis=0))


def test_no_bar_is_drawn_where_stderr_is_not_a_terminal(model: FakeModel, capsys: pytest.CaptureFixture[str]) -> None:
    SentenceEncoder("fake", model, None).encode_passages(["a"] * 100, progress=True)
    assert capsys.readouterr() == ("", "")


def test_the_revision_tells_apart_whatever_changes_embeddings(projection: LanguageProjection) -> None:
    other = LanguageProjection(mean=projection.mean, directions=projection.directions, origin="another text")
    revisions = [
        SentenceEncoder("a", FakeModel(), None).revision,
        SentenceEncoder("a", FakeModel(), projection).revision,
        SentenceEncoder("a", FakeModel(), other).revision,
        SentenceEncoder("a", FakeModel(identity="other weights"), None).revision,
        SentenceEncoder("a", FakeModel(passage_prompt=""), None).revision,
    ]
    assert len(set(revisions)) == len(revisions)
    assert all(len(revision) == 16 and int(revision, 16) for revision in revisions)
    assert SentenceEncoder("b", FakeModel(), None).revision == revisions[0]


def test_a_projection_of_another_width_is_refused(model: FakeModel) -> None:
    narrow = LanguageProjection(mean=np.zeros(4, np.float32), directions=np.zeros((0, 4), np.float32), origin="")
    with pytest.raises(EncoderError, match="8 dimensions, the language projection 4"):
        SentenceEncoder("fake", model, narrow)


def test_importing_the_package_does_not_import_torch() -> None:
    script = "import sys, indexer.shared.encoder; sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0  # noqa: S603 (our own script)
