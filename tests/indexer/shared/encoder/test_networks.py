"""What holds for every runtime of the bundled models; float32 in torch is what they are compared with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from indexer.shared.encoder import RUNTIMES, TORCH, Encoder, load_encoder
from indexer.shared.encoder.language_neutral import read_parallel_text
from indexer.shared.encoder.networks import Lengths
from indexer.shared.encoder.runtimes import BFLOAT16, ONNXRUNTIME, OPENVINO, OPENVINO_INT8
from indexer.shared.errors import EncoderError

LANGS = ("ar", "de", "en", "es", "hi", "zh")
LINES = 40


@pytest.fixture(scope="module")
def by_runtime() -> dict[str, Encoder]:
    return {runtime: load_encoder("bundled:e5-small+raw", runtime=runtime) for runtime in RUNTIMES}


@pytest.mark.parametrize("name", ["bundled:e5-small", "bundled:use", "owner/model"])
def test_an_unknown_runtime_is_named(name: str) -> None:
    with pytest.raises(EncoderError, match="runtime 'fastest': unknown; expected auto, openvino-int8, openvino"):
        load_encoder(name, runtime="fastest")


@pytest.mark.encoder
def test_a_runtime_that_is_not_installed_is_named_with_its_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("indexer.shared.encoder.runtimes._PACKAGES", {OPENVINO: ("openvino", "no_such", "nor_this")})
    with pytest.raises(EncoderError, match=r"runtime 'openvino': not installed \(pip install no_such nor_this\)"):
        load_encoder("bundled:e5-small", runtime=OPENVINO)


@pytest.mark.encoder
@pytest.mark.parametrize(
    ("instructions", "missing", "fastest"),
    [
        ({"avx512_vnni", "avx512_bf16"}, (), OPENVINO_INT8),
        ({"avx512_vnni"}, (OPENVINO_INT8,), ONNXRUNTIME),
        ({"avx512_bf16"}, (), OPENVINO),
        ({"avx512_bf16"}, (OPENVINO_INT8, OPENVINO), ONNXRUNTIME),
        ({"avx512_bf16"}, (OPENVINO_INT8, OPENVINO, ONNXRUNTIME), BFLOAT16),
        ({"avx2"}, (), ONNXRUNTIME),
        ({"avx2"}, (ONNXRUNTIME,), OPENVINO),
        ({"avx2"}, (OPENVINO_INT8, OPENVINO, ONNXRUNTIME), TORCH),
    ],
)
def test_the_fastest_runtime_for_the_processor_that_is_installed_is_chosen(
    instructions: set[str], missing: tuple[str, ...], fastest: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cpu.get_capabilities", lambda: dict.fromkeys(instructions, True))
    packages = {OPENVINO_INT8: (), OPENVINO: (), ONNXRUNTIME: (), **dict.fromkeys(missing, ("no_such",))}
    monkeypatch.setattr("indexer.shared.encoder.runtimes._PACKAGES", packages)
    assert load_encoder("bundled:e5-small").runtime == fastest


@pytest.mark.encoder
def test_runtimes_make_vectors_of_one_revision_and_nearly_one_direction(by_runtime: dict[str, Encoder]) -> None:
    text = read_parallel_text()
    passages = [" ".join(text[lang][:8]) for lang in LANGS]
    exact = by_runtime[TORCH].encode_passages(passages)
    for runtime, encoder in by_runtime.items():
        assert (encoder.runtime, encoder.revision) == (runtime, by_runtime[TORCH].revision)
        assert (encoder.encode_passages(passages) * exact).sum(axis=1).min() > 0.997


@pytest.mark.encoder
def test_runtimes_find_the_same(by_runtime: dict[str, Encoder]) -> None:
    """Each line of the parallel text asked for in English among all lines of five other languages."""
    text = read_parallel_text()
    others = [line for lang in LANGS if lang != "en" for line in text[lang][:LINES]]
    gains = {}
    for runtime, encoder in by_runtime.items():
        scores = encoder.encode_queries(text["en"][:LINES]) @ encoder.encode_passages(others).T
        ranks = (-scores).argsort(axis=1).argsort(axis=1).reshape(LINES, -1, LINES).transpose(1, 0, 2)
        gains[runtime] = float(np.mean(1 / np.log2(2 + ranks.diagonal(axis1=1, axis2=2))))
    assert list(gains.values()) == pytest.approx([gains[TORCH]] * len(gains), abs=0.01)


def test_a_length_is_added_when_padding_has_cost_as_much() -> None:
    """Texts of 257 tokens: they are padded to 384 until that has taken long enough."""
    lengths = Lengths()
    found = [lengths.of(257) for _ in range(20)]
    assert found == sorted(found, reverse=True)
    assert {*found} == {384, 272}
    assert lengths.of(260) == 272
    assert lengths.of(300) == 384


def test_a_text_longer_than_all_known_has_its_own_length() -> None:
    assert Lengths().of(600) == 608


@pytest.mark.encoder
def test_what_stands_beside_a_text_changes_nothing_(by_runtime: dict[str, Encoder]) -> None:
    text = read_parallel_text()
    passages = [" ".join(text[lang][:count]) for lang in LANGS for count in (2, 4, 8)] + [*text["fr"][:20], ""]
    for runtime in (OPENVINO_INT8, OPENVINO, ONNXRUNTIME):
        together = by_runtime[runtime].encode_passages(passages)
        alone = np.vstack([by_runtime[runtime].encode_passages([passage]) for passage in passages])
        assert together == pytest.approx(alone, abs=1e-6)


@pytest.mark.encoder
def test_a_query_may_be_put_to_an_index_that_another_runtime_made(by_runtime: dict[str, Encoder]) -> None:
    text = read_parallel_text()
    passages = by_runtime[TORCH].encode_passages(text["es"][:LINES])
    exact = by_runtime[TORCH].encode_queries(text["en"][:LINES]) @ passages.T
    for encoder in by_runtime.values():
        scores = encoder.encode_queries(text["en"][:LINES]) @ passages.T
        assert np.corrcoef(scores.ravel(), exact.ravel())[0, 1] > 0.99


@pytest.mark.encoder
@pytest.mark.parametrize(
    ("chosen", "computing"),
    [(OPENVINO_INT8, OPENVINO), (OPENVINO, OPENVINO), (ONNXRUNTIME, OPENVINO), (BFLOAT16, TORCH), (TORCH, TORCH)],
)
def test_use_is_computed_by_what_comes_nearest_to_the_runtime_chosen(chosen: str, computing: str) -> None:
    encoder, exact = (load_encoder("bundled:use", runtime=runtime) for runtime in (chosen, TORCH))
    assert (encoder.runtime, encoder.revision) == (computing, exact.revision)
    passages = [" ".join(lines[:8]) for lang, lines in read_parallel_text().items() if lang in LANGS]
    assert (encoder.encode_passages(passages) * exact.encode_passages(passages)).sum(axis=1).min() > 0.999


@pytest.mark.encoder
def test_where_nothing_can_be_kept_the_network_is_made_for_the_occasion(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    encoder = load_encoder("bundled:e5-small", runtime=OPENVINO)
    assert encoder.encode_queries(["budget"]).shape == (1, 384)
    assert capsys.readouterr().err.count("Preparing the encoder") == 1


@pytest.mark.encoder
def test_a_network_that_cannot_be_made_is_one_line_with_a_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr("indexer.shared.encoder.networks._MAKER", "indexer.no_such_module")
    with pytest.raises(EncoderError, match=r"^runtime 'openvino': can't be prepared \(.*no_such_module.*--runtime$"):
        load_encoder("bundled:e5-small", runtime=OPENVINO)
    assert [path.name for path in (tmp_path / "concord" / "encoders").iterdir() if path.is_dir()] == []
