"""Running the web application on a real server (waitress).

One process has one encoder and one index, which its threads share; encoding, most of a search's time, runs outside of
Python's global lock, the rest doesn't. `searchapp.workers` runs several processes at one address.
"""

from __future__ import annotations

import errno
import gc
import json
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click
import waitress
from flask import Flask
from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.server import BaseWSGIServer
from waitress.task import ErrorTask

from indexer.shared.encoder import AUTO
from indexer.shared.errors import ConcordError
from searchapp.limits import Limits
from searchapp.processes import log_on_stderr, termination_as_interrupt
from searchapp.sharing import Shared, Tally
from searchapp.web import create_app
from searchapp.web.access import log_requests_to_stderr
from searchapp.web.errors import PROBLEM_JSON
from searchapp.web.holder import SearcherHolder, holder_of
from searchapp.web.text import sentence

__all__ = [
    "DRAIN_SECONDS",
    "GracefulServer",
    "IndexApp",
    "MakeApp",
    "Serving",
    "address_of",
    "answer",
    "leave_to_stay",
    "listen",
    "run",
    "say_ready",
]

DRAIN_SECONDS = 30.0
"""How long a stopping server goes on with the requests it has; process managers kill after 30 to 90 seconds."""

MAX_BODY = 1_024
"""Bytes of a request's body: no request has a use for one."""

_COURTESY = 0.005  # seconds for which a process with more connections leaves a new one to the others

MakeApp = Callable[[Shared], Flask]
"""Makes the application, knowing what it shares with other processes; can be pickled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """Where and how an application is served: its address, and the threads of each worker.

    `rate` limits the requests of a client, as the setting says; one worker by itself has that from its application.
    """

    host: str
    port: int
    threads: int
    workers: int = 1
    rate: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexApp:
    """Makes the application that serves an index: the settings that it has."""

    index: Path
    engine: str = ""
    runtime: str = AUTO
    paranoid: bool = False
    limits: Limits = field(default_factory=Limits)
    log_requests: bool = False
    log_queries: bool = False

    def __call__(self, shared: Shared) -> Flask:
        """Return the application; ConcordError for a limit that can't be read."""
        if self.log_requests:
            log_requests_to_stderr()
        return create_app(
            {
                "INDEX": self.index,
                "ENGINE": self.engine,
                "RUNTIME": self.runtime,
                "PARANOID": self.paranoid,
                "LIMITS": self.limits,
                "LOG_QUERIES": self.log_queries,
                "SHARED": shared,
            }
        )


def say_ready(address: str) -> None:
    """Tell on stderr where searches are answered from now on."""
    click.echo(f"Concord is ready at {address} (stop with Ctrl-C)", err=True)


def run(make: MakeApp, serving: Serving, *, ready: Callable[[str], None] = say_ready) -> None:
    """Serve an application in this process until interrupted or terminated.

    What is in flight then is finished, a second signal drops it. `ready` is told the address once the encoder is
    loaded. ConcordError when the index or its encoder can't be had, or the address.
    """
    app = make(Shared())
    holder_of(app).get()
    listening = listen(serving.host, serving.port)
    with log_on_stderr(), termination_as_interrupt():
        click.echo("Loading the encoder ...", err=True)
        answer(
            GracefulServer(app, listening, threads=serving.threads),
            holder_of(app),
            ready=lambda: ready(address_of(serving.host, listening)),
            stopping=lambda: click.echo("Stopping ...", err=True),
        )


def answer(
    server: GracefulServer, holder: SearcherHolder, *, ready: Callable[[], None], stopping: Callable[[], None]
) -> None:
    """Have a server answer until KeyboardInterrupt, then finish what it has; another one drops that, and is raised.

    It answers from the start if it accepts connections, and at full speed when `ready` is called, the encoder being
    loaded (EncoderError). `stopping` is called before what it has is finished.
    """
    stop = threading.Event()
    try:
        threading.Thread(target=server.run, name="server", daemon=True).start()
        holder.get().warm_up()
        leave_to_stay()
        holder.watch(stop)
        server.accept()
        ready()
        server.done.wait()
    except KeyboardInterrupt:
        stopping()
    finally:
        stop.set()
        server.stop()
        server.done.wait()  # a thread can't be joined again once that was interrupted, before Python 3.13


def listen(host: str, port: int) -> list[socket.socket]:
    """Return sockets that listen at an address, one for each of a name's addresses; ConcordError if it can't be had."""
    found: list[socket.socket] = []
    try:
        for family, kind, protocol, address in Adjustments(host=host, port=port).listen:
            found.append(_bound(socket.socket(family, kind, protocol), address))
    except (OSError, ValueError) as error:
        for one in found:
            one.close()
        in_use = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
        reason = "the port is in use" if in_use else getattr(error, "strerror", None) or str(error)
        raise ConcordError(f"can't listen on {host}:{port}: {reason}; choose another with --port") from error
    return found


