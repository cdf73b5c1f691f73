"""Every error as one `Problem`, shown as a page or, on routes of the API, as RFC 9457 `application/problem+json`.

QueryError → 400, NotFoundError → 404, IndexStoreError, EncoderError and OverloadError → 503, an HTTP error of Flask →
its own status, anything else → 500. What visitors read of a 5xx names no folders; the reason is in the log.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import quote

from flask import Flask, Response, current_app, make_response, render_template, request, url_for
from werkzeug.exceptions import HTTPException, InternalServerError, MethodNotAllowed, NotFound, TooManyRequests

from indexer.shared.errors import (
    ConcordError,
    EncoderError,
    EngineDownError,
    IndexStoreError,
    NotFoundError,
    OverloadError,
    QueryError,
)
from searchapp.language import N_
from searchapp.web.metrics import get_metrics

__all__ = ["PROBLEM_JSON", "Problem", "install_errors", "is_api", "log_failure", "problem_of"]

PROBLEM_JSON = "application/problem+json"
_API_PREFIX = "/api/"
_API_PAGE = "/api/docs"
_API_ROUTES = ("/api", "/healthz", "/readyz", "/metrics", "/openapi.json")

RETRY_AFTER = 2
"""Seconds after which a busy service may be asked again; a search takes far less."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What went wrong: `slug` is its anchor on the about page (None: its status says all), `field` the parameter."""

    status: int
    title: str
    reason: str
    slug: str | None = None
    field: str | None = None


def install_errors(app: Flask) -> None:
    """Answer every error of an application with a page or a problem document."""
    app.register_error_handler(ConcordError, _answer)
    app.register_error_handler(HTTPException, _answer)


def problem_of(error: Exception) -> Problem:
    """Return how an error is told to whoever made the request."""
    match error:
        case NotFoundError():
            return Problem(
                status=404, title=N_("Commitment not found"), reason=error.reason, slug="not-found", field=error.field
            )
        case QueryError():
            return Problem(
                status=400, title=N_("Invalid request"), reason=error.reason, slug="invalid-request", field=error.field
            )
        case OverloadError():
            return Problem(status=503, title=N_("Service busy"), reason=str(error), slug="busy")
        case IndexStoreError() | EncoderError():
            return Problem(
                status=503,
                title=N_("Search index unavailable"),
                reason="The search index can't be used at the moment. The service's log says why.",
                slug="index-unavailable",
            )
        case HTTPException() if not isinstance(error, InternalServerError):
            return _http_problem(error)
        case _:
            return Problem(status=500, title=HTTPStatus(500).phrase, reason="The request failed on the server's side.")


def _http_problem(error: HTTPException) -> Problem:
    status = error.code or 500
    reason = error.description or ""
    if isinstance(error, NotFound):
        reason = "There is nothing at this address."
    elif isinstance(error, MethodNotAllowed):
        reason = f"{request.method} is not possible here; expected {', '.join(sorted(error.valid_methods or ()))}."
    return Problem(status=status, title=HTTPStatus(status).phrase, reason=reason)


def log_failure(error: ConcordError) -> None:
    """Write to the log what visitors are not told of a failure on the server's side."""
    current_app.logger.error("%s: %s", type(error).__name__, error)


def _answer(error: Exception) -> Response:
    problem = problem_of(error)
    if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        get_metrics().error(getattr(error, "original_exception", None) or error)
        if isinstance(error, ConcordError) and not isinstance(error, OverloadError):
            log_failure(error)
    response = _problem_json(problem) if is_api(request.path) else _problem_page(problem)
    response.status_code = problem.status
    response.headers.update(_headers(error))
    return response


def _headers(error: Exception) -> dict[str, str]:
    match error:
        case MethodNotAllowed():
            return {"Allow": ", ".join(sorted(error.valid_methods or ()))}
        case OverloadError() | EngineDownError():
            return {"Retry-After": str(RETRY_AFTER)}
        case TooManyRequests(retry_after=int() as seconds):
            return {"Retry-After": str(seconds)}
        case _:
            return {}


def is_api(path: str) -> bool:
    """Return whether an address is one for programs, which get JSON, in English."""
    return (path.startswith(_API_PREFIX) and path != _API_PAGE) or path in _API_ROUTES


def _problem_json(problem: Problem) -> Response:
    body = {
        "type": url_for("pages.about", _anchor=f"problem-{problem.slug}") if problem.slug else "about:blank",
        "title": problem.title,
        "status": problem.status,
        "detail": f"{problem.field}: {problem.reason}" if problem.field else problem.reason,
        "instance": quote(request.path),
    }
    if problem.field:
        body["field"] = problem.field
    return Response(current_app.json.dumps(body), content_type=PROBLEM_JSON)


def _problem_page(problem: Problem) -> Response:
    return make_response(render_template("error.html", problem=problem))
