"""Running the web application on a real server (waitress): one process, so that one encoder and one index serve all.

Its threads share them; encoding, most of a search's time, runs outside of Python's global lock.
"""

from __future__ import annotations

import errno
import gc
import json
import logging
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click
import waitress
from flask import Flask
from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.server import BaseWSGIServer
from waitress.task import ErrorTask

from indexer.shared.encoder import AUTO
from indexer.shared.errors import ConcordError
from searchapp.limits import Limits
from searchapp.web import create_app
from searchapp.web.access import ACCESS_LOG, log_requests_to_stderr
from searchapp.web.errors import PROBLEM_JSON
from searchapp.web.holder import holder_of
from searchapp.web.text import sentence

__all__ = ["GracefulServer", "leave_to_stay", "run"]

DRAIN_SECONDS = 30.0
"""How long a stopping server goes on with the requests it has; process managers kill after 30 to 90 seconds."""

MAX_BODY = 1_024
"""Bytes of a request's body: no request has a use for one."""


def run(  # noqa: PLR0913 (these are the settings of a server)
    index: Path,
    *,
    engine: str = "",
    host: str,
    port: int,
    threads: int,
    runtime: str = AUTO,
    paranoid: bool = False,
    limits: Limits | None = None,
    log_requests: bool = False,
    log_queries: bool = False,
) -> None:
    """Serve an index until interrupted or terminated; what is in flight then is finished, a second signal drops it.

    ConcordError when the index or its encoder can't be had, or the address. Everything answers from the start, but the
    address is announced, and `/readyz` says so, when the encoder is loaded.
    """
    if log_requests:
        log_requests_to_stderr()
    app = create_app(
        {
            "INDEX": index,
            "RUNTIME": runtime,
            "ENGINE": engine,
            "PARANOID": paranoid,
            "LIMITS": limits or Limits(),
            "LOG_QUERIES": log_queries,
        }
    )
    holder_of(app).get()
    server = GracefulServer(app, host=host, port=port, threads=threads)
    stopping = threading.Event()
    with _log_on_stderr(), _termination_as_interrupt():
        try:
            threading.Thread(target=server.run, name="server", daemon=True).start()
            click.echo("Loading the encoder ...", err=True)
            holder_of(app).get().warm_up()
            leave_to_stay()
            holder_of(app).watch(stopping)
            click.echo(f"Concord is ready at http://{host}:{server.port} (stop with Ctrl-C)", err=True)
            server.done.wait()
        except KeyboardInterrupt:
            click.echo("Stopping ...", err=True)
        finally:
            stopping.set()
            server.stop()
            server.done.wait()  # a thread can't be joined again once that was interrupted, before Python 3.13


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
    """A waitress server on one address, bound when it is made; ConcordError when the address can't be had."""

    def __init__(self, app: Flask, *, host: str, port: int, threads: int) -> None:
        self._sockets: dict[int, Any] = {}
        self._stopping = threading.Event()
        self.done = threading.Event()
        """Set when `run` is at its end."""

        try:
            self._server = waitress.create_server(
                app,
                map=self._sockets,
                host=host,
                port=port,
                threads=threads,
                ident="concord",
                max_request_body_size=MAX_BODY,
            )
        except OSError as error:
            wasyncore.close_all(self._sockets)
            reason = "the port is in use" if error.errno == errno.EADDRINUSE else error.strerror or str(error)
            raise ConcordError(f"can't listen on {host}:{port}: {reason}; choose another with --port") from error
        self._listeners = [one for one in self._sockets.values() if isinstance(one, BaseWSGIServer)]
        for listener in self._listeners:
            listener.channel_class = _Channel

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._listeners[0].effective_port)

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
        if self._sockets:
            self._listeners[0].pull_trigger()

    def _step(self, seconds: float = 1) -> None:
        wasyncore.loop(timeout=seconds, use_poll=True, map=self._sockets, count=1)

    def _drain(self) -> None:
        for listener in self._listeners:
            wasyncore.dispatcher.close(listener)
        deadline = time.monotonic() + DRAIN_SECONDS
        while self._close_idle() and time.monotonic() < deadline:
            self._step(seconds=0.1)

    def _close_idle(self) -> bool:
        """Have connections closed that wait for another request; return whether any connection is left."""
        channels = [one for one in self._sockets.values() if isinstance(one, HTTPChannel)]
        for channel in channels:
            with channel.requests_lock:
                if not (channel.requests or channel.request or channel.total_outbufs_len):
                    channel.will_close = True
        return bool(channels)


@contextmanager
def _termination_as_interrupt() -> Iterator[None]:
    """Have SIGTERM raise KeyboardInterrupt, as Ctrl-C does."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _log_on_stderr() -> Iterator[None]:
    """Have what happens to the service (not requests) written to stderr, a line each, with its time."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    handler.addFilter(lambda record: record.name != ACCESS_LOG)
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # it warns of each request that waits for a thread
    logger = logging.getLogger("searchapp")
    level = logger.level
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
