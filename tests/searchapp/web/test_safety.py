"""What anyone may send: any query string, any method, hostile text; and the headers of every answer."""

from __future__ import annotations

import json
import os
from pathlib import Path
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st

from searchapp.search.searcher import Searcher
from searchapp.web import create_app
from tests.fakes import FakeEncoder, document
from tests.searchapp.web.fakes import FakeSearcher
from tests.searchapp.web.markup import each, parse, text_of

EXAMPLES = int(os.environ.get("CONCORD_FUZZ", "300"))
"""Query strings to try; more of them by hand."""

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)> {{ 7 * 7 }} {% raw %} \u202egnp.exe \x00\x1b[31m"
ROUTES = ("/", "/api/v1/search", "/api/v1/facets", "/api/v1/commitments/UK0066/similar", "/commitments/UK0066/similar")
NAMES = ("q", "mode", "lang", "country", "region", "policy_area", "institution", "scope", "year_from", "year_to")
PIECES = (
    *('"', "“", "”", "[a TO ", "NOT ", "-", "*", "(", ")", "lang:", "year:2016-", "id:", "country:", "\x00", "\u202e"),
    *(
        "innova*",
        "UK0066",
        "hub",
        " ",
        "OR",
        "\\",
        "{{",
        "%",
        "1,000",
        "١٬٠٠٠",
        "創新",
        "\U0001d4b3",
        "\u200d",
        "é",
        "e\u0301",
    ),
)
ANY_TEXT = st.one_of(st.text(max_size=60), st.lists(st.sampled_from(PIECES), max_size=60).map("".join))
VALUES = st.one_of(ANY_TEXT, st.sampled_from(["", " ", "0", "5", "-1", "1e9", "true", "fr", "FR", "2016", "open-data"]))
PAIRS = st.tuples(
    st.one_of(st.sampled_from([*NAMES, "fold", "explain", "group_by", "sort", "limit", "offset", "field"]), ANY_TEXT),
    VALUES,
)
ENCODED = st.lists(PAIRS, max_size=6).map(
    lambda pairs: "&".join(f"{quote(name, errors='replace')}={quote(value, errors='replace')}" for name, value in pairs)
)
RAW = st.text(alphabet=st.characters(codec="latin-1", exclude_characters="#"), max_size=60)
QUERY_STRINGS = st.one_of(
    ENCODED, RAW, ENCODED.map(lambda one: f"q=hub&{one}"), ENCODED.map(lambda one: f"mode=keyword&{one}")
)


@settings(max_examples=EXAMPLES, deadline=None)
@given(route=st.sampled_from(ROUTES), query_string=QUERY_STRINGS)
def test_any_query_string_is_answered_or_refused(fake_client: FlaskClient, route: str, query_string: str) -> None:
    check(fake_client, route, query_string)


@settings(max_examples=EXAMPLES, deadline=None)
@given(query=ANY_TEXT, mode=st.sampled_from(["hybrid", "keyword", "semantic"]))
def test_a_real_index_answers_or_refuses_any_query(hostile_client: FlaskClient, query: str, mode: str) -> None:
    check(hostile_client, "/api/v1/search", f"mode={mode}&explain=true&q={quote(query, errors='replace')}")
    check(hostile_client, "/", f"mode={mode}&q={quote(query, errors='replace')}")


def check(client: FlaskClient, route: str, query_string: str) -> None:
    response = client.get(route, query_string=query_string)
    assert response.status_code in {200, 400}
    if route.startswith("/api/"):
        answer = json.loads(response.data)
        assert response.content_type == (
            "application/json" if "hits" in answer or "facets" in answer else "application/problem+json"
        )
        if response.status_code == 400:
            assert answer["field"]


@pytest.fixture(scope="module")
def fake_client() -> FlaskClient:
    return create_app({"SEARCHER": FakeSearcher()}).test_client()


@pytest.fixture(scope="module")
def hostile_index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from indexer.pipeline import index_documents  # noqa: PLC0415 (only this fixture)
    from indexer.readers.sources import ReadResult  # noqa: PLC0415 (the same)

    documents = (
        document("GB0001", f"An innovation hub. {HOSTILE} It is open to all.", title=f"Hub {HOSTILE}", country="GB"),
        document("UK0066", "A register of owners.", title="Register", country="FR", lead_institutions=(HOSTILE,)),
    )
    index = tmp_path_factory.mktemp("hostile") / "index"
    index_documents(ReadResult(documents=documents, rejected=(), sources=()), index=index, encoder=FakeEncoder())
    return index


@pytest.fixture(scope="module")
def hostile_client(hostile_index: Path) -> FlaskClient:
    return create_app({"SEARCHER": Searcher.open(hostile_index, encoder=FakeEncoder())}).test_client()


@pytest.mark.parametrize(
    "url", ["/?q=innovation", f"/?q={quote(HOSTILE)}", "/commitments/GB0001", "/commitments/UK0066"]
)
def test_hostile_text_of_documents_and_queries_is_text_in_pages(hostile_client: FlaskClient, url: str) -> None:
    response = hostile_client.get(url)
    tree = parse(response.text)
    assert response.status_code == 200
    assert not list(each(tree, "script"))
    assert {image.get("src") for image in each(tree, "img")} <= {"/static/icon.svg"}
    assert not [name for element in tree.iter() for name in element.attrib if name.startswith("on")]
    assert "{{ 7 * 7 }}" in text_of(tree)
    assert not {"\x00", "\x1b", "\u202e"} & set(response.text)


def test_hostile_text_comes_out_of_json_as_it_went_in(hostile_client: FlaskClient) -> None:
    response = hostile_client.get("/api/v1/search?q=innovation")
    assert "<script>alert(1)</script>" in response.get_json()["hits"][0]["passage"]["text"]
    assert (response.mimetype, response.headers["X-Content-Type-Options"]) == ("application/json", "nosniff")
    assert not {"\x00", "\x1b"} & set(response.text)


@pytest.mark.parametrize(
    "url", ["/", "/?q=hub", "/about", "/api/docs", "/api/v1/search?q=hub", "/api/v1/search", "/nothing", "/metrics"]
)
def test_every_answer_has_the_headers_that_keep_browsers_careful(client: FlaskClient, url: str) -> None:
    headers = client.get(url).headers
    policy = headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert {"default-src 'self'", "frame-ancestors 'none'", "object-src 'none'"} <= set(policy.split("; "))
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]


