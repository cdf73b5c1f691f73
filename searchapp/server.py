"""Running the web application on a real server (waitress)."""

from __future__ import annotations

import errno
from pathlib import Path

import click
import waitress
from flask import Flask
from waitress.server import BaseWSGIServer

from indexer.shared.errors import ConcordError
from searchapp.search.searcher import Searcher
from searchapp.web import create_app

__all__ = ["run"]


def run(index: Path, *, host: str, port: int, threads: int) -> None:
    """Serve an index until interrupted; ConcordError when the index can't be opened or the address can't be had.

    The encoder is loaded before the address is announced, so that the first search is as fast as the others.
    """
    searcher = Searcher.open(index)
    server = _bound(create_app({"SEARCHER": searcher}), host, port, threads)
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
        return waitress.create_server(app, host=host, port=port, threads=threads, ident="concord")
    except OSError as error:
        reason = "the port is in use" if error.errno == errno.EADDRINUSE else error.strerror or str(error)
        raise ConcordError(f"can't listen on {host}:{port}: {reason}; choose another with --port") from error
