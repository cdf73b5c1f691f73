"""The networks of the bundled models, computed by the fastest runtime at hand.

OpenVINO and ONNX Runtime compute what `preparing` makes of the weights once for a machine, in a process of its own, and
keeps in the user's cache folder (XDG_CACHE_HOME, on Linux ~/.cache/concord/encoders). All that is in there can be
deleted.

OpenVINO is given texts of about one length together, on one core, as many pieces at a time as there are cores for it.
Padded to a multiple of 16 tokens, a text has the same embedding, bit for bit, however far it is padded and whatever
stands beside it; without, in 16 or 8 bits, it would not. There are few lengths because OpenVINO takes some 100 ms when
it sees one for the first time. ONNX Runtime takes no longer then, but finds one range for all that it is given, so that
each text is computed alone, padded to its own next multiple of 8.
"""

from __future__ import annotations

import os
import re
import subprocess  # nosec B404 (runs this very program)
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
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

from indexer.shared.encoder.preparing import ONNX_FILE, OPENVINO_FILE, RECIPE
from indexer.shared.encoder.runtimes import (
    AUTO,
    BFLOAT16,
    ONNXRUNTIME,
    OPENVINO,
    OPENVINO_INT8,
    TORCH,
    missing_packages,
)
from indexer.shared.encoder.sources import USE, Source
from indexer.shared.errors import EncoderError

__all__ = ["Lengths", "Network", "load_network"]

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.int64]

_MAKER = "indexer.shared.encoder.preparing"
_STEP = 16  # tokens
_STEP_ALONE = {ONNXRUNTIME: 8}  # of texts computed alone, where it isn't the same
_TOKENS = 384  # of a piece: texts alone take up to a fifth longer
_LENGTHS: tuple[int, ...] = (16, 32, 48, 64, 96, 128, 192, 256, 384, 512)  # tokens, at first
_WASTED = 1000  # tokens of padding that take as long as a runtime's first time with a length
_PLAIN = re.compile(r"[\d.]+")  # of a version, without what tells one build from another
_USUAL = (16, 32)  # tokens of most queries, alone: fixed shapes save a third of the time where lengths change
_BFLOAT16_SETS = ("avx512_bf16", "amx_bf16", "bf16")  # instructions, as torch names them
_INT8_SETS = ("avx512_vnni", "avx_vnni", "amx_int8")
_WARMED = (*_USUAL, 48)  # which are not to wait for their length's first time, nor for the first of all others


class Network(Protocol):
    """Computes the network. `streams` texts, or calls, are best computed at the same time."""

    runtime: str
    streams: int

    def features(self, words: Floats, mask: Mask) -> Floats:
        """Return the features of each token in its context, float32 `(texts, tokens, features of a token)`.

        `words` is float32 `(texts, tokens, length of a word embedding)`; `mask`, `(texts, tokens)`, is 1 for the tokens
        of each text and 0 for what follows.
        """


def load_network(source: Source, runtime: str, threads: int) -> Network:
    """Return a network by this runtime, or by the fastest at hand; EncoderError if it can't be had.

    The runtimes are those of multilingual-e5-small; USE has OpenVINO, if it is installed, beside any but torch's, and
    else torch, in 32 bits. `threads` is how many cores it may take.
    """
    chosen = _chosen(runtime)
    if source.name == USE:
        chosen = TORCH if chosen in {BFLOAT16, TORCH} or missing_packages(OPENVINO) else OPENVINO
    return _NETWORKS[chosen](source, threads)


def _chosen(runtime: str) -> str:
    if runtime == AUTO:
        return next(one for one in _fastest_first() if not missing_packages(one))
    missing = missing_packages(runtime)
    if missing:
        raise EncoderError(f"runtime {runtime!r}: not installed (pip install {' '.join(missing)})")
    return runtime


