"""The API's description (OpenAPI 3.1), made of the tables that check requests and the types of its answers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from importlib.metadata import version
from typing import Any

import msgspec

from indexer.shared.records import COMMITMENT_ID
from searchapp.answers import (
    CommitmentAnswer,
    ComparisonAnswer,
    FacetsAnswer,
    ProblemAnswer,
    SearchAnswer,
    SimilarAnswer,
)
from searchapp.export import FORMS, REFERENCE_FORMS
from searchapp.search.query import MAX_CLAUSES, MIN_PREFIX
from searchapp.web.parameters import Parameter
from searchapp.web.params import (
    COMPARE_PARAMETERS,
    FACET_PARAMETERS,
    PINNED_SEARCH_PARAMETERS,
    REFERENCE_PARAMETERS,
    SIMILAR_PARAMETERS,
)

__all__ = ["openapi_document"]

_SCHEMA = "#/components/schemas/{name}"
_PROBLEMS = {
    400: "A parameter is missing, unknown, repeated or has a value that can't be used; `field` names it.",
    404: "There is no such commitment.",
    414: "The address is too long.",
    429: "The client has made too many requests; `Retry-After` says how many seconds to wait.",
    503: "The index can't be used, or there is no time or room for the request at the moment.",
}
_ALWAYS = (400, 414, 429, 503)
_YEARS = "`year_to` can't be before `year_from`."
_QUERY = (
    "A query that names no field must have a word to search for. It can have up to "
    f"{MAX_CLAUSES} phrases, exclusions and stars, and a star only ends a word of {MIN_PREFIX} letters or more."
)
_ID = {
    "name": "commitment_id",
    "in": "path",
    "required": True,
    "description": "The ID of a commitment.",
    "schema": {"type": "string", "pattern": f"^{COMMITMENT_ID}$", "examples": ["UK0066"]},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Operation:
    """One GET.

    `rules` say what the schemas of single parameters can't; `links` name the operations that can follow it with the
    same ID; `files` are the media types of its other formats; `finds` says that it looks for commitments by `id`.
    """

    path: str
    name: str
    summary: str
    parameters: tuple[Parameter, ...]
    answer: type
    rules: str = ""
    links: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    finds: bool = False

    @property
    def of_one(self) -> bool:
        return "{commitment_id}" in self.path


_OPERATIONS = (
    _Operation(
        path="/api/v1/search",
        name="search",
        summary="Search commitments in any language; with filters and no query, all that pass them",
        parameters=PINNED_SEARCH_PARAMETERS,
        answer=SearchAnswer,
        rules=f"Either `q` or a filter is needed. {_QUERY} {_YEARS}",
        files=(*(form.media_type for form in FORMS.values()), "application/atom+xml"),
    ),
    _Operation(
        path="/api/v1/facets",
        name="facets",
        summary="Count the values of every field, in a search's result or among all commitments",
        parameters=FACET_PARAMETERS,
        answer=FacetsAnswer,
        rules=f"{_QUERY} {_YEARS}",
    ),
    _Operation(
        path="/api/v1/commitments/{commitment_id}",
        name="commitment",
        summary="A commitment in all its languages",
        parameters=REFERENCE_PARAMETERS,
        answer=CommitmentAnswer,
        files=("text/plain", *(form.media_type for name, form in FORMS.items() if name in REFERENCE_FORMS)),
        rules="`lang` is for references only: JSON has every language.",
        links=("similar",),
    ),
    _Operation(
        path="/api/v1/commitments/{commitment_id}/similar",
        name="similar",
        summary="The commitments of other countries that are most like one",
        parameters=SIMILAR_PARAMETERS,
        answer=SimilarAnswer,
        rules=_YEARS,
        links=("commitment",),
    ),
    _Operation(
        path="/api/v1/compare",
        name="compare",
        summary="Two to six commitments side by side",
        parameters=COMPARE_PARAMETERS,
        answer=ComparisonAnswer,
        files=(FORMS["csv"].media_type,),
        finds=True,
    ),
)


@cache
def openapi_document(root: str = "") -> dict[str, Any]:
    """Return the description of the API, for an application that is mounted at `root`."""
    _, schemas = msgspec.json.schema_components(
        [ProblemAnswer, *(operation.answer for operation in _OPERATIONS)], ref_template=_SCHEMA
    )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Concord",
            "version": version("concord"),
            "description": (
                "Search open-government commitments across countries and languages. Only GET, HEAD and OPTIONS are "
                "possible. A parameter that is empty counts as absent; one that nobody knows is refused. Every answer "
                "has an ETag to ask again with (If-None-Match), and every error is a problem document (RFC 9457)."
            ),
        },
        "servers": [{"url": root or "/"}],
        "paths": {operation.path: {"get": _get(operation)} for operation in _OPERATIONS},
        "components": {"schemas": schemas},
    }


def _get(operation: _Operation) -> dict[str, Any]:
    statuses = sorted({*_ALWAYS, *((404,) if operation.of_one or operation.finds else ())})
    parameters = map(_parameter, operation.parameters)
    return {
        "operationId": operation.name,
        "summary": operation.summary,
        **({"description": operation.rules} if operation.rules else {}),
        "parameters": [*([_ID] if operation.of_one else []), *parameters],
        "responses": {
            "200": _success(operation),
            "304": {"description": "The answer is still the one whose ETag was sent."},
            **{str(status): _problem(status) for status in statuses},
        },
    }


def _parameter(parameter: Parameter) -> dict[str, Any]:
    schema = parameter.schema()
    return {
        "name": parameter.name,
        "in": "query",
        "description": parameter.help,
        **({"required": True} if "minItems" in schema else {}),
        **({} if schema["type"] == "array" else {"allowEmptyValue": True}),
        "schema": schema,
    }


def _success(operation: _Operation) -> dict[str, Any]:
    success = {
        "description": HTTPStatus.OK.phrase,
        "headers": {"ETag": {"description": "Changes with the answer.", "schema": {"type": "string"}}},
        "content": {
            "application/json": {"schema": {"$ref": _SCHEMA.format(name=operation.answer.__name__)}},
            **{media_type.partition(";")[0]: {"schema": {"type": "string"}} for media_type in operation.files},
        },
    }
    links = {
        name: {"operationId": name, "parameters": {"commitment_id": "$request.path.commitment_id"}}
        for name in operation.links
    }
    return success | {"links": links} if links else success


def _problem(status: int) -> dict[str, Any]:
    return {
        "description": _PROBLEMS[status],
        "content": {"application/problem+json": {"schema": {"$ref": _SCHEMA.format(name="ProblemAnswer")}}},
    }
