"""How fast a server answers over HTTP, and how many searches in a second, asked by several clients at once.

The server is the one of `concord serve`, in processes of its own. It lets all clients wait for as long as it takes;
by default it would send some away. The clients are threads of this process, which share the cores with it: each has its
requests ready, and reads no more of an answer than its status and its length, some 0.2 ms of a core.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import cycle, islice
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import numpy as np
import numpy.typing as npt
from flask import Flask

from bench.service.made_up import Load, MadeUpEncoder
from bench.service.memory import resident_megabytes
from indexer.shared.errors import ConcordError
from searchapp.limits import Limits
from searchapp.search.results import Mode
from searchapp.sharing import Shared

__all__ = ["CLIENTS", "Answers", "Server", "answers", "serving"]

CLIENTS = (1, 8, 32)

_HOST = "127.0.0.1"
_TIMEOUT = 60  # seconds for one answer
_OK = 200
_HEADER_END = b"\r\n\r\n"
_LENGTH = b"\r\ncontent-length:"
_ROUNDS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """The port and the first process of a server that runs, and the MB that this one had before it opened the index.

    Of several workers the first process has no index; nan then.
    """

    port: int
    process: int
    encoder_megabytes: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """How many answers there were in a second, the median of rounds, and the milliseconds of each, float64 `(n,)`."""

    rate: float
    milliseconds: npt.NDArray[np.float64]


@contextmanager
def serving(index: Path, load: Load, *, workers: int = 1) -> Iterator[Server]:
    """Serve an index that the made-up encoder made; ConcordError when the server doesn't start."""
    context = get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_serve, args=(index, load, workers, theirs))
    process.start()
    theirs.close()
    try:
        try:
            server: Server = ours.recv()
        except EOFError:
            raise ConcordError("the server to measure didn't start; the reason stands above") from None
        yield server
    finally:
        ours.close()
        process.terminate()
        process.join()


def answers(
    port: int, mode: Mode, queries: Sequence[str], *, clients: Sequence[int], seconds: float
) -> dict[int, Answers]:
    """Have as many clients at once as these numbers say ask one query after the other, in turn, so many seconds each.

    ConcordError for an answer other than 200.
    """
    requests = [_request(mode, query) for query in queries]
    rounds: dict[int, list[Answers]] = {count: [] for count in clients}
    for _ in range(_ROUNDS):
        for count, measured in rounds.items():
            measured.append(_round(port, requests, count, seconds / _ROUNDS))
    return {
        count: Answers(
            rate=float(np.median([one.rate for one in measured])),
            milliseconds=np.concatenate([one.milliseconds for one in measured]),
        )
        for count, measured in rounds.items()
    }


def _round(port: int, requests: Sequence[bytes], clients: int, seconds: float) -> Answers:
    start = time.perf_counter()
    ask = partial(_ask, port, requests, until=start + seconds)
    with ThreadPoolExecutor(max_workers=clients) as pool:
        taken = [one for client in pool.map(ask, range(clients)) for one in client]
    return Answers(rate=len(taken) / (time.perf_counter() - start), milliseconds=1000 * np.array(taken))


def _request(mode: Mode, query: str) -> bytes:
    address = "/api/v1/search?" + urlencode({"q": query, "mode": mode})
    return f"GET {address} HTTP/1.1\r\nHost: {_HOST}\r\n\r\n".encode()


def _ask(port: int, requests: Sequence[bytes], client: int, *, until: float) -> list[float]:
    """Ask on one connection, each client from another request on, at least once; return the seconds of each answer."""
    taken = []
    try:
        with socket.create_connection((_HOST, port), timeout=_TIMEOUT) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for request in islice(cycle(requests), client % len(requests), None):
                begin = time.perf_counter()
                connection.sendall(request)
                status = _read(connection)
                taken.append(time.perf_counter() - begin)
                if status != _OK:
                    raise ConcordError(f"the server answered {status} to {request.splitlines()[0].decode():.100}")
                if time.perf_counter() >= until:
                    break
    except (OSError, ValueError) as error:
        raise ConcordError(f"the server to measure can't be asked ({error})") from error
    return taken


def _read(connection: socket.socket) -> int:
    """Read an answer to its end and return its status; ValueError for something else."""
    head, ending, body = b"", b"", b""
    while not ending:
        received = connection.recv(65_536)
        if not received:
            raise ValueError("it ends in the middle of an answer")
        head, ending, body = (head + received).partition(_HEADER_END)
    _, _, length = head.lower().partition(_LENGTH)
    missing = int(length.split(b"\r\n", 1)[0]) - len(body)
    while missing > 0:
        received = connection.recv(65_536)
        if not received:
            raise ValueError("it ends in the middle of an answer")
        missing -= len(received)
    return int(head.split(b" ", 2)[1])


def _serve(index: Path, load: Load, workers: int, channel: Connection) -> None:
    """Serve until terminated; a `Server` is sent when the server is ready."""
    from searchapp.server import Serving, run  # noqa: PLC0415 (only the server needs it)
    from searchapp.workers import run_workers  # noqa: PLC0415 (the same)

    before = []

    def make(shared: Shared) -> Flask:
        app = _made_up_app(shared, index=index, load=load)
        before.append(app.config["ENCODER_MEGABYTES"])
        return app

    def ready(address: str) -> None:
        megabytes = before[0] if before else float("nan")
        port = urlsplit(address).port or 0
        channel.send(Server(port=port, process=os.getpid(), encoder_megabytes=megabytes))

    serving_so = Serving(host=_HOST, port=0, threads=max(CLIENTS), workers=workers)
    if workers == 1:
        run(make, serving_so, ready=ready)
    else:
        run_workers(partial(_made_up_app, index=index, load=load), serving_so, ready=ready)


def _made_up_app(shared: Shared, *, index: Path, load: Load) -> Flask:
    """Return the application; its configuration has the MB that the process had before it opened the index."""
    from searchapp.search.searcher import Searcher  # noqa: PLC0415 (only the server needs it)
    from searchapp.web import create_app  # noqa: PLC0415 (the same)

    encoder = MadeUpEncoder(load())
    encoder.encode_queries(["open data"])
    megabytes = resident_megabytes()
    limits = Limits(max_waiting=max(CLIENTS), time_budget=1000 * _TIMEOUT)
    searcher = Searcher.open(index, encoder=encoder)
    return create_app({"SEARCHER": searcher, "LIMITS": limits, "SHARED": shared, "ENCODER_MEGABYTES": megabytes})
