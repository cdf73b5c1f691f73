"""The application with the fake searcher, on a real server of this machine."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from werkzeug.serving import make_server

from searchapp.web import create_app
from tests.searchapp.web.fakes import FakeSearcher

__all__ = ["served"]


@contextmanager
def served() -> Iterator[str]:
    """Give the address that it answers at."""
    http = make_server("127.0.0.1", 0, create_app({"SEARCHER": FakeSearcher()}), threaded=True)
    thread = threading.Thread(target=http.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{http.server_port}"
    http.shutdown()
    thread.join()
    http.server_close()
