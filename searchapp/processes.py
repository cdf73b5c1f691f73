"""What a process that serves does with signals and with its log."""

from __future__ import annotations

import logging
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["ACCESS_LOG", "end_once", "log_on_stderr", "termination_as_interrupt"]

ACCESS_LOG = "searchapp.access"
"""The logger of the lines that requests get."""


@contextmanager
def termination_as_interrupt() -> Iterator[None]:
    """Have SIGTERM raise KeyboardInterrupt, as Ctrl-C does."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def end_once(_number: int, _frame: FrameType | None) -> None:
    """Raise KeyboardInterrupt at the first SIGTERM, and leave aside any other."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt


@contextmanager
def log_on_stderr() -> Iterator[None]:
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
