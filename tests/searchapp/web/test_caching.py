from __future__ import annotations

from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from indexer.shared.errors import IndexMissingError
from searchapp.search.results import IndexInfo, SearchRequest, SearchResult
from searchapp.search.watch import Watch
from searchapp.web import create_app
from tests.searchapp.web.fakes import INFO, FakeSearcher

URLS = [
    "/",
    "/?q=hub",
    "/commitments/UK0066",
    "/commitments/UK0066/similar",
    "/api/v1/search?q=hub",
    "/api/v1/facets",
    "/api/v1/commitments/UK0066",
    "/api/v1/commitments/UK0066/similar",
]


class NewerSearcher(FakeSearcher):
    @property
    def info(self) -> IndexInfo:
        return replace(INFO, digest="0123456789abcdef")


class HastySearcher(FakeSearcher):
    def search(self, request: SearchRequest, *, watch: Watch | None = None) -> SearchResult:
        return replace(super().search(request, watch=watch), partial=True, notes=("in a hurry",))


def tag(client: FlaskClient, url: str) -> str:
    return client.get(url).headers["ETag"]


@pytest.mark.parametrize("url", URLS)
def test_whoever_has_the_answer_gets_304_without_a_search(
    client: FlaskClient, searcher: FakeSearcher, url: str
) -> None:
    etag = tag(client, url)
    asked = len(searcher.asked)
    for method in ("GET", "HEAD"):
        response = client.open(url, method=method, headers={"If-None-Match": f'"other", {etag}'})
        assert (response.status_code, response.data, response.headers["ETag"]) == (304, b"", etag)
        assert response.headers["Cache-Control"] == "no-cache"
    assert len(searcher.asked) == asked
    assert client.get(url, headers={"If-None-Match": '"other"'}).status_code == 200


@pytest.mark.parametrize("url", URLS)
def test_another_index_makes_another_tag(client: FlaskClient, url: str) -> None:
    newer = create_app({"SEARCHER": NewerSearcher()}).test_client()
    assert tag(newer, url) != tag(client, url)
    assert tag(create_app({"SEARCHER": FakeSearcher()}).test_client(), url) == tag(client, url)


def test_other_parameters_make_another_tag(client: FlaskClient) -> None:
    urls = [f"/api/v1/search?q=hub{more}" for more in ("", "&limit=5", "&explain=true", "&country=GB")]
    assert len({tag(client, url) for url in urls}) == len(urls)


def test_an_answer_for_want_of_time_is_not_kept() -> None:
    client = create_app({"SEARCHER": HastySearcher()}).test_client()
    response = client.get("/api/v1/search?q=hub")
    assert response.get_json()["partial"]
    assert "ETag" not in response.headers
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("url", ["/api/v1/search", "/api/v1/commitments/none", "/commitments/none", "/nothing"])
def test_errors_are_not_kept(client: FlaskClient, url: str) -> None:
    response = client.get(url, headers={"If-None-Match": "*"} if url == "/nothing" else {})
    assert response.status_code in {400, 404}
    assert "ETag" not in response.headers
    assert response.headers["Cache-Control"] == "no-store"


def test_without_an_index_nothing_has_a_tag() -> None:
    client = create_app({"SEARCHER": FakeSearcher(error=IndexMissingError("no index"))}).test_client()
    assert "ETag" not in client.get("/").headers
    assert client.get("/api/v1/search?q=hub", headers={"If-None-Match": "*"}).status_code == 503
