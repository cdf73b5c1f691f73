from __future__ import annotations

import numpy as np
import pytest

from indexer.shared.errors import EncoderError
from indexer.workers import embed_batch, in_parallel, thread_crew
from tests.fakes import FakeEncoder
from tests.indexer.workers.fakes import batch


def test_threads_make_the_vectors_that_a_batch_has_by_itself() -> None:
    batches = [batch(number, f"text {number}") for number in range(10)]
    encoder = FakeEncoder()
    with thread_crew(encoder) as crew:
        done = {one.number: vectors for one, vectors in in_parallel(batches, crew)}
    assert sorted(done) == list(range(10))
    for one in batches:
        assert np.array_equal(done[one.number].texts, embed_batch(one, encoder).texts)


def test_what_an_encoder_raises_ends_all(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise EncoderError("no more memory")

    batches = (batch(number, "text") for number in range(1000))
    encoder = FakeEncoder()
    monkeypatch.setattr(encoder, "encode_passages_with_sentences", fail)
    with pytest.raises(EncoderError, match="no more memory"), thread_crew(encoder) as crew:
        list(in_parallel(batches, crew))
    assert next(batches).number < 10
