"""How much the service takes on: searches at the same time, requests of one client, and how long an address may be."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from ipaddress import IPv6Address, ip_address, ip_network
from typing import cast

from flask import Flask, current_app, request
from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from werkzeug.exceptions import RequestURITooLarge, TooManyRequests

from indexer.shared.errors import ConcordError, OverloadError
from searchapp.limits import Limits
from searchapp.search.watch import Watch
from searchapp.sharing import Shared, Tally

__all__ = ["Gate", "RateCounts", "RateLimit", "Turns", "client_of", "get_gate", "install_gate"]

_EXTENSION = "concord.gate"
_UNLIMITED = frozenset({"static", "api.healthz", "api.readyz", "api.metrics"})
_IPV6_CLIENT = 64
"""Bits of an IPv6 address that stand for one client: what a household or a machine gets."""


class Gate:
    """Lets as many searches run at once as the limits say, has some wait, and refuses the others.

    Of several processes each runs its share, and one at least; how many may wait is counted over all of them.
    """

    def __init__(self, limits: Limits, shared: Shared | None = None) -> None:
        shared = shared or Shared()
        places = -(-limits.max_searches // shared.workers)
        self._budget = limits.time_budget / 1000
        self._turns = Turns(places, most=limits.max_searches + limits.max_waiting, tally=shared.searches)
        self._workers = ThreadPoolExecutor(max_workers=places, thread_name_prefix="encode")

    @contextmanager
    def search(self) -> Iterator[Watch]:
        """Take part in the service's searches, for the time that the watch says.

        Raises OverloadError when too many wait, or when the time is up before it is one's turn.
        """
        watch = Watch(budget=self._budget, workers=self._workers)
        if not self._turns.take(watch.left or 0):
            raise OverloadError("too many searches are being answered at the moment; try again in a few seconds")
        try:
            yield watch
        finally:
            self._turns.give_back()


class Turns:
    """A number of places, given in the order in which they are asked for (a semaphore lets newcomers pass).

    `most` may have a place or wait for one, in all processes that count themselves in `tally`.
    """

    def __init__(self, places: int, *, most: int, tally: Tally | None = None) -> None:
        self._places = self._free = places
        self._most = most
        self._tally = tally or Tally.alone()
        self._waiting: deque[threading.Event] = deque()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """Return how many wait."""
        return len(self._waiting)

    def take(self, seconds: float) -> bool:
        """Take a place, waiting so long for it, but not if too many wait already; return whether there is one."""
        with self._lock:
            if self._free:
                self._free -= 1
                self._count()
                return True
            if self._tally.total >= self._most:
                return False
            turn = threading.Event()
            self._waiting.append(turn)
            self._count()
        if turn.wait(seconds):
            return True
        with self._lock:
            if not turn.is_set():
                self._waiting.remove(turn)
                self._count()
            return turn.is_set()

    def give_back(self) -> None:
        """Give back a place: to whoever has waited longest, if anyone has."""
        with self._lock:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._free += 1
            self._count()

    def _count(self) -> None:
        self._tally.set(self._places - self._free + len(self._waiting))


class RateCounts:
    """Counts the requests of each client in a moving window; ConcordError for a rate that can't be read."""

    def __init__(self, rate: str) -> None:
        self._rate = _read_rate(rate)
        self._counts = MovingWindowRateLimiter(MemoryStorage())

    def add(self, client: str) -> int | None:
        """Count a request of a client; return None, or the seconds to wait for when it has made too many."""
        if self._counts.hit(self._rate, client):
            return None
        again = self._counts.get_window_stats(self._rate, client).reset_time
        return max(1, math.ceil(again - time.time()))


class RateLimit:
    """Refuses clients that make too many requests; ConcordError for a rate that can't be read.

    `count` does what `RateCounts.add` does, which it is unless another process counts.
    """

    def __init__(self, rate: str, count: Callable[[str], int | None] | None = None) -> None:
        self._rate = _read_rate(rate)
        self._count = count or RateCounts(rate).add

    def check(self, client: str) -> None:
        """Count a request of a client (TooManyRequests when it has made too many)."""
        seconds = self._count(client)
        if seconds is not None:
            raise TooManyRequests(
                f"More than {self._rate.amount} requests in {self._rate.multiples} {self._rate.GRANULARITY.name}.",
                retry_after=seconds,
            )


def _read_rate(rate: str) -> RateLimitItem:
    try:
        return parse(rate)
    except ValueError:
        raise ConcordError(f"rate-limit: {rate!r} is not a rate such as 300/minute") from None


def client_of(address: str | None) -> str | None:
    """Return what stands for a client in counting, None for one that isn't counted: this machine itself."""
    try:
        ip = ip_address(address or "")
    except ValueError:
        return address or "unknown"
    if isinstance(ip, IPv6Address):
        ip = ip.ipv4_mapped or ip
    if ip.is_loopback:
        return None
    return str(ip_network((ip, _IPV6_CLIENT), strict=False)) if isinstance(ip, IPv6Address) else str(ip)


def install_gate(app: Flask) -> None:
    """Give an application its limits, those of `LIMITS`, counted together with the processes of `SHARED`."""
    limits: Limits = app.config["LIMITS"]
    shared: Shared = app.config["SHARED"]
    app.extensions[_EXTENSION] = Gate(limits, shared)
    rate = RateLimit(limits.rate_limit, shared.count) if limits.rate_limit else None

    def check() -> None:
        address = request.environ.get("REQUEST_URI") or request.full_path
        if len(address.encode()) > limits.max_url:
            raise RequestURITooLarge(f"The address is longer than {limits.max_url:,} bytes.")
        client = client_of(request.remote_addr)
        if rate and client and request.endpoint not in _UNLIMITED:
            rate.check(client)

    app.before_request(check)


def get_gate() -> Gate:
    """Return the current application's gate."""
    return cast("Gate", current_app.extensions[_EXTENSION])