def _fastest_first() -> list[str]:
    """Return the runtimes for this processor: products of matrices in bits that it has no instructions for take longer.

    ONNX Runtime's 8 bits do without such instructions.
    """
    found = torch.cpu.get_capabilities()
    bfloat16, int8 = (any(found.get(one) for one in needed) for needed in (_BFLOAT16_SETS, _INT8_SETS))
    others = [OPENVINO, ONNXRUNTIME, BFLOAT16] if bfloat16 else [ONNXRUNTIME, OPENVINO]
    return [*([OPENVINO_INT8] if int8 else []), *others, TORCH]


class _TorchNetwork:
    """The network in torch, which has all cores for one call."""

    streams = 1

    def __init__(self, source: Source, runtime: str, kind: torch.dtype) -> None:
        self.runtime = runtime
        self._kind = kind
        self._network = source.make().to(kind)

    def features(self, words: Floats, mask: Mask) -> Floats:
        """Return the features of each token."""
        with torch.inference_mode():
            found = self._network(torch.from_numpy(words).to(self._kind), torch.from_numpy(mask))
            array: Floats = found.float().numpy()
            return array


class _PiecewiseNetwork:
    """The network in a runtime that computes pieces on one core each, `streams` at once.

    A piece is a text of up to `alone` tokens, or longer ones that are about as long as each other. `compute` takes and
    gives what `features` does.
    """

    def __init__(
        self, source: Source, runtime: str, compute: Callable[[Floats, Mask], Floats], *, streams: int, alone: int
    ) -> None:
        self.runtime = runtime
        self.streams = streams
        self._source = source
        self._compute = compute
        self._alone = alone
        self._step_alone = _STEP_ALONE.get(runtime, _STEP)
        self._lengths = Lengths()
        self._pool = ThreadPoolExecutor(streams, thread_name_prefix=runtime)

    def features(self, words: Floats, mask: Mask) -> Floats:
        """Return the features of each token."""
        lengths: list[int] = mask.sum(axis=1).tolist()
        found = np.zeros((*mask.shape, self._source.features), dtype=np.float32)

        def compute(rows: list[int], count: int, length: int) -> None:
            texts = np.zeros((count, length, words.shape[2]), dtype=np.float32)
            own = np.zeros((count, length), dtype=np.int64)
            own[:, 0] = 1  # a text of nothing can't be computed
            for place, row in enumerate(rows):
                texts[place, : lengths[row]] = words[row, : lengths[row]]
                own[place, : lengths[row]] = 1
            computed = self._compute(texts, own)
            for place, row in enumerate(rows):
                found[row, : lengths[row]] = computed[place, : lengths[row]]

        pieces = list(self._pieces(lengths))
        if len(pieces) == 1:  # as a query is: no other thread need wake up
            compute(*pieces[0])
            return found
        for done in [self._pool.submit(compute, *piece) for piece in pieces]:
            done.result()
        return found

    def _pieces(self, lengths: Sequence[int]) -> Iterator[tuple[list[int], int, int]]:
        """Yield the rows of texts that are computed together, for how many there is room, and how long all are.

        The longest come first. Room for more than there are is filled with blank texts.
        """
        rows = sorted(range(len(lengths)), key=lambda row: -lengths[row])
        longer = [row for row in rows if lengths[row] > self._alone]
        others = rows[len(longer) :]
        while longer:
            length = self._lengths.of(lengths[longer[0]])
            room = max(1, _TOKENS // length)
            if len(longer) <= room // 2:
                room = 1
            yield longer[:room], room, length
            longer = longer[room:]
        for row in others:
            yield [row], 1, _padded(lengths[row], self._step_alone)

    def warmed(self) -> _PiecewiseNetwork:
        """Compute texts of usual lengths on every core; return itself.

        The very first one is computed alone: two at a time have been seen to wait for each other for ever, in what the
        runtime sets up at its first use.
        """
        for length in _WARMED:
            words, mask = np.ones((1, length, self._source.words), np.float32), np.ones((1, length), np.int64)
            self._compute(words, mask)
            for done in [self._pool.submit(self._compute, words, mask) for _ in range(4 * self.streams)]:
                done.result()
        return self


class Lengths:
    """The lengths in tokens that texts are padded to: few, until what padding costs would have paid for another."""

    def __init__(self) -> None:
        self._known = _LENGTHS
        self._wasted: Counter[int] = Counter()

    def of(self, length: int) -> int:
        """Return the one for texts of up to this length."""
        own = _padded(length)
        known = next((one for one in self._known if one >= own), own)
        self._wasted[own] += (known - own) * max(1, _TOKENS // known)
        if self._wasted[own] <= _WASTED:
            return known
        self._known = tuple(sorted({*self._known, own}))
        return own


def _padded(length: int, step: int = _STEP) -> int:
    """Return a length in tokens as it is computed at least."""
    return -(-length // step) * step


def _torch(source: Source, _threads: int) -> Network:
    return _TorchNetwork(source, TORCH, torch.float32)


def _bfloat16(source: Source, _threads: int) -> Network:
    return _TorchNetwork(source, BFLOAT16, torch.bfloat16)


def _openvino(source: Source, threads: int, runtime: str = OPENVINO) -> Network:
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

    with _prepared(source, runtime, openvino.__version__) as folder:
        network = core.read_model(folder / OPENVINO_FILE)
        of_any_shape = compiled(network)
        of_shape = {}
        for length in _USUAL:
            fixed = network.clone()
            words, mask = fixed.inputs
            fixed.reshape(
                {
                    words: openvino.PartialShape([1, length, source.words]),
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

    alone = max(_USUAL) if runtime == OPENVINO_INT8 else 0  # in 8 bits, a fixed shape rounds in its own way
    return _PiecewiseNetwork(source, runtime, compute, streams=threads, alone=alone).warmed()


def _onnxruntime(source: Source, threads: int) -> Network:
    import onnxruntime  # noqa: PLC0415 (only where it is the runtime)

    onnxruntime.disable_telemetry_events()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    with _prepared(source, ONNXRUNTIME, onnxruntime.__version__) as folder:
        session = onnxruntime.InferenceSession(
            folder / ONNX_FILE,
            options,
            providers=["CPUExecutionProvider"],
            disabled_optimizers=["SkipLayerNormFusion"],  # seven times as slow as what it joins
        )

    def compute(words: Floats, mask: Mask) -> Floats:
        found: Floats = session.run(None, {"words": words, "mask": mask})[0]
        return found

    return _PiecewiseNetwork(source, ONNXRUNTIME, compute, streams=threads, alone=sys.maxsize).warmed()


_NETWORKS: dict[str, Callable[[Source, int], Network]] = {
    OPENVINO_INT8: partial(_openvino, runtime=OPENVINO_INT8),
    OPENVINO: _openvino,
    ONNXRUNTIME: _onnxruntime,
    BFLOAT16: _bfloat16,
    TORCH: _torch,
}


@contextmanager
def _prepared(source: Source, runtime: str, version: str) -> Iterator[Path]:
    """Give the folder with a network for a runtime; where nothing can be kept, it is gone afterwards."""
    cache = user_cache_path("concord") / "encoders"
    folder = cache / "-".join([source.name, source.digest[:16], str(RECIPE), runtime, *_PLAIN.findall(version)[:1]])
    with ExitStack() as stack:
        try:
            cache.mkdir(parents=True, exist_ok=True)
            stack.enter_context(FileLock(folder.with_suffix(".lock")))
            if not folder.is_dir():
                with TemporaryDirectory(dir=cache, prefix="new-") as scratch:
                    _prepare(source, runtime, Path(scratch) / "made")
                    (Path(scratch) / "made").rename(folder)
        except OSError:  # no space, or no right to write
            folder = Path(stack.enter_context(TemporaryDirectory())) / "made"
            _prepare(source, runtime, folder)
        yield folder


def _prepare(source: Source, runtime: str, folder: Path) -> None:
    """Have the network made for a runtime, into a new folder, by another process: the libraries change this one."""
    click.echo("Preparing the encoder for this processor, once; this takes about a minute ...", err=True)
    made = subprocess.run(  # noqa: S603  # nosec B603 (this program, and names of our own)
        [sys.executable, "-m", _MAKER, runtime, source.name, str(folder)],
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
