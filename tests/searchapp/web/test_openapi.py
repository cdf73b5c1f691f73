from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict

from searchapp.answers import (
    CommitmentAnswer,
    ComparisonAnswer,
    FacetsAnswer,
    ProblemAnswer,
    SearchAnswer,
    SimilarAnswer,
)
from searchapp.web.openapi import openapi_document
from searchapp.web.parameters import Choice, Codes, Flag, Names, Number, Text
from searchapp.web.params import SEARCH_PARAMETERS, parse_search
from tests.searchapp.web.fakes import MISSPELT, UNLIKE
from tests.searchapp.web.markup import each, parse, text_of

OPERATIONS = [path["get"] for path in openapi_document()["paths"].values()]


def fits(answer: object, form: Any) -> bool:
    """Say whether an answer has the keys and types of its form, and no others."""
    return bool(msgspec.json.decode(msgspec.json.encode(msgspec.convert(answer, form, strict=True))) == answer)


@pytest.mark.parametrize(
    ("url", "form", "status"),
    [
        ("/api/v1/search?q=innovation&explain=true&limit=3", SearchAnswer, 200),
        ("/api/v1/search?q=note", SearchAnswer, 200),
        (f"/api/v1/search?q={MISSPELT}&mode=keyword&explain=true", SearchAnswer, 200),
        (f"/api/v1/search?q={UNLIKE}", SearchAnswer, 200),
        ("/api/v1/facets", FacetsAnswer, 200),
        ("/api/v1/facets?q=innovation&country=GB&field=country", FacetsAnswer, 200),
        ("/api/v1/commitments/UK0066", CommitmentAnswer, 200),
        ("/api/v1/commitments/XX0001", CommitmentAnswer, 200),
        ("/api/v1/commitments/UK0066/similar", SimilarAnswer, 200),
        ("/api/v1/compare?id=UK0066&id=JO0021&id=XX0001", ComparisonAnswer, 200),
        ("/api/v1/search?q=hub&index=0123456789abcdef", SearchAnswer, 200),
        ("/api/v1/search", ProblemAnswer, 400),
        ("/api/v1/commitments/none", ProblemAnswer, 404),
    ],
)
def test_answers_are_just_what_the_description_says(client: FlaskClient, url: str, form: Any, status: int) -> None:
    response = client.get(url)
    assert response.status_code == status
    assert fits(msgspec.json.decode(response.data), form)


def test_an_answer_with_a_key_too_many_or_of_another_type_would_not_fit(client: FlaskClient) -> None:
    answer = client.get("/api/v1/search?q=innovation").get_json()
    assert not fits(answer | {"more": 1}, SearchAnswer)
    with pytest.raises(msgspec.ValidationError):
        fits(answer | {"total": "23"}, SearchAnswer)


def references(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        yield from (one for key, one in value.items() if key == "$ref")
        for one in value.values():
            yield from references(one)
    elif isinstance(value, list):
        for one in value:
            yield from references(one)


def test_the_description_is_of_openapi_3_1_and_refers_to_nothing_that_is_not_there(client: FlaskClient) -> None:
    response = client.get("/openapi.json")
    document = response.get_json()
    assert (response.status_code, document["openapi"]) == (200, "3.1.0")
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    schemas = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert set(references(document)) <= schemas
    assert {path for path in document["paths"] if path.startswith("/api/v1/")} == set(document["paths"])


def test_the_description_says_where_the_application_is_mounted(client: FlaskClient) -> None:
    document = client.get("/openapi.json", base_url="http://localhost/concord").get_json()
    assert document["servers"] == [{"url": "/concord"}]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: str(one["operationId"]))
def test_every_parameter_described_is_taken_and_no_other(client: FlaskClient, operation: dict[str, Any]) -> None:
    paths = {"commitment": "commitments/UK0066", "similar": "commitments/UK0066/similar"}
    path = paths.get(operation["operationId"], operation["operationId"])
    names = [one["name"] for one in operation["parameters"] if one["in"] == "query"]
    form = "ris" if path == "commitments/UK0066" else ""  # of which alone the language can be chosen
    values = {"q": "x", "id": ["UK0066", "JO0021"], "format": form}
    given = {name: values.get(name, "") for name in names}
    assert client.get(f"/api/v1/{path}", query_string=given).status_code == 200
    refused = client.get(f"/api/v1/{path}?unheard_of=1")
    assert (refused.status_code, refused.get_json(force=True)["field"]) == (400, "unheard_of")


@pytest.mark.parametrize("parameter", SEARCH_PARAMETERS, ids=lambda one: one.name)
def test_what_a_schema_allows_is_read_and_what_it_does_not_is_refused(parameter: Any) -> None:
    schema = parameter.schema()
    match parameter:
        case Text() | Names():
            longest = (schema.get("items") or schema)["maxLength"]
            allowed, refused = ["x" * longest], ["x" * (longest + 1)]
        case Choice():
            allowed, refused = schema["enum"], ["other"]
        case Flag():
            allowed, refused = ["true", "false"], ["yes"]
        case Number():
            first, last = schema["minimum"], schema["maximum"]
            allowed, refused = [str(first), str(last)], [str(first - 1), str(last + 1), "1.0"]
        case Codes():
            tried = ["FR", "fr", "open-data", "national", "x y", "a--b", "é", "\n"]
            allowed = [value for value in tried if re.search(schema["items"]["pattern"], value)]
            refused = [value for value in tried if value not in allowed]
    assert allowed
    for value in allowed:
        parse_search(MultiDict([(parameter.name, value)]))
    for value in refused:
        with pytest.raises(Exception, match=f"^{parameter.name}: "):
            parse_search(MultiDict([(parameter.name, value)]))


def test_more_values_than_the_schema_allows_are_refused() -> None:
    most = next(one for one in SEARCH_PARAMETERS if one.name == "country").schema()["maxItems"]
    parse_search(MultiDict([("country", "FR")] * most))
    with pytest.raises(Exception, match=f"country: has {most + 1} values"):
        parse_search(MultiDict([("country", "FR")] * (most + 1)))


def test_a_comparison_is_described_as_of_two_to_six_different_ids() -> None:
    [parameter] = [one for operation in OPERATIONS for one in operation["parameters"] if one["name"] == "id"]
    schema = parameter["schema"]
    assert parameter["required"]
    assert (schema["minItems"], schema["maxItems"], schema["uniqueItems"]) == (2, 6, True)
    allowed = re.compile(schema["items"]["pattern"])
    assert all(map(allowed.search, ["UK0066", "GB-2016.4", "ä"]))
    assert not any(map(allowed.search, ["", " ", "UK 66", "a/b", "a\x00", "x" * 101]))


def test_the_page_of_the_api_names_every_operation_parameter_and_answer(client: FlaskClient) -> None:
    tree = parse(client.get("/api/docs").text)
    words = set(text_of(tree).split())
    document = openapi_document()
    assert words >= set(document["paths"])
    assert words >= {parameter["name"] for one in OPERATIONS for parameter in one["parameters"]}
    anchors = {element.get("id") for element in tree.iter()}
    assert anchors >= set(document["components"]["schemas"])
    links = {element.get("href", "") for element in each(tree, "a")}
    assert {link[1:] for link in links if link.startswith("#")} - {"main"} <= anchors
