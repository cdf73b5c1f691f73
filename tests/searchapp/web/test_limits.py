from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask.testing import FlaskClient

from indexer.shared.errors import ConcordError, OverloadError
from searchapp.limits import Limits
from searchapp.search.results import SearchRequest, SearchResult
from searchapp.search.watch import Watch
from searchapp.web import create_app
from searchapp.web.gate import Gate, Turns, client_of
from tests.searchapp.web.fakes import FakeSearcher

SEARCH = "/api/v1/search?q=hub"


class HeldSearcher(FakeSearcher):
    """A searcher whose searches end when they are let go."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = threading.Semaphore(0)
        self.let_go = threading.Event()

    def search(self, request: SearchRequest, *, watch: Watch | None = None) -> SearchResult:
        self.begun.release()
        self.let_go.wait()
        return super().search(request, watch=watch)


def client_with(limits: Limits, searcher: FakeSearcher | None = None) -> FlaskClient:
    return create_app({"SEARCHER": searcher or FakeSearcher(), "LIMITS": limits}).test_client()


def test_more_searches_than_may_run_and_wait_are_refused_and_the_others_answered() -> None:
    searcher = HeldSearcher()
    app = create_app({"SEARCHER": searcher, "LIMITS": Limits(max_searches=2, max_waiting=0)})
    with ThreadPoolExecutor() as pool:
        running = [pool.submit(lambda: app.test_client().get(SEARCH).status_code) for _ in range(2)]
        try:
            for _ in running:
                searcher.begun.acquire()
            refused = app.test_client().get(SEARCH)
            page = app.test_client().get("/?q=hub")
            health = app.test_client().get("/healthz")
        finally:
            searcher.let_go.set()
        assert [one.result() for one in running] == [200, 200]
    problem = refused.get_json(force=True)
    assert (refused.status_code, refused.content_type) == (503, "application/problem+json")
    assert (problem["type"], problem["title"]) == ("/about#problem-busy", "Service busy")
    assert int(refused.headers["Retry-After"]) > 0
    assert (page.status_code, page.mimetype) == (503, "text/html")
    assert health.status_code == 200
    assert app.test_client().get(SEARCH).status_code == 200


def test_a_search_that_waits_is_answered_when_there_is_room() -> None:
    gate = Gate(Limits(max_searches=1, max_waiting=1, time_budget=600_000))
    with ThreadPoolExecutor() as pool:
        with gate.search():
            waiting = pool.submit(lambda: _through(gate))
        assert waiting.result()


def test_a_search_that_waits_too_long_is_refused() -> None:
    gate = Gate(Limits(max_searches=1, max_waiting=1, time_budget=1))
    with gate.search(), pytest.raises(OverloadError):
        _through(gate)
    assert _through(gate)


def _through(gate: Gate) -> bool:
    with gate.search() as watch:
        return watch.left is not None


def test_whoever_has_waited_longest_is_next_and_nobody_who_comes_later() -> None:
    turns, order = Turns(1, most=1 + 8), list[int]()

    def ask(number: int) -> None:
        assert turns.take(60)
        order.append(number)
        turns.give_back()

    assert turns.take(0)
    with ThreadPoolExecutor(8) as pool:
        waiting = []
        for number in range(8):
            waiting.append(pool.submit(ask, number))
            assert _soon(lambda: len(turns) == len(waiting))
        assert not turns.take(60)  # one more than may wait
        turns.give_back()
        assert not [one for one in waiting if one.result(60)]
    assert order == list(range(8))


def _soon(holds: Callable[[], bool]) -> bool:
    """Wait until something holds, for a minute at most, and return whether it does."""
    end = time.monotonic() + 60
    while not holds() and time.monotonic() < end:
        time.sleep(0.001)
    return holds()


def test_who_has_waited_in_vain_takes_no_place() -> None:
    turns = Turns(1, most=1 + 1)
    assert turns.take(0)
    assert [turns.take(0.001) for _ in range(3)] == [False] * 3
    turns.give_back()
    assert turns.take(0)
    assert not turns.take(0)


def test_a_failed_search_leaves_its_place() -> None:
    client = client_with(Limits(max_searches=1, max_waiting=0), FakeSearcher(error=OverloadError("no time")))
    assert [client.get(SEARCH).status_code for _ in range(3)] == [503] * 3
    assert client.get(SEARCH).get_json(force=True)["detail"] == "no time"


def test_a_client_that_asks_too_often_is_told_when_to_come_back() -> None:
    client = client_with(Limits(rate_limit="2/hour"))
    far = {"REMOTE_ADDR": "203.0.113.7"}
    assert [client.get(SEARCH, environ_base=far).status_code for _ in range(2)] == [200, 200]
    refused = client.get(SEARCH, environ_base=far)
    assert (refused.status_code, refused.content_type) == (429, "application/problem+json")
    assert 0 < int(refused.headers["Retry-After"]) <= 3600
    assert refused.headers["Access-Control-Allow-Origin"] == "*"
    assert client.get("/", environ_base=far).status_code == 429
    for url in ("/healthz", "/metrics", "/static/concord.css"):
        with client.get(url, environ_base=far) as response:
            assert response.status_code == 200
    assert client.get(SEARCH, environ_base={"REMOTE_ADDR": "203.0.113.8"}).status_code == 200


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
def test_this_machine_itself_has_no_limit(address: str) -> None:
    client = client_with(Limits(rate_limit="1/hour"))
    assert [client.get(SEARCH, environ_base={"REMOTE_ADDR": address}).status_code for _ in range(3)] == [200] * 3


def test_addresses_of_one_ipv6_network_are_one_client() -> None:
    assert client_of("2001:db8::1") == client_of("2001:db8::ffff:1") == "2001:db8::/64"
    assert client_of("2001:db8:0:1::1") != client_of("2001:db8::1")
    assert client_of("::ffff:203.0.113.7") == client_of("203.0.113.7") == "203.0.113.7"
    assert client_of(None) == "unknown"


def test_no_rate_is_no_limit_and_one_that_cannot_be_read_is_an_error() -> None:
    client = client_with(Limits(rate_limit=""))
    far = {"REMOTE_ADDR": "203.0.113.7"}
    assert {client.get(SEARCH, environ_base=far).status_code for _ in range(5)} == {200}
    with pytest.raises(ConcordError, match="rate-limit: 'often' is not a rate such as 300/minute"):
        client_with(Limits(rate_limit="often"))


def test_an_address_that_is_too_long_is_a_414() -> None:
    client = client_with(Limits(max_url=200))
    assert client.get(SEARCH + "&institution=" + "x" * 100).status_code == 200
    response = client.get(SEARCH + "&institution=" + "x" * 200)
    assert (response.status_code, response.content_type) == (414, "application/problem+json")


def test_the_longest_query_of_the_widest_characters_fits_in_an_address(client: FlaskClient) -> None:
    assert client.get("/api/v1/search", query_string={"q": "\U0001d4b3" * 1000}).status_code == 200
