"""The server of `concord serve`, with an encoder that takes a second for a query with the word slowly.

Its clients, which are all on this machine, count as one that isn't.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from concord import main
from indexer.shared.encoder import Embeddings
from searchapp.search import searcher
from searchapp.web import gate
from tests.fakes import FakeEncoder

__all__ = ["Served", "command_of", "serving"]

Served = tuple[subprocess.Popen[str], Iterator[str], str]
"""The server's first process, the lines that it and others write from now on, and its address."""


class SlowEncoder(FakeEncoder):
    def encode_queries(self, queries: Sequence[str]) -> Embeddings:
        if "slowly" in queries[0]:
            os.write(2, b"slowly\n")  # so that a test knows; whole, whichever process writes beside it
            time.sleep(1)
        return super().encode_queries(queries)


def command_of(index: Path, *options: str) -> list[str]:
    own = ("serve", "--index", str(index), "--port", "0", "--no-log-requests")
    return [sys.executable, "-m", "tests.searchapp.serving", *own, *options]


@contextmanager
def serving(index: Path, *options: str) -> Iterator[Served]:
    """Serve an index at a free port; what is left of the server at the end is killed."""
    command = command_of(index, *options)
    scratch = {**os.environ, "TMPDIR": str(index.parent)}  # what is killed removes nothing
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True, env=scratch) as process:  # noqa: S603 (our own program)
        assert process.stderr is not None
        lines = iter(process.stderr.readline, "")
        try:
            address = next(line for line in lines if "ready at" in line).split("//")[1].split()[0]
            yield process, lines, address
        finally:
            process.kill()


if __name__ in {"__main__", "__mp_main__"}:  # in this program, and in the workers that it starts
    searcher.load_encoder = lambda *_args, **_options: SlowEncoder()
    gate.client_of = lambda _address: "203.0.113.7"

if __name__ == "__main__":
    main()
