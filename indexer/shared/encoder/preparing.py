"""`python -m indexer.shared.encoder.preparing RUNTIME MODEL FOLDER`: the network of a bundled model for a runtime.

It is run by `networks` in a process of its own, as the libraries that convert change the ones they import and write to
stdout.

- OpenVINO: converted, no more; it computes in bfloat16 where the processor has that, and in float32 elsewhere.
- OpenVINO in 8 bits, of multilingual-e5-small: products of matrices have weights and activations in 8 bits, by ranges
  that NNCF finds in the parallel text.
- ONNX Runtime, of multilingual-e5-small: the same by ranges that are found anew in each text, which it takes itself.
  Attention is written out: torch's own looks at every weight whether it is a number, a twelfth of all the time.

For 8 bits, large activations are evened out before, at the cost of weights (Xiao et al. 2023, "SmoothQuant: Accurate
and Efficient Post-Training Quantization for Large Language Models", arXiv:2211.10438): NNCF does so, and for ONNX
Runtime it is done here.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch
from transformers import PreTrainedModel

from indexer.shared.encoder.e5_model import E5_PROMPTS, e5_tokenizer, word_embeddings
from indexer.shared.encoder.e5_weights import E5_SHA256, find_e5_weights, read_e5_weights
from indexer.shared.encoder.language_neutral import read_parallel_text
from indexer.shared.encoder.runtimes import ONNXRUNTIME, OPENVINO, OPENVINO_INT8
from indexer.shared.encoder.sources import Source, source_named

if TYPE_CHECKING:
    import openvino

__all__ = ["ONNX_FILE", "OPENVINO_FILE", "RECIPE", "even_out"]

OPENVINO_FILE, ONNX_FILE = "network.xml", "network.onnx"

RECIPE = 2
"""Raise it when a change of code changes what is made, so that it is made anew."""

_EVENED = 0.75
"""How far weights take over the ranges of activations: .67 to .85 come equally near to exact ones, .6 and .9 less."""

_LEAST = 1e-5  # of ranges that are divided by


def _openvino(source: Source, folder: Path) -> None:
    _save(_converted(source), folder)


def _openvino_int8(source: Source, folder: Path) -> None:
    network = _converted(source)
    import nncf  # noqa: PLC0415 (only for this runtime, and after nobody can be told)
    from nncf.quantization.range_estimator import RangeEstimatorParametersSet  # noqa: PLC0415

    examples = list(_calibration_inputs())
    advanced = nncf.AdvancedQuantizationParameters(
        smooth_quant_alphas=nncf.AdvancedSmoothQuantParameters(matmul=_EVENED),
        activations_range_estimator_params=RangeEstimatorParametersSet.MINMAX,
    )
    rounded = nncf.quantize(
        network,
        nncf.Dataset(examples),
        model_type=nncf.ModelType.TRANSFORMER,
        subset_size=len(examples),
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


def _calibration_inputs() -> Iterator[list[npt.NDArray[Any]]]:
    """Give words and mask of each of the texts for calibration, as multilingual-e5-small takes them."""
    weights = read_e5_weights(find_e5_weights(), sha256=E5_SHA256)
    tokenizer = e5_tokenizer(weights)
    for text in _calibration_texts():
        ids = np.array([tokenizer.encode(text).ids[: weights.config.positions]])
        yield [word_embeddings(weights, ids), np.ones(ids.shape, dtype=np.int64)]


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
    network = source.make()
    for part in network.children():
        if isinstance(part, PreTrainedModel):
            part.set_attn_implementation("eager")
    even_out(network, _calibration_inputs())
    torch.onnx.export(
        network,
        _example(source),
        exact,
        dynamo=True,
        input_names=["words", "mask"],
        dynamic_shapes={"words": free, "mask": free},
        external_data=False,
    )
    quantize_dynamic(exact, folder / ONNX_FILE, weight_type=QuantType.QInt8, per_channel=True)
    exact.unlink()


def even_out(network: torch.nn.Module, examples: Iterable[Sequence[npt.NDArray[Any]]]) -> None:
    """Divide what linear layers take by scales, and multiply their weights by them; rounding aside, nothing changes.

    `examples` are inputs of the network, by which the ranges of activations are known. The linear layers in one module
    take the same input.
    """
    largest: dict[torch.nn.Module, torch.Tensor] = {}

    def observe(layer: torch.nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        found = inputs[0].abs().amax(dim=(0, 1))
        largest[layer] = torch.maximum(largest.get(layer, found), found)

    modules = list(network.modules())
    hooks = [one.register_forward_pre_hook(observe) for one in modules if isinstance(one, torch.nn.Linear)]
    with torch.inference_mode():
        for example in examples:
            network(*map(torch.from_numpy, example))
    for hook in hooks:
        hook.remove()
    for module in modules:
        layers = {name: part for name, part in module.named_children() if isinstance(part, torch.nn.Linear)}
        if layers:
            of_input = largest[next(iter(layers.values()))].clamp(min=_LEAST)
            weights = torch.cat([layer.weight.detach() for layer in layers.values()])
            scales = of_input**_EVENED / weights.abs().amax(dim=0).clamp(min=_LEAST) ** (1 - _EVENED)
            for name, layer in layers.items():
                setattr(module, name, _Evened(layer, scales))


class _Evened(torch.nn.Module):
    """A linear layer whose input is divided by scales, float32 `(inputs,)`."""

    def __init__(self, layer: torch.nn.Linear, scales: torch.Tensor) -> None:
        super().__init__()
        self._layer = layer
        self._shares = torch.nn.Buffer(1 / scales)
        with torch.no_grad():
            layer.weight.mul_(scales)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return what the layer gives."""
        outputs: torch.Tensor = self._layer(inputs * self._shares)
        return outputs


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
