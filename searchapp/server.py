"""Running the web application on a real server (waitress)."""

from __future__ import annotations

import errno
from pathlib import Path

import click
import waitress
from flask import Flask
from waitress.server import BaseWSGIServer

from indexer.shared.errors import ConcordError
from searchapp.limits import Limits
from searchapp.search.searcher import Searcher
from searchapp.web import create_app
from searchapp.web.access import log_requests_to_stderr

__all__ = ["run"]

MAX_BODY = 1_024
"""Bytes of a request's body: no request has a use for one."""


def run(  # noqa: PLR0913 (these are the settings of a server)
    index: Path, *, host: str, port: int, threads: int, limits: Limits, log_requests: bool, log_queries: bool
) -> None:
    """Serve an index until interrupted; ConcordError when the index can't be opened or the address can't be had.

    The encoder is loaded before the address is announced, so that the first search is as fast as the others.
    """
    searcher = Searcher.open(index)
    if log_requests:
        log_requests_to_stderr()
    app = create_app({"SEARCHER": searcher, "LIMITS": limits, "LOG_QUERIES": log_queries})
    server = _bound(app, host, port, threads)
    click.echo("Loading the encoder ...", err=True)
    searcher.warm_up()
    click.echo(f"Concord is ready at http://{host}:{server.effective_port} (stop with Ctrl-C)", err=True)
    try:
        server.run()
    except KeyboardInterrupt:
        pass
    finally:
        server.close()


def _bound(app: Flask, host: str, port: int, threads: int) -> BaseWSGIServer:
    try:
        return waitress.create_server(
            app, host=host, port=port, threads=threads, ident="concord", max_request_body_size=MAX_BODY
        )
    except OSError as error:
        reason = "the port is in use" if error.errno == errno.EADDRINUSE else error.strerror or str(error)
        raise ConcordError(f"can't listen on {host}:{port}: {reason}; choose another with --port") from error
