"""`python -m indexer.shared.encoder.preparing RUNTIME MODEL FOLDER`: the network of a bundled model for a runtime.

It is run by `networks` in a process of its own, as the libraries that convert change the ones they import and write to
stdout.

- OpenVINO: converted, no more; it computes in bfloat16 where the processor has that, and in float32 elsewhere.
- OpenVINO in 8 bits, of multilingual-e5-small: products of matrices have weights and activations in 8 bits, by ranges
  that NNCF finds in the parallel text. Before, large activations are evened out at the cost of weights (Xiao et al.
  2023, "SmoothQuant: Accurate and Efficient Post-Training Quantization for Large Language Models", arXiv:2211.10438).
- ONNX Runtime: weights in 8 bits, activations in 8 bits by ranges found anew in each text.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch

from indexer.shared.encoder.e5_model import E5_PROMPTS, e5_tokenizer, word_embeddings
from indexer.shared.encoder.e5_weights import E5_SHA256, find_e5_weights, read_e5_weights
from indexer.shared.encoder.language_neutral import read_parallel_text
from indexer.shared.encoder.runtimes import ONNXRUNTIME, OPENVINO, OPENVINO_INT8
from indexer.shared.encoder.sources import Source, source_named

if TYPE_CHECKING:
    import openvino

__all__ = ["ONNX_FILE", "OPENVINO_FILE", "RECIPE"]

OPENVINO_FILE, ONNX_FILE = "network.xml", "network.onnx"

RECIPE = 1
"""Raise it when a change of code changes what is made, so that it is made anew."""

_EVENED = 0.75
"""How far weights take over the ranges of activations: .67 to .85 come equally near to exact ones, .6 and .9 less."""


def _openvino(source: Source, folder: Path) -> None:
    _save(_converted(source), folder)


def _openvino_int8(source: Source, folder: Path) -> None:
    network = _converted(source)
    import nncf  # noqa: PLC0415 (only for this runtime, and after nobody can be told)
    from nncf.quantization.range_estimator import RangeEstimatorParametersSet  # noqa: PLC0415

    weights = read_e5_weights(find_e5_weights(), sha256=E5_SHA256)
    tokenizer = e5_tokenizer(weights)
    texts = list(_calibration_texts())

    def words_and_mask(text: str) -> list[npt.NDArray[Any]]:
        ids = np.array([tokenizer.encode(text).ids[: weights.config.positions]])
        return [word_embeddings(weights, ids), np.ones(ids.shape, dtype=np.int64)]

    advanced = nncf.AdvancedQuantizationParameters(
        smooth_quant_alphas=nncf.AdvancedSmoothQuantParameters(matmul=_EVENED),
        activations_range_estimator_params=RangeEstimatorParametersSet.MINMAX,
    )
    rounded = nncf.quantize(
        network,
        nncf.Dataset(texts, words_and_mask),
        model_type=nncf.ModelType.TRANSFORMER,
        subset_size=len(texts),
        advanced_parameters=advanced,
    )
    _save(rounded, folder)


def _converted(source: Source) -> openvino.Model:
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]  # nobody is told what is done here
    import openvino  # noqa: PLC0415 (after that)

    return openvino.convert_model(source.make(), example_input=_example(source))


def _save(network: openvino.Model, folder: Path) -> None:
    import openvino  # noqa: PLC0415 (only for this runtime)

    openvino.save_model(network, folder / OPENVINO_FILE, compress_to_fp16=False)


def _calibration_texts() -> Iterator[str]:
    """Give passages of some lines and of one, and queries, in every language of the parallel text."""
    for lines in read_parallel_text().values():
        for text in (" ".join(lines[:12]), " ".join(lines[12:20]), lines[20]):
            yield E5_PROMPTS["document"] + text
        for line in lines[21:23]:
            yield E5_PROMPTS["query"] + line


def _onnxruntime(source: Source, folder: Path) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic  # noqa: PLC0415 (only for this runtime)

    exact = folder / "float32.onnx"
    free = {0: torch.export.Dim.DYNAMIC, 1: torch.export.Dim.DYNAMIC}
    torch.onnx.export(
        source.make(),
        _example(source),
        exact,
        dynamo=True,
        input_names=["words", "mask"],
        dynamic_shapes={"words": free, "mask": free},
        external_data=False,
    )
    quantize_dynamic(exact, folder / ONNX_FILE, weight_type=QuantType.QInt8, per_channel=True)
    exact.unlink()


def _example(source: Source) -> tuple[torch.Tensor, torch.Tensor]:
    """Return an input of a size by which no part of a shape can be taken for another."""
    return torch.zeros(3, 10, source.words), torch.ones(3, 10, dtype=torch.int64)


_MAKERS = {OPENVINO: _openvino, OPENVINO_INT8: _openvino_int8, ONNXRUNTIME: _onnxruntime}


def main(runtime: str, model: str, folder: Path) -> None:
    """Make a new folder with a model's network for a runtime; what the libraries say is left out, but for errors."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    folder.mkdir()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _MAKERS[runtime](source_named(model), folder)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
