"""Which program computes the network of `bundled:e5-small`: the names, and what is needed for each."""

from __future__ import annotations

from importlib import util

from indexer.shared.errors import EncoderError

__all__ = [
    "AUTO",
    "BFLOAT16",
    "ONNXRUNTIME",
    "OPENVINO",
    "OPENVINO_INT8",
    "RUNTIMES",
    "TORCH",
    "check_runtime",
    "missing_packages",
]

AUTO = "auto"
"""The fastest runtime for the processor that is installed."""

OPENVINO_INT8, OPENVINO, ONNXRUNTIME = "openvino-int8", "openvino", "onnxruntime"
BFLOAT16, TORCH = "torch-bfloat16", "torch"

RUNTIMES = (OPENVINO_INT8, OPENVINO, ONNXRUNTIME, BFLOAT16, TORCH)
"""OpenVINO in 8 bits, and in 16 or 32, ONNX Runtime in 8, torch in 16 and 32: where the processor has instructions for
all of these, the fastest first."""

_PACKAGES = {
    OPENVINO_INT8: ("openvino", "nncf"),
    OPENVINO: ("openvino",),
    ONNXRUNTIME: ("onnxruntime", "onnx", "onnxscript"),
}


def check_runtime(runtime: str) -> None:
    """Raise EncoderError for a name that is none of RUNTIMES nor AUTO."""
    if runtime not in {AUTO, *RUNTIMES}:
        raise EncoderError(f"runtime {runtime!r}: unknown; expected {', '.join((AUTO, *RUNTIMES))}")


def missing_packages(runtime: str) -> list[str]:
    """Return the packages that a runtime needs and that aren't installed."""
    return [package for package in _PACKAGES.get(runtime, ()) if util.find_spec(package) is None]
