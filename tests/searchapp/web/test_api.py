from __future__ import annotations

import json
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from indexer.shared.errors import EncoderError, IndexMissingError, QueryError
from searchapp.search.results import Filters, SearchRequest, SimilarRequest
from searchapp.web import create_app
from tests.searchapp.web.fakes import CORPUS, HOSTILE, MISSPELT, UNLIKE, WEAKLY, FakeSearcher

SEARCH = "/api/v1/search"
SIMILAR = "/api/v1/commitments/UK0066/similar"


def search(client: FlaskClient, **parameters: object) -> dict[str, Any]:
    response = client.get(SEARCH, query_string=parameters)
    assert response.status_code == 200, response.text
    assert response.mimetype == "application/json"
    answer: dict[str, Any] = response.get_json()
    return answer


def test_a_search_answers_in_the_documented_shape(client: FlaskClient) -> None:
    answer = search(client, q="  innovation ", country="gb")
    assert list(answer) == [
        *("query", "total", "comparable", "partial", "strengths", "took_ms"),
        *("hits", "nearest", "facets", "next_url", "index", "permalink"),
    ]
    assert answer["query"] == {
        "q": "innovation",
        "mode": "hybrid",
        "region": [],
        "country": ["GB"],
        "lang": [],
        "policy_area": [],
        "institution": [],
        "ambition": [],
        "completion": [],
        "early_results": [],
        "status": [],
        "scope": [],
        "year_from": None,
        "year_to": None,
        "sort": "relevance",
        "group_by": "commitment",
        "comparable": False,
        "fold": True,
        "explain": False,
        "limit": 10,
        "offset": 0,
    }
    assert (answer["total"], answer["took_ms"], answer["next_url"]) == (1, 9.8, None)
    assert answer["index"] == {
        "digest": "3f9a1c0de7b24586",
        "encoder": "bundled:e5-small",
        "built_at": "2026-01-31T09:30:00+00:00",
    }


def test_an_answer_counts_its_strengths_and_says_whether_anything_is_comparable(client: FlaskClient) -> None:
    answer = search(client, q="innovation")
    assert (answer["total"], answer["comparable"], answer["nearest"]) == (23, True, [])
    assert answer["strengths"] == {"strong": 1, "fair": 2, "weak": 20}
    assert not search(client, q=WEAKLY)["comparable"]
    unlike = search(client, q=UNLIKE)
    assert (unlike["total"], unlike["comparable"], unlike["hits"]) == (0, False, [])
    assert [hit["commitment"]["id"] for hit in unlike["nearest"]] == ["UK0066"]


def test_a_hit_has_its_commitment_passage_and_scores(client: FlaskClient) -> None:
    (hit,) = search(client, q="innovation", country="GB")["hits"]
    assert list(hit) == ["rank", "score", "strength", "commitment", "passage", "scores"]
    assert hit["strength"] == "strong"
    assert hit["rank"] == 1
    assert hit["score"] == 0.7023
    assert hit["scores"] == {"keyword": 3.21, "semantic": 0.69, "fused": 0.7023}
    assert hit["commitment"] == {
        "id": "UK0066",
        "title": "Centre d'innovation anticorruption",
        "country": {"code": "GB", "name": "United Kingdom"},
        "lang": "fr",
        "year": 2016,
        "policy_areas": ["anti-corruption-institutions", "public-participation"],
        "url": "/commitments/UK0066?lang=fr",
        "also_in": ["en"],
        "near_duplicates": ["UK0067"],
    }
    passage = hit["passage"]
    assert list(passage) == ["chunk_id", "section", "lang", "text", "highlights"]
    assert passage["lang"] == "fr"
    word, meaning = passage["highlights"]
    assert passage["text"][word["start"] : word["end"]] == "innovation"
    assert (word["kind"], meaning["kind"]) == ("word", "semantic")


def test_scores_of_a_leg_that_did_not_match_are_null(client: FlaskClient) -> None:
    hit = search(client, q="innovation", lang="zh")["hits"][0]
    assert hit["scores"]["keyword"] is None
    assert search(client, q="innovation", mode="keyword")["hits"][0]["scores"]["semantic"] is None


def test_a_local_member_is_named_with_its_country(client: FlaskClient) -> None:
    hit = search(client, q="ideas", country="KR")["hits"][0]
    assert hit["commitment"]["country"] == {"code": "KR", "name": "South Korea", "locality": "Seoul"}


