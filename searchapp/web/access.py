"""One JSON line a request, and an ID that joins it to the client's own records.

What was searched for is not written unless `LOG_QUERIES` says so, and neither are clients' addresses.
"""

from __future__ import annotations

import json
import logging
import random
import re
import time
from datetime import UTC, datetime
from typing import Any

from flask import Flask, Response, current_app, g, request

from searchapp.processes import ACCESS_LOG
from searchapp.web.metrics import get_metrics

__all__ = ["install_access_log", "log_requests_to_stderr", "note"]

_LOGGER = logging.getLogger(ACCESS_LOG)
_HEADER = "X-Request-Id"
_SANE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_NO_ROUTE = "(none)"
_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT"})


def install_access_log(app: Flask) -> None:
    """Have every request get an ID, be counted and be logged."""
    app.before_request(_begin)
    app.after_request(_end)


def log_requests_to_stderr() -> None:
    """Write the lines to stderr, whatever is done with other logs."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(message)s"))
    _LOGGER.handlers = [handler]
    _LOGGER.propagate = False
    _LOGGER.setLevel(logging.INFO)


def note(**facts: Any) -> None:
    """Add facts to the line of the current request."""
    g.setdefault("access", {}).update(facts)


def _begin() -> None:
    g.began = time.perf_counter()
    given = request.headers.get(_HEADER, "")
    g.request_id = given if _SANE_ID.fullmatch(given) else _new_id()


def _new_id() -> str:
    """Return an ID to find a request by: no secret, so that the system's randomness needn't be asked for it."""
    return f"{random.getrandbits(64):016x}"  # nosec B311


def _end(response: Response) -> Response:
    seconds = time.perf_counter() - g.began
    route = request.url_rule.rule if request.url_rule else _NO_ROUTE
    method = request.method if request.method in _METHODS else "other"
    get_metrics().request(route=route, method=method, status=response.status_code, seconds=seconds)
    response.headers[_HEADER] = g.request_id
    line = {
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "id": g.request_id,
        "method": method,
        "route": route,
        "status": response.status_code,
        "ms": round(seconds * 1000, 1),
        **g.get("access", {}),
    }
    if current_app.config["LOG_QUERIES"] and "q" in request.args:
        line["q"] = request.args["q"]
    _LOGGER.info("%s", json.dumps(line, ensure_ascii=True))
    return response
