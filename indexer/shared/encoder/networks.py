"""The network of multilingual-e5-small, computed by the fastest runtime at hand.

OpenVINO and ONNX Runtime compute what `preparing` makes of the weights once for a machine, in a process of its own, and
keeps in the user's cache folder (XDG_CACHE_HOME, on Linux ~/.cache/concord/encoders). All that is in there can be
deleted.

In 16 or 8 bits a text's embedding would depend, if little, on how far the texts beside it have it padded. Texts are
therefore padded to the next multiple of 16 tokens, whatever stands beside them, and computed with others of that length
or alone (ONNX Runtime finds one range for all texts that it is given), on one core, as many pieces at a time as there
are cores for it. Fewer lengths also save time: a runtime takes some 50 ms when it sees one for the first time.
"""

from __future__ import annotations

import os
import re
import subprocess  # nosec B404 (runs this very program)
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory
from typing import Protocol

import click
import numpy as np
import numpy.typing as npt
import torch
from filelock import FileLock
from platformdirs import user_cache_path

from indexer.shared.encoder.e5_model import e5_network
from indexer.shared.encoder.e5_weights import E5_SHA256, E5Weights
from indexer.shared.encoder.preparing import ONNX_FILE, OPENVINO_FILE, RECIPE
from indexer.shared.encoder.runtimes import (
    AUTO,
    BFLOAT16,
    ONNXRUNTIME,
    OPENVINO,
    RUNTIMES,
    TORCH,
    missing_packages,
)
from indexer.shared.errors import EncoderError

__all__ = ["Network", "load_network"]

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.int64]

_MAKER = "indexer.shared.encoder.preparing"
_STEP = 16  # tokens
_TEXTS = 8  # in a piece, of
_SHORT = 64  # tokens at most; longer ones fill a core by themselves
_PLAIN = re.compile(r"[\d.]+")  # of a version, without what tells one build from another
_USUAL = (16, 32)  # tokens of most queries, alone: fixed shapes save a third of the time where lengths change
_WARMED = (*_USUAL, 48)  # which are not to wait for their length's first time, nor for the first of all others


class Network(Protocol):
    """Computes the network. `streams` texts, or calls, are best computed at the same time."""

    runtime: str
    streams: int

    def hidden(self, words: Floats, mask: Mask) -> Floats:
        """Return an embedding for each token in its context, float32 `(texts, tokens, hidden size)`.

        `words` has that shape; `mask`, `(texts, tokens)`, is 1 for the tokens of each text and 0 for what follows.
        """


def load_network(weights: E5Weights, runtime: str, threads: int) -> Network:
    """Return the network by this runtime, or by the fastest at hand; EncoderError if it can't be had.

    `threads` is how many cores it may take.
    """
    return _NETWORKS[_chosen(runtime)](weights, threads)


def _chosen(runtime: str) -> str:
    if runtime == AUTO:
        return next(one for one in RUNTIMES if not missing_packages(one) and (one != BFLOAT16 or _has_bfloat16()))
    missing = missing_packages(runtime)
    if missing:
        raise EncoderError(f"runtime {runtime!r}: not installed (pip install {' '.join(missing)})")
    return runtime


def _has_bfloat16() -> bool:
    """Say whether the processor multiplies matrices of bfloat16; elsewhere it takes longer than float32."""
    found = torch.cpu.get_capabilities()
    return bool(found.get("avx512_bf16") or found.get("amx_bf16") or found.get("bf16"))


class _TorchNetwork:
    """The network in torch, which has all cores for one call."""

    streams = 1

    def __init__(self, weights: E5Weights, runtime: str, kind: torch.dtype) -> None:
        self.runtime = runtime
        self._kind = kind
        self._network = e5_network(weights).to(kind)

    def hidden(self, words: Floats, mask: Mask) -> Floats:
        """Return an embedding for each token."""
        with torch.inference_mode():
            found = self._network(torch.from_numpy(words).to(self._kind), torch.from_numpy(mask))
            array: Floats = found.float().numpy()
            return array