def test_facets_are_labelled_counted_and_say_what_is_selected(client: FlaskClient) -> None:
    facets = search(client, q="x", country=["GB", "KR"])["facets"]
    assert list(facets) == ["country", "lang", "year", "policy_area"]
    assert facets["country"] == [
        {"value": "GB", "label": "United Kingdom", "count": 1, "selected": True},
        {"value": "KR", "label": "South Korea", "count": 1, "selected": True},
    ]
    assert facets["policy_area"][0] == {
        "value": "public-participation",
        "label": "Public Participation",
        "count": 2,
        "selected": False,
    }


def test_following_next_url_visits_every_hit_once_with_the_same_total_and_facets(client: FlaskClient) -> None:
    url: str | None = f"{SEARCH}?q=innovation&limit=7"
    ranks, totals, facets = [], set(), set()
    while url:
        answer = client.get(url).get_json()
        ranks += [hit["rank"] for hit in answer["hits"]]
        totals.add(answer["total"])
        facets.add(json.dumps(answer["facets"]))
        url = answer["next_url"]
    assert ranks == list(range(1, 24))
    assert totals == {23}
    assert len(facets) == 1


def test_next_url_keeps_the_whole_search(client: FlaskClient) -> None:
    answer = search(client, q="é & ü", mode="semantic", lang=["en", "fr"], year_from=2000, limit=1)
    assert answer["next_url"] == (
        "/api/v1/search?q=%C3%A9+%26+%C3%BC&mode=semantic&lang=en&lang=fr&year_from=2000&limit=1&offset=1"
    )


def test_the_searcher_is_asked_exactly_what_the_request_says(client: FlaskClient, searcher: FakeSearcher) -> None:
    search(client, q="hub", mode="keyword", lang="fr", year_to="2020", limit=3, offset=1)
    assert searcher.asked == [
        SearchRequest(query="hub", mode="keyword", filters=Filters(lang=("fr",), year_to=2020), limit=3, offset=1)
    ]


def test_text_is_unescaped_utf8(client: FlaskClient) -> None:
    body = client.get(SEARCH, query_string={"q": "公众", "country": "TW"}).data
    assert "公众参与创新中心".encode() in body
    assert b"\\u" not in body


def test_notes_are_there_only_when_there_are_any(client: FlaskClient) -> None:
    assert search(client, q="note")["notes"] == ["The hub is new."]
    assert "notes" not in search(client, q="hub")


def test_corrections_are_there_only_when_there_are_any(client: FlaskClient) -> None:
    answer = search(client, q=MISSPELT)
    assert answer["corrections"] == [
        {"word": "inovation", "used": ["innovation", "innovative"]},
        {"word": "seuol", "used": ["seoul"]},
    ]
    assert answer["corrected_query"] == "innovation in seoul"
    assert search(client, q="hub").keys().isdisjoint({"corrections", "corrected_query"})


def test_hostile_text_comes_back_as_it_is(client: FlaskClient) -> None:
    answer = client.get("/api/v1/commitments/XX0001").get_json()
    assert HOSTILE in answer["versions"][0]["text"]


@pytest.mark.parametrize(
    ("query_string", "field"),
    [
        ("", "q"),
        ("q=", "q"),
        ("q=%20%00", "q"),
        ("q=" + "x" * 5000, "q"),
        ("q=a&q=b", "q"),
        ("q=a&mode=fuzzy", "mode"),
        ("q=a&limit=0", "limit"),
        ("q=a&offset=10001", "offset"),
        ("q=a&fold=maybe", "fold"),
        ("q=a&year_from=1800", "year_from"),
        ("q=a&country=France", "country"),
        ("q=a&sort=year", "sort"),
    ],
)
def test_what_cannot_be_searched_is_a_problem_that_names_the_field(
    client: FlaskClient, searcher: FakeSearcher, query_string: str, field: str
) -> None:
    response = client.get(f"{SEARCH}?{query_string}")
    problem = json.loads(response.data)
    assert response.status_code == 400
    assert response.content_type == "application/problem+json"
    assert list(problem) == ["type", "title", "status", "detail", "instance", "field"]
    assert problem["type"] == "/about#problem-invalid-request"
    assert problem["title"] == "Invalid request"
    assert problem["status"] == 400
    assert problem["detail"].startswith(f"{field}: ")
    assert problem["instance"] == SEARCH
    assert problem["field"] == field
    assert searcher.asked == []