@pytest.mark.parametrize(
    "url", ["/api/v1/search", "/api/v1/facets", "/api/v1/commitments/UK0066", "/", "/openapi.json"]
)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE", "QUERY"])
def test_other_methods_than_get_head_and_options_are_a_405_that_names_these(
    client: FlaskClient, url: str, method: str
) -> None:
    response = client.open(url, method=method)
    assert (response.status_code, response.headers["Allow"]) == (405, "GET, HEAD, OPTIONS")
    assert (response.mimetype == "text/html") == (url == "/")


def test_any_site_may_ask_the_api_and_read_its_errors_but_not_the_pages(client: FlaskClient) -> None:
    for url in ("/api/v1/search?q=hub", "/api/v1/search", "/api/v1/none", "/openapi.json"):
        headers = client.get(url, headers={"Origin": "https://example.org"}).headers
        assert headers["Access-Control-Allow-Origin"] == "*"
        assert "ETag" in headers["Access-Control-Expose-Headers"]
        assert "Access-Control-Allow-Credentials" not in headers
    assert "Access-Control-Allow-Origin" not in client.get("/?q=hub").headers


def test_a_browser_that_asks_before_asking_is_told_what_it_may(client: FlaskClient) -> None:
    asking = {"Origin": "https://example.org", "Access-Control-Request-Method": "GET"}
    response = client.options("/api/v1/search", headers=asking | {"Access-Control-Request-Headers": "if-none-match"})
    assert (response.status_code, response.data) == (200, b"")
    assert response.headers["Access-Control-Allow-Methods"] == "GET, HEAD, OPTIONS"
    assert "If-None-Match" in response.headers["Access-Control-Allow-Headers"]
    assert set(response.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}
