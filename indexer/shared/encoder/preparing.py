"""`python -m indexer.shared.encoder.preparing RUNTIME FOLDER`: the network of multilingual-e5-small for a runtime.

It is run by `networks` in a process of its own, as the libraries that convert change the ones they import and write to
stdout.

- OpenVINO: converted, no more; it computes in bfloat16 where the processor has that, and in float32 elsewhere.
- ONNX Runtime: weights in 8 bits, activations in 8 bits by ranges found anew in each text.
"""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path

import torch

from indexer.shared.encoder.e5_model import e5_network
from indexer.shared.encoder.e5_weights import E5_SHA256, E5Weights, find_e5_weights, read_e5_weights
from indexer.shared.encoder.runtimes import ONNXRUNTIME, OPENVINO

__all__ = ["ONNX_FILE", "OPENVINO_FILE", "RECIPE"]

OPENVINO_FILE, ONNX_FILE = "network.xml", "network.onnx"

RECIPE = 1
"""Raise it when a change of code changes what is made, so that it is made anew."""


def _openvino(folder: Path) -> None:
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]  # nobody is told what is done here
    import openvino  # noqa: PLC0415 (after that)

    weights = _weights()
    network = openvino.convert_model(e5_network(weights), example_input=_example(weights))
    openvino.save_model(network, folder / OPENVINO_FILE, compress_to_fp16=False)


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