class _PiecewiseNetwork:
    """The network in a runtime that computes pieces on one core each, `streams` at once.

    A piece is a text, or `texts` short ones of one length. `compute` takes words `(texts, tokens, hidden size)` and
    mask `(texts, tokens)` and gives what `hidden` gives.
    """

    def __init__(self, runtime: str, compute: Callable[[Floats, Mask], Floats], *, streams: int, texts: int) -> None:
        self.runtime = runtime
        self.streams = streams
        self._texts = texts
        self._compute = compute
        self._pool = ThreadPoolExecutor(streams, thread_name_prefix=runtime)

    def hidden(self, words: Floats, mask: Mask) -> Floats:
        """Return an embedding for each token."""
        lengths = mask.sum(axis=1)
        padded = -(-lengths // _STEP) * _STEP
        found = np.zeros_like(words)

        def compute(rows: list[int], length: int) -> None:
            count = 1 if len(rows) == 1 else self._texts
            texts = np.zeros((count, length, words.shape[2]), dtype=np.float32)
            own = np.zeros((count, length), dtype=np.int64)
            own[:, 0] = 1  # a text of nothing can't be computed
            for place, row in enumerate(rows):
                texts[place, : lengths[row]] = words[row, : lengths[row]]
                own[place, : lengths[row]] = 1
            hidden = self._compute(texts, own)
            for place, row in enumerate(rows):
                found[row, : lengths[row]] = hidden[place, : lengths[row]]

        pieces = [
            (piece, int(length))
            for length in np.unique(padded)[::-1]
            for piece in _pieces(np.flatnonzero(padded == length).tolist(), self._texts if length <= _SHORT else 1)
        ]
        if len(pieces) == 1:  # as a query is: no other thread need wake up
            compute(*pieces[0])
            return found
        for done in [self._pool.submit(compute, *piece) for piece in pieces]:
            done.result()
        return found

    def warmed(self, size: int) -> _PiecewiseNetwork:
        """Compute texts of usual lengths on every core, of words of this size; return itself.

        The very first one is computed alone: two at a time have been seen to wait for each other for ever, in what the
        runtime sets up at its first use.
        """
        for length in _WARMED:
            words, mask = np.ones((1, length, size), np.float32), np.ones((1, length), np.int64)
            self._compute(words, mask)
            for done in [self._pool.submit(self._compute, words, mask) for _ in range(4 * self.streams)]:
                done.result()
        return self


def _pieces(rows: list[int], size: int) -> list[list[int]]:
    return [rows[start : start + size] for start in range(0, len(rows), size)]


def _torch(weights: E5Weights, _threads: int) -> Network:
    return _TorchNetwork(weights, TORCH, torch.float32)


def _bfloat16(weights: E5Weights, _threads: int) -> Network:
    return _TorchNetwork(weights, BFLOAT16, torch.bfloat16)


def _openvino(weights: E5Weights, threads: int) -> Network:
    import openvino  # noqa: PLC0415 (only where it is the runtime)

    core = openvino.Core()
    settings = {"NUM_STREAMS": threads, "INFERENCE_NUM_THREADS": threads}

    def compiled(network: openvino.Model) -> SimpleQueue[openvino.InferRequest]:
        """Return as many ways to compute a network as may be taken at once."""
        program = core.compile_model(network, "CPU", settings)
        free: SimpleQueue[openvino.InferRequest] = SimpleQueue()
        for _ in range(threads):
            free.put(program.create_infer_request())
        return free

    with _prepared(OPENVINO, openvino.__version__) as folder:
        network = core.read_model(folder / OPENVINO_FILE)
        of_any_shape = compiled(network)
        of_shape = {}
        for length in _USUAL:
            fixed = network.clone()
            words, mask = fixed.inputs
            fixed.reshape(
                {
                    words: openvino.PartialShape([1, length, weights.config.hidden_size]),
                    mask: openvino.PartialShape([1, length]),
                }
            )
            of_shape[1, length] = compiled(fixed)

    def compute(words: Floats, mask: Mask) -> Floats:
        free = of_shape.get(mask.shape, of_any_shape)
        request = free.get()
        try:
            found: Floats = request.infer([words, mask], share_inputs=True)[0]
        finally:
            free.put(request)
        return found

    return _PiecewiseNetwork(OPENVINO, compute, streams=threads, texts=_TEXTS).warmed(weights.config.hidden_size)


def _onnxruntime(weights: E5Weights, threads: int) -> Network:
    import onnxruntime  # noqa: PLC0415 (only where it is the runtime)

    onnxruntime.disable_telemetry_events()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    with _prepared(ONNXRUNTIME, onnxruntime.__version__) as folder:
        session = onnxruntime.InferenceSession(folder / ONNX_FILE, options, providers=["CPUExecutionProvider"])

    def compute(words: Floats, mask: Mask) -> Floats:
        found: Floats = session.run(None, {"words": words, "mask": mask})[0]
        return found

    return _PiecewiseNetwork(ONNXRUNTIME, compute, streams=threads, texts=1).warmed(weights.config.hidden_size)


_NETWORKS: dict[str, Callable[[E5Weights, int], Network]] = {
    OPENVINO: _openvino,
    ONNXRUNTIME: _onnxruntime,
    BFLOAT16: _bfloat16,
    TORCH: _torch,
}


@contextmanager
def _prepared(runtime: str, version: str) -> Iterator[Path]:
    """Give the folder with the network for a runtime; where nothing can be kept, it is gone afterwards."""
    cache = user_cache_path("concord") / "encoders"
    folder = cache / "-".join([E5_SHA256[:16], str(RECIPE), runtime, *_PLAIN.findall(version)[:1]])
    with ExitStack() as stack:
        try:
            cache.mkdir(parents=True, exist_ok=True)
            stack.enter_context(FileLock(folder.with_suffix(".lock")))
            if not folder.is_dir():
                with TemporaryDirectory(dir=cache, prefix="new-") as scratch:
                    _prepare(runtime, Path(scratch) / "made")
                    (Path(scratch) / "made").rename(folder)
        except OSError:  # no space, or no right to write
            folder = Path(stack.enter_context(TemporaryDirectory())) / "made"
            _prepare(runtime, folder)
        yield folder


def _prepare(runtime: str, folder: Path) -> None:
    """Have the network made for a runtime, into a new folder, by another process: the libraries change this one."""
    click.echo("Preparing the encoder for this processor, once; this takes some ten seconds ...", err=True)
    made = subprocess.run(  # noqa: S603  # nosec B603 (this program, and names of our own)
        [sys.executable, "-m", _MAKER, runtime, str(folder)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if made.returncode:
        reason = (made.stderr.strip() or f"exit code {made.returncode}").splitlines()[-1]
        raise EncoderError(f"runtime {runtime!r}: can't be prepared ({reason}); another can be chosen with --runtime")
