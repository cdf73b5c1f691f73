"""How many searches a server answers in a second, over HTTP, asked by several clients at once.

The server is the one of `concord serve`, in a process of its own. It lets all clients wait for as long as it takes;
by default it would send some away.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection, HTTPException
from itertools import cycle, islice
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from urllib.parse import urlencode

from bench.service.made_up import Load, MadeUpEncoder
from bench.service.memory import resident_megabytes
from indexer.shared.errors import ConcordError
from searchapp.limits import Limits
from searchapp.search.results import Mode

__all__ = ["CLIENTS", "Server", "answers_per_second", "serving"]

CLIENTS = (1, 8, 32)

_HOST = "127.0.0.1"
_TIMEOUT = 60  # seconds for one answer
_OK = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """The port and the process of a server that runs, and the MB that the process had before it opened the index."""

    port: int
    process: int
    encoder_megabytes: float


@contextmanager
def serving(index: Path, load: Load) -> Iterator[Server]:
    """Serve an index that the made-up encoder made; ConcordError when the server doesn't start."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(index, load, theirs), daemon=True)
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
        process.join()


def answers_per_second(port: int, mode: Mode, queries: Sequence[str], *, clients: int, seconds: float) -> float:
    """Have clients ask one query after the other for so many seconds; ConcordError for an answer other than 200."""
    start = time.perf_counter()
    ask = partial(_ask, port, mode, queries, until=start + seconds)
    with ThreadPoolExecutor(max_workers=clients) as pool:
        answered = sum(pool.map(ask, range(clients)))
    return answered / (time.perf_counter() - start)


def _ask(port: int, mode: Mode, queries: Sequence[str], client: int, *, until: float) -> int:
    """Ask on one connection, each client from another query on, at least once; return the number of answers."""
    connection = HTTPConnection(_HOST, port, timeout=_TIMEOUT)
    answered = 0
    try:
        for query in islice(cycle(queries), client % len(queries), None):
            connection.request("GET", "/api/v1/search?" + urlencode({"q": query, "mode": mode}))
            response = connection.getresponse()
            response.read()
            if response.status != _OK:
                raise ConcordError(f"the server answered {response.status} to {query!r:.60} ({mode})")
            answered += 1
            if time.perf_counter() >= until:
                break
    except (OSError, HTTPException) as error:
        raise ConcordError(f"the server to measure can't be asked ({error})") from error
    finally:
        connection.close()
    return answered


def _serve(index: Path, load: Load, channel: Connection) -> None:
    """Serve until the other end of the channel is closed; a `Server` is sent when the server is ready."""
    from searchapp.search.searcher import Searcher  # noqa: PLC0415 (only the server needs it)
    from searchapp.server import GracefulServer, leave_to_stay  # noqa: PLC0415 (the same)
    from searchapp.web import create_app  # noqa: PLC0415 (the same)

    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # it warns of each request that waits for a thread
    encoder = MadeUpEncoder(load())
    encoder.encode_queries(["open data"])
    encoder_megabytes = resident_megabytes()
    searcher = Searcher.open(index, encoder=encoder)
    searcher.warm_up()
    leave_to_stay()
    most = max(CLIENTS)
    limits = Limits(max_waiting=most, time_budget=1000 * _TIMEOUT)
    app = create_app({"SEARCHER": searcher, "LIMITS": limits})
    server = GracefulServer(app, host=_HOST, port=0, threads=most)
    threading.Thread(target=server.run, daemon=True).start()
    channel.send(Server(port=server.port, process=os.getpid(), encoder_megabytes=encoder_megabytes))
    try:
        channel.recv()
    except EOFError:
        server.stop()
        server.done.wait()
