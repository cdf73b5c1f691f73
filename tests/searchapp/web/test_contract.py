"""What the description allows is answered, or refused for a reason that no schema of one parameter can say."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st

from searchapp.search.searcher import Searcher
from searchapp.web import create_app
from searchapp.web.openapi import openapi_document
from tests.fakes import FakeEncoder
from tests.indexer.crashes import write_corpus
from tests.searchapp.web.test_safety import ANY_TEXT, EXAMPLES

OPERATIONS = {path: methods["get"]["parameters"] for path, methods in openapi_document()["paths"].items()}

REASONS = re.compile(
    r"""
    q:\ is\ missing\ or\ blank; .* | q:\ there\ is\ no\ word\ to\ search\ for .* | q:\ there\ are\ only\ words\ to .*
    | q:\ at\ most\ 16\ quoted .* | q:\ at\ least\ 3\ letters .* | q:\ a\ star\ can\ only .*
    | year_to:\ \d+\ is\ before .* | lang:\ JSON\ has\ every\ language; .*
    """,
    re.VERBOSE | re.DOTALL,
)
"""The details of a 400 that no schema of one parameter can prevent; the description of its operation tells the rule."""

SEVERAL = 3
"""Values of one parameter that are tried at most."""


def valid(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Return what fits the schema of a parameter, as it is sent."""
    match schema:
        case {"type": "array", "items": items, "maxItems": most}:
            sizes = {"min_size": schema.get("minItems", 0), "max_size": min(most, SEVERAL)}
            unique = {"unique_by": str} if schema.get("uniqueItems") else {}
            return st.lists(valid(items), **sizes, **unique)
        case {"enum": words}:
            return st.sampled_from(words)
        case {"type": "boolean"}:
            return st.sampled_from(["true", "false"])
        case {"type": "integer", "minimum": first, "maximum": last}:
            return st.integers(first, last).map(str)
        case {"pattern": pattern}:
            return st.from_regex(pattern[1:-1], fullmatch=True).filter(
                lambda one: one != schema.get("not", {}).get("const")
            )
        case {"maxLength": longest}:
            return st.text(max_size=longest) | ANY_TEXT
    raise AssertionError(f"a schema of a new kind: {schema}")


@st.composite
def requests(draw: st.DrawFn) -> tuple[str, list[tuple[str, str]]]:
    """An address of an operation and its arguments, all as the description wants them."""
    path = draw(st.sampled_from(list(OPERATIONS)))
    arguments: list[tuple[str, str]] = []
    for one in OPERATIONS[path]:
        if one["in"] == "path":
            commitment_id = draw(st.sampled_from(["GB0001", "GB0002"]) | valid(one["schema"]))
            path = path.replace("{commitment_id}", quote(commitment_id, safe=""))
        elif one.get("required") or draw(st.booleans()):
            value = draw(valid(one["schema"]))
            arguments += [(one["name"], item) for item in ([value] if isinstance(value, str) else value)]
    return path, arguments


@pytest.fixture(scope="module")
def indexed_client(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    index = tmp_path_factory.mktemp("contract") / "index"
    write_corpus(index, 1)
    return create_app({"SEARCHER": Searcher.open(index, encoder=FakeEncoder())}).test_client()


@settings(max_examples=EXAMPLES, deadline=None)
@given(asked=requests())
def test_what_the_description_allows_is_answered_or_refused_for_a_known_reason(
    indexed_client: FlaskClient, asked: tuple[str, list[tuple[str, str]]]
) -> None:
    path, arguments = asked
    response = indexed_client.get(
        path + "?" + "&".join(f"{name}={quote(value, errors='replace')}" for name, value in arguments)
    )
    assert response.status_code in {200, 400, 404, 414}
    if response.status_code == 400:
        assert REASONS.fullmatch(response.get_json(force=True)["detail"])
    if response.status_code == 404:
        assert "commitments/" in path or path.endswith("/compare")
