"""Answers that are asked for again: an ETag for each, and 304 when it is still what it was.

An answer depends on the index, on the program and on the address, all known before any search is done.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache, wraps
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec

from flask import Response, g, make_response, request
from flask.typing import ResponseReturnValue

from indexer.shared.errors import EncoderError, IndexStoreError
from searchapp.web.holder import get_searcher
from searchapp.web.languages import page_language

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

__all__ = ["forget", "revalidated", "set_cache_control"]

Arguments = ParamSpec("Arguments")

_PROGRAM = Path(__file__).parents[1]
_FILES = ("*.py", "*.html", "*.css", "*.js", "*.mo")


def revalidated(view: Callable[Arguments, ResponseReturnValue]) -> Callable[Arguments, ResponseReturnValue]:
    """Have a view answer 304 to whoever has its answer already; its other answers get an ETag, unless forgotten."""

    @wraps(view)
    def answer(*args: Arguments.args, **kwargs: Arguments.kwargs) -> ResponseReturnValue:
        tag = _tag()
        if tag and request.if_none_match.contains_weak(tag):
            response = Response(status=304)
        else:
            response = make_response(view(*args, **kwargs))
        if tag and response.status_code in {200, 304} and not g.get("forgotten"):
            response.set_etag(tag, weak=True)  # weak: `took_ms` differs
        return response

    return answer


def forget() -> None:
    """Say that the current answer would be another if it were asked for again."""
    g.forgotten = True


def set_cache_control(response: Response) -> Response:
    """Say that answers with an ETag may be kept if they are revalidated, and others not at all."""
    if "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "no-cache" if "ETag" in response.headers else "no-store"
    return response


def _tag() -> str | None:
    """Return the tag of the current request's answer in the language of the page, None if there is no index."""
    try:
        digest = get_searcher().info.digest
    except (IndexStoreError, EncoderError):
        return None
    asked = f"{digest} {_program()} {page_language()} {_address(request.environ)}"
    return hashlib.sha256(asked.encode(errors="surrogateescape")).hexdigest()[:24]


def _address(environ: WSGIEnvironment) -> str:
    """Return what was asked for, as it was written; nobody needs it put right (`request.url`)."""
    parts = ("wsgi.url_scheme", "HTTP_HOST", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING")
    return "\0".join(environ.get(part, "") for part in parts)


@cache
def _program() -> str:
    """Return the digest of the program that makes answers."""
    files = sorted(path for pattern in _FILES for path in _PROGRAM.rglob(pattern))
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()
