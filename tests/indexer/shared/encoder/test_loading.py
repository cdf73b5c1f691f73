from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from types import ModuleType

import numpy as np
import pytest

from indexer.shared.encoder import SecondModel, load_encoder
from indexer.shared.encoder.loading import learn, learned_file, shipped
from indexer.shared.errors import EncoderError
from tests.indexer.shared.encoder.fakes import DIM, FakeModel

LINES = 55 * 40


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch) -> dict[str, FakeModel]:
    """Lets `load_encoder` load fake models; USE is another than the rest."""
    fakes = {"first": FakeModel(), "use": FakeModel(identity="use", passage_prompt="")}
    module = ModuleType("indexer.shared.encoder.models")
    module.load_model = lambda name, *_: fakes["use" if name == "bundled:use" else "first"]  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return fakes


@pytest.fixture
def collecting() -> Iterator[None]:
    yield
    gc.enable()


@pytest.mark.usefixtures("collecting")
@pytest.mark.parametrize("collects", [True, False])
def test_garbage_is_collected_as_before_once_a_model_is_loaded_or_cannot_be(
    models: dict[str, FakeModel], monkeypatch: pytest.MonkeyPatch, *, collects: bool
) -> None:
    def load(*_: object) -> FakeModel:
        assert not gc.isenabled()
        return models.pop("first")

    monkeypatch.setattr(sys.modules["indexer.shared.encoder.models"], "load_model", load)
    (gc.enable if collects else gc.disable)()
    load_encoder("owner/model+raw")
    assert gc.isenabled() == collects
    with pytest.raises(KeyError):
        load_encoder("owner/model+raw")
    assert gc.isenabled() == collects


@pytest.mark.parametrize("name", ["owner/model", "owner/model+use"])
def test_what_was_learned_reproduces_the_encoder_without_learning_again(
    models: dict[str, FakeModel], name: str
) -> None:
    encoder = load_encoder(name)
    batches = len(models["first"].batches)
    again = load_encoder(name, learned=dict(encoder.learned))
    assert len(models["first"].batches) == batches
    assert (again.name, again.revision) == (name, encoder.revision)
    assert np.array_equal(again.encode_queries(["a"]), encoder.encode_queries(["a"]))


@pytest.mark.usefixtures("models")
def test_the_suffix_raw_leaves_the_model_as_it_is() -> None:
    encoder = load_encoder("owner/model+raw")
    assert not encoder.learned
    assert encoder.name == "owner/model+raw"
    assert encoder.revision != load_encoder("owner/model").revision


@pytest.mark.usefixtures("models")
def test_the_suffix_use_puts_a_second_model_behind_the_first() -> None:
    first, pair = load_encoder("owner/model"), load_encoder("owner/model+use")
    assert pair.dim == 2 * DIM
    assert isinstance(pair.second, SecondModel)
    assert (pair.second.start, "ru" in pair.second.langs, "hi" in pair.second.langs) == (DIM, True, False)
    passages = ["one text", "another"]
    assert np.array_equal(pair.encode_passages(passages)[:, :DIM], first.encode_passages(passages))
    assert np.linalg.norm(pair.encode_passages(passages)[:, DIM:], axis=1) == pytest.approx(1, abs=1e-5)
    assert pair.revision != first.revision


@pytest.mark.usefixtures("models")
def test_arrays_of_another_encoder_are_refused() -> None:
    alone, pair = load_encoder("owner/model"), load_encoder("owner/model+use")
    with pytest.raises(EncoderError, match="language projection"):
        load_encoder("owner/model+use", learned=alone.learned)
    narrow = {key: array[:1] if key == "languages.weights" else array for key, array in pair.learned.items()}
    with pytest.raises(EncoderError, match="8 dimensions, the classifier 1"):
        load_encoder("owner/model+use", learned=narrow)


def test_learning_reads_every_line_of_the_parallel_text_in_both_roles() -> None:
    model = FakeModel()
    learned = learn((model,))
    assert sum(map(len, model.batches)) == 2 * LINES
    assert learned["mean"].shape == (DIM,)
    assert 0 < len(learned["directions"]) < DIM


def test_what_ships_is_for_its_own_models_only() -> None:
    assert learned_file("bundled:e5-small+use").is_file()
    assert shipped("bundled:e5-small", (FakeModel(),)) is None
    assert shipped("bundled:e5-small+use", (FakeModel(), FakeModel())) is None
    assert shipped("owner/model", (FakeModel(),)) is None