class _Refusal(ErrorTask):  # type: ignore[misc]  # waitress has no types
    """Tells why a request never reaches the application (it is no HTTP, or too large), as every error is told."""

    def execute(self) -> None:
        """Send the answer, and close the connection."""
        error = self.request.error
        body = json.dumps(
            {
                "type": "about:blank",
                "title": error.reason,
                "status": error.code,
                "detail": sentence(str(error.body)),
                "instance": quote(getattr(self.request, "path", ""), encoding="latin-1"),
            }
        ).encode()
        self.status = f"{error.code} {error.reason}"
        self.response_headers.append(("Content-Type", PROBLEM_JSON))
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


class _Channel(HTTPChannel):  # type: ignore[misc]  # waitress has no types
    """A connection whose errors are problem documents, too."""

    error_task_class = _Refusal


def leave_to_stay() -> None:
    """Spare what is loaded by now the collections of garbage, which would walk through all of it now and then."""
    gc.collect()
    gc.freeze()


class GracefulServer:
    """A waitress server on sockets of one address. `threads` handle requests; `connections` counts what it has open.

    It is made without accepting connections where `accepts` is False, until `accept` is called.
    """

    def __init__(
        self,
        app: Flask,
        listening: Sequence[socket.socket],
        *,
        threads: int,
        connections: Tally | None = None,
        accepts: bool = True,
    ) -> None:
        self._sockets: dict[int, Any] = {}
        self._connections = connections or Tally.alone()
        self._stopping = threading.Event()
        self.done = threading.Event()
        """Set when `run` is at its end."""

        self._server = waitress.create_server(
            app,
            map=self._sockets,
            sockets=list(listening),
            threads=threads,
            ident="concord",
            max_request_body_size=MAX_BODY,
        )
        self._listeners = [one for one in self._sockets.values() if isinstance(one, BaseWSGIServer)]
        for listener in self._listeners:
            listener.channel_class = _Channel
            listener.accepting = accepts
            listener.accept = partial(self._accept_in_turn, listener.accept)

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._listeners[0].effective_port)

    def accept(self) -> None:
        """Accept connections from now on; to be called from another thread than `run`."""
        for listener in self._listeners:
            listener.accepting = True
        self._wake()

    def run(self) -> None:
        """Answer requests until `stop`; then take no more connections and finish the requests that are there."""
        try:
            while not self._stopping.is_set():
                self._step()
            self._drain()
        finally:
            self._server.task_dispatcher.shutdown()
            wasyncore.close_all(self._sockets)
            self.done.set()

    def stop(self) -> None:
        """Have `run` return; to be called from another thread."""
        self._stopping.set()
        self._wake()

    def _wake(self) -> None:
        if self._sockets:
            self._listeners[0].pull_trigger()

    def _step(self, seconds: float = 1) -> None:
        wasyncore.loop(timeout=seconds, use_poll=True, map=self._sockets, count=1)
        self._connections.set(len(self._channels()))

    def _accept_in_turn(self, accept: Callable[[], Any]) -> Any:
        """Accept a connection, unless a process with fewer of them does so first (then waitress takes None for it)."""
        if self._connections.exceeds:
            time.sleep(_COURTESY)
        return accept()

    def _channels(self) -> list[HTTPChannel]:
        return [one for one in self._sockets.values() if isinstance(one, HTTPChannel)]

    def _drain(self) -> None:
        for listener in self._listeners:
            wasyncore.dispatcher.close(listener)
        deadline = time.monotonic() + DRAIN_SECONDS
        while self._close_idle() and time.monotonic() < deadline:
            self._step(seconds=0.1)

    def _close_idle(self) -> bool:
        """Have connections closed that wait for another request; return whether any connection is left."""
        channels = self._channels()
        for channel in channels:
            with channel.requests_lock:
                if not (channel.requests or channel.request or channel.total_outbufs_len):
                    channel.will_close = True
        return bool(channels)


def address_of(host: str, listening: Sequence[socket.socket]) -> str:
    """Return the address that these sockets of a host are reached at."""
    return f"http://{host}:{listening[0].getsockname()[1]}"


def _bound(made: socket.socket, address: tuple[Any, ...]) -> socket.socket:
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if made.family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind(address)
        made.listen()
    except OSError:
        made.close()
        raise
    return made
