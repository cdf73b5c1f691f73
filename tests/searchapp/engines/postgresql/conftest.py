from __future__ import annotations

from collections.abc import Iterator

import pytest

from cluster.server import Server, free_port
from cluster.temporary import temporary_folder


@pytest.fixture(scope="module")
def lost_server() -> Iterator[Server]:
    """A server that tests may stop."""
    with temporary_folder() as folder:
        server = Server(folder=folder / "lost", port=free_port(), password="of the tests", settings={"fsync": "off"})
        server.make()
        server.start()
        with server.connect() as administrator:
            administrator.execute("create extension vector")
        yield server
