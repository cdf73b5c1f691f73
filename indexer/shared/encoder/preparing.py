"""`python -m indexer.shared.encoder.preparing RUNTIME FOLDER`: the network of multilingual-e5-small for a runtime.

It is run by `networks` in a process of its own, as the libraries that convert and quantise change the ones they import
and write to stdout.

- OpenVINO: weights and activations in 8 bits, their ranges found by NNCF on the parallel text, one passage and one
  query for each of its languages (post-training quantisation with SmoothQuant, Xiao et al. 2023, arXiv:2211.10438).
- ONNX Runtime: weights in 8 bits, activations in 8 bits by ranges found anew in each text.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from indexer.shared.encoder.e5_model import E5_PROMPTS, e5_network, e5_tokenizer, word_embeddings
from indexer.shared.encoder.e5_weights import E5_SHA256, E5Weights, find_e5_weights, read_e5_weights
from indexer.shared.encoder.language_neutral import read_parallel_text
from indexer.shared.encoder.runtimes import ONNXRUNTIME, OPENVINO

__all__ = ["ONNX_FILE", "OPENVINO_FILE", "RECIPE"]

OPENVINO_FILE, ONNX_FILE = "network.xml", "network.onnx"

RECIPE = 1
"""Raise it when a change of code changes what is made, so that it is made anew."""

_SMOOTHING = 0.75
"""How much of the activations' range is moved into the weights, from 0 to 1.

Mean cosine to float32 of 80 queries and 30 passages: .5 .9962 .9966, .65 .9987 .9990, .75 .9988 .9990, .9 .9982 .9985;
NNCF's own choice .9976 .9979.
"""

_LINES = 8  # of the parallel text in a passage to learn ranges from


def _openvino(folder: Path) -> None:
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]  # nobody is told what is done here
    import nncf  # noqa: PLC0415 (after that)
    import openvino  # noqa: PLC0415 (the same)
    from nncf.quantization.advanced_parameters import AdvancedSmoothQuantParameters  # noqa: PLC0415 (the same)

    weights = _weights()
    samples = list(_samples(weights))
    network = openvino.convert_model(e5_network(weights), example_input=_example(weights))
    quantised = nncf.quantize(
        network,
        nncf.Dataset(samples),
        model_type=nncf.ModelType.TRANSFORMER,
        subset_size=len(samples),
        advanced_parameters=nncf.AdvancedQuantizationParameters(
            smooth_quant_alphas=AdvancedSmoothQuantParameters(matmul=_SMOOTHING),
            disable_bias_correction=True,  # it changes nothing here, and takes as long as all the rest
        ),
    )
    openvino.save_model(quantised, folder / OPENVINO_FILE, compress_to_fp16=False)


def _onnxruntime(folder: Path) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic  # noqa: PLC0415 (only for this runtime)

    weights = _weights()
    exact = folder / "float32.onnx"
    free = {0: torch.export.Dim.DYNAMIC, 1: torch.export.Dim.DYNAMIC}
    torch.onnx.export(
        e5_network(weights),
        _example(weights),
        exact,
        dynamo=True,
        input_names=["words", "mask"],
        dynamic_shapes={"words": free, "mask": free},
        external_data=False,
    )
    quantize_dynamic(exact, folder / ONNX_FILE, weight_type=QuantType.QInt8, per_channel=True)
    exact.unlink()


def _weights() -> E5Weights:
    return read_e5_weights(find_e5_weights(), sha256=E5_SHA256)


def _example(weights: E5Weights) -> tuple[torch.Tensor, torch.Tensor]:
    """Return an input of a size by which no part of a shape can be taken for another."""
    return torch.zeros(3, 10, weights.config.hidden_size), torch.ones(3, 10, dtype=torch.int64)


def _samples(weights: E5Weights) -> Iterator[tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]]:
    """Give words and mask of a passage and of a query in each language of the parallel text."""
    tokenizer = e5_tokenizer(weights)
    for number, lines in enumerate(read_parallel_text().values()):
        first = number * _LINES % len(lines)
        passage = " ".join([*lines[first:], *lines[:first]][:_LINES])
        for text in (E5_PROMPTS["document"] + passage, E5_PROMPTS["query"] + lines[first]):
            ids = np.array([tokenizer.encode(text).ids[: weights.config.positions]])
            yield word_embeddings(weights, ids), np.ones_like(ids)


_MAKERS = {OPENVINO: _openvino, ONNXRUNTIME: _onnxruntime}


def main(runtime: str, folder: Path) -> None:
    """Make a new folder with the network for a runtime; what the libraries say is left out, but for errors."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    folder.mkdir()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _MAKERS[runtime](folder)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
