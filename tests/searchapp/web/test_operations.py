from __future__ import annotations

import json
import logging
import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from indexer.shared.errors import EncoderError, IndexMissingError
from searchapp.web import create_app
from searchapp.web.access import log_requests_to_stderr
from tests.searchapp.web.fakes import FakeSearcher

SEARCH = "/api/v1/search?q=secret+hub&mode=keyword"


def samples(client: FlaskClient) -> dict[tuple[str, str], float]:
    """The values by name and labels, such as `mode=keyword stage=rank`."""
    text = client.get("/metrics").text
    return {
        (one.name, " ".join(f"{name}={value}" for name, value in sorted(one.labels.items()))): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


def lines(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    return [json.loads(one.getMessage()) for one in caplog.records if one.name == "searchapp.access"]


def test_requests_are_counted_by_route_and_status_not_by_address(client: FlaskClient) -> None:
    for url in ("/api/v1/commitments/UK0066", "/api/v1/commitments/JO0021", "/api/v1/commitments/none", "/a", "/b"):
        client.get(url)
    counted = samples(client)
    route = "/api/v1/commitments/<commitment_id>"
    assert counted["concord_requests_total", f"method=GET route={route} status=200"] == 2
    assert counted["concord_requests_total", f"method=GET route={route} status=404"] == 1
    assert counted["concord_requests_total", "method=GET route=(none) status=404"] == 2
    assert counted["concord_request_seconds_count", f"route={route}"] == 3


def test_methods_that_nobody_knows_are_counted_as_one(client: FlaskClient) -> None:
    for method in ("FOO", "BAR"):
        client.open("/", method=method)
    assert samples(client)["concord_requests_total", "method=other route=(none) status=405"] == 2


def test_stages_of_searches_are_timed_by_mode(client: FlaskClient) -> None:
    client.get(SEARCH)
    client.get("/?q=hub")
    counted = samples(client)
    assert counted["concord_search_stage_seconds_count", "mode=keyword stage=keyword"] == 1
    assert counted["concord_search_stage_seconds_count", "mode=hybrid stage=keyword"] == 1
    assert counted["concord_partial_searches_total", ""] == 0


def test_the_index_is_named_and_its_age_told(client: FlaskClient) -> None:
    counted = samples(client)
    assert counted["concord_index_up", ""] == 1
    assert counted["concord_index_info", "digest=3f9a1c0de7b24586 encoder=bundled:e5-small"] == 1
    assert counted["concord_index_age_seconds", ""] > 0


@pytest.mark.parametrize("error", [IndexMissingError("no index"), EncoderError("no encoder")])
def test_failures_are_counted_by_kind_and_metrics_need_no_index(error: IndexMissingError | EncoderError) -> None:
    client = create_app({"SEARCHER": FakeSearcher(error=error)}).test_client()
    client.get(SEARCH)
    counted = samples(client)
    assert counted["concord_index_up", ""] == 0
    assert counted["concord_errors_total", f"kind={type(error).__name__}"] == 1


def test_what_nobody_expected_is_counted_by_its_kind(app: Flask, searcher: FakeSearcher) -> None:
    app.config["PROPAGATE_EXCEPTIONS"] = False
    searcher.error = ZeroDivisionError("secret")  # type: ignore[assignment]
    app.test_client().get(SEARCH)
    searcher.error = None
    assert samples(app.test_client())["concord_errors_total", "kind=ZeroDivisionError"] == 1


def test_applications_count_apart() -> None:
    one, other = (create_app({"SEARCHER": FakeSearcher()}).test_client() for _ in range(2))
    one.get(SEARCH)
    assert not [key for key in samples(other) if "/api/v1/search" in key[1]]


def test_a_request_is_one_line_without_what_was_searched_for(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "searchapp.access"):
        response = client.get(SEARCH)
    [line] = lines(caplog)
    assert list(line) == ["time", "id", "method", "route", "status", "ms", "mode", "total"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", line["time"])
    assert (line["method"], line["route"], line["status"]) == ("GET", "/api/v1/search", 200)
    assert (line["mode"], line["total"]) == ("keyword", response.get_json()["total"])
    assert line["id"] == response.headers["X-Request-Id"]
    assert "secret" not in caplog.text


def test_what_was_searched_for_is_logged_where_a_setting_says_so(caplog: pytest.LogCaptureFixture) -> None:
    client = create_app({"SEARCHER": FakeSearcher(), "LOG_QUERIES": True}).test_client()
    with caplog.at_level(logging.INFO, "searchapp.access"):
        client.get("/api/v1/search", query_string={"q": 'hub\n{"forged": 1}\u202e'})
    assert lines(caplog)[0]["q"] == 'hub\n{"forged": 1}\u202e'
    assert len(caplog.messages[0].splitlines()) == 1


def test_a_request_keeps_a_sane_id_and_gets_another_for_any_other(client: FlaskClient) -> None:
    def given(value: str) -> str:
        return client.get("/healthz", headers={"X-Request-Id": value}).headers["X-Request-Id"]

    assert given("client-1.2_3") == "client-1.2_3"
    for insane in ("", "x" * 65, 'a"b', "a b", "é"):
        assert re.fullmatch(r"[0-9a-f]{16}", given(insane))
    assert given("") != given("")


def test_errors_have_lines_and_ids_too(client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "searchapp.access"):
        response = client.post("/api/v1/search")
    assert lines(caplog)[0]["status"] == 405
    assert response.headers["X-Request-Id"] == lines(caplog)[0]["id"]


def test_lines_can_go_to_stderr_as_they_are(client: FlaskClient, capsys: pytest.CaptureFixture[str]) -> None:
    logger = logging.getLogger("searchapp.access")
    before = logger.handlers, logger.propagate, logger.level
    try:
        log_requests_to_stderr()
        client.get("/healthz")
    finally:
        logger.handlers, logger.propagate, level = before
        logger.setLevel(level)
    assert json.loads(capsys.readouterr().err)["route"] == "/healthz"