def test_a_query_that_the_searcher_refuses_is_a_problem_too() -> None:
    client = create_app({"SEARCHER": FakeSearcher(error=QueryError("has no word in it", field="q"))}).test_client()
    response = client.get(f"{SEARCH}?q=%22%22")
    assert response.status_code == 400
    assert json.loads(response.data)["detail"] == "q: has no word in it"


@pytest.mark.parametrize("error", [IndexMissingError("/srv/secret: no index"), EncoderError("/srv/secret: no encoder")])
@pytest.mark.parametrize("url", [f"{SEARCH}?q=hub", "/api/v1/commitments/UK0066", SIMILAR])
def test_a_broken_index_is_a_503_that_tells_no_folder(
    error: IndexMissingError | EncoderError, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    response = create_app({"SEARCHER": FakeSearcher(error=error)}).test_client().get(url)
    problem = json.loads(response.data)
    assert response.status_code == problem["status"] == 503
    assert response.content_type == "application/problem+json"
    assert problem["type"] == "/about#problem-index-unavailable"
    assert "secret" not in response.text
    assert "/srv/secret" in caplog.text


def test_an_unknown_commitment_is_a_404_problem(client: FlaskClient) -> None:
    response = client.get("/api/v1/commitments/nö")
    problem = json.loads(response.data)
    assert (response.status_code, problem["type"]) == (404, "/about#problem-not-found")
    assert problem["instance"] == "/api/v1/commitments/n%C3%B6"


def test_a_commitment_in_json_has_every_language_so_that_none_can_be_chosen(client: FlaskClient) -> None:
    refused = client.get("/api/v1/commitments/UK0066?lang=fr")
    assert (refused.status_code, refused.get_json(force=True)["detail"][:30]) == (400, "lang: JSON has every language;")
    assert client.get("/api/v1/commitments/UK0066?lang=+").status_code == 200


def test_the_commitments_like_one_are_answered_each_with_a_pair_of_passages(client: FlaskClient) -> None:
    answer = client.get(SIMILAR, query_string={"country": ["kr", "jo"], "limit": 1}).get_json()
    assert list(answer) == ["query", "total", "took_ms", "hits", "index"]
    assert answer["query"] == {
        "id": "UK0066",
        "per_country": True,
        "region": [],
        "country": ["KR", "JO"],
        "lang": [],
        "policy_area": [],
        "institution": [],
        "ambition": [],
        "completion": [],
        "early_results": [],
        "status": [],
        "scope": [],
        "year_from": None,
        "year_to": None,
        "limit": 1,
    }
    assert (answer["total"], answer["took_ms"]) == (2, 1.2)
    [hit] = answer["hits"]
    assert list(hit) == ["rank", "score", "commitment", "pair"]
    assert (hit["rank"], hit["score"], hit["commitment"]["id"]) == (1, 0.3023, "SEO0002")
    assert hit["commitment"]["country"] == {"code": "KR", "name": "South Korea", "locality": "Seoul"}
    assert list(hit["pair"]) == ["own", "other", "semantic"]
    assert hit["pair"]["semantic"] == 0.4568
    for side, name, lang in (("own", "UK0066.fr#000", "fr"), ("other", "SEO0002.es#000", "es")):
        passage = hit["pair"][side]
        assert (passage["chunk_id"], passage["lang"], passage["section"]) == (name, lang, "description")
        assert [mark["kind"] for mark in passage["highlights"]] == ["semantic"]


def test_the_searcher_is_asked_for_exactly_those_like_one_that_the_request_says(
    client: FlaskClient, searcher: FakeSearcher
) -> None:
    assert client.get(f"{SIMILAR}?per_country=false&lang=es&year_from=2012&limit=100").status_code == 200
    filters = Filters(lang=("es",), year_from=2012)
    asked = SimilarRequest(commitment_id="UK0066", per_country=False, filters=filters, limit=100)
    assert searcher.asked_similar == [asked]


def test_nothing_like_a_commitment_is_an_empty_list(client: FlaskClient) -> None:
    answer = client.get(f"{SIMILAR}?country=GB").get_json()
    assert (answer["total"], answer["hits"]) == (0, [])


@pytest.mark.parametrize(
    ("query_string", "field"),
    [
        ("per_country=maybe", "per_country"),
        ("per_country=true&per_country=true", "per_country"),
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("country=France", "country"),
        ("year_from=2015&year_to=2014", "year_to"),
        ("offset=10", "offset"),
        ("q=hub", "q"),
    ],
)
def test_what_cannot_be_asked_of_those_like_one_is_a_problem_that_names_the_field(
    client: FlaskClient, searcher: FakeSearcher, query_string: str, field: str
) -> None:
    response = client.get(f"{SIMILAR}?{query_string}")
    assert (response.status_code, response.content_type) == (400, "application/problem+json")
    assert json.loads(response.data)["field"] == field
    assert searcher.asked_similar == []


def test_those_like_an_unknown_commitment_are_a_404_problem(client: FlaskClient) -> None:
    response = client.get("/api/v1/commitments/XX9999/similar")
    assert (response.status_code, response.content_type) == (404, "application/problem+json")
    assert json.loads(response.data)["type"] == "/about#problem-not-found"


@pytest.mark.parametrize("url", ["/api", "/api/v1/nothing", "/api/v2/search"])
def test_an_unknown_address_below_api_is_a_problem(client: FlaskClient, url: str) -> None:
    response = client.get(url)
    assert (response.status_code, response.content_type) == (404, "application/problem+json")
    assert json.loads(response.data)["type"] == "about:blank"


def test_a_wrong_method_is_a_problem_that_says_which_are_right(client: FlaskClient) -> None:
    response = client.post(SEARCH)
    assert (response.status_code, response.content_type) == (405, "application/problem+json")
    assert response.headers["Allow"] == "GET, HEAD, OPTIONS"
    assert json.loads(response.data)["detail"] == "POST is not possible here; expected GET, HEAD, OPTIONS."


def test_a_failure_is_a_500_problem_without_its_reason(app: Flask, searcher: FakeSearcher) -> None:
    app.config["PROPAGATE_EXCEPTIONS"] = False
    searcher.error = ZeroDivisionError("secret")  # type: ignore[assignment]
    response = app.test_client().get(f"{SEARCH}?q=hub")
    assert (response.status_code, response.content_type) == (500, "application/problem+json")
    assert "secret" not in response.text


def test_a_commitment_is_told_whole_in_each_of_its_languages(client: FlaskClient) -> None:
    answer = client.get("/api/v1/commitments/UK0066").get_json()
    assert list(answer) == ["id", "country", "url", "versions", "index"]
    assert [version["lang"] for version in answer["versions"]] == [
        {"code": "fr", "name": "French"},
        {"code": "en", "name": "English"},
    ]
    french, original = answer["versions"][0], CORPUS[0]
    assert french["text"] == original.text
    assert french["facts"]["completion_midterm"] == "limited"
    assert french["policy_areas"][1] == {"value": "public-participation", "label": "Public Participation"}
    section = french["sections"][1]
    assert (section["kind"], section["label"]) == ("midterm_review", "IRM midterm review")
    assert french["text"][section["start"] : section["end"]].startswith("L'engagement était en retard")
    assert french["milestones"][0] == {"number": "4.1", "text": "Mettre en place un pôle d'innovation"}
    assert french["catalogue"][1] == {
        "commitment_id": "UK0065",
        "title": "Ressources naturelles",
        "year": None,
        "policy_area": "",
    }
    assert french["unmapped"] == [{"field": "policy_area", "value": "Technologie scientifique"}]
    assert french["source"] == {"file": "UK0066.txt", "url": original.url}


def test_urls_keep_the_root_that_the_application_is_mounted_at(client: FlaskClient) -> None:
    answer = client.get(f"{SEARCH}?q=hub&limit=1", base_url="http://localhost/concord").get_json()
    assert answer["next_url"] == "/concord/api/v1/search?q=hub&limit=1&offset=1"
    assert answer["hits"][0]["commitment"]["url"] == "/concord/commitments/UK0066?lang=fr"


def test_health_needs_no_index() -> None:
    client = create_app({"SEARCHER": FakeSearcher(error=IndexMissingError("no index"))}).test_client()
    assert client.get("/healthz").get_json() == {"status": "ok"}


def test_head_answers_like_get_without_a_body(client: FlaskClient) -> None:
    response = client.head(f"{SEARCH}?q=hub")
    assert (response.status_code, response.data) == (200, b"")
