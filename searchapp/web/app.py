"""The application factory."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Flask, Response, request
from flask.json.provider import DefaultJSONProvider
from jinja2 import StrictUndefined

from indexer.shared.encoder import AUTO
from indexer.shared.settings import setting
from searchapp.addresses import is_web_address
from searchapp.export import citation
from searchapp.facts import date_label
from searchapp.labels import (
    corrections_label,
    country_label,
    feed_label,
    language_label,
    nothing_label,
    place_label,
    policy_area_label,
    section_label,
    strength_label,
    strengths_label,
    text_direction,
)
from searchapp.limits import Limits
from searchapp.search.explain import matched_words
from searchapp.sharing import Shared
from searchapp.web.access import install_access_log
from searchapp.web.api import api
from searchapp.web.caching import set_cache_control
from searchapp.web.errors import install_errors, is_api
from searchapp.web.gate import install_gate
from searchapp.web.holder import install_holder
from searchapp.web.languages import install_languages
from searchapp.web.metrics import install_metrics
from searchapp.web.pages import pages
from searchapp.web.text import paragraphs, segments, sentence, shown
from searchapp.web.views import country_url, passage_anchor, why

__all__ = ["create_app"]

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}

_CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "ETag, Retry-After, X-Request-Id",
}
"""Any site may read what anyone may read."""

_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, HEAD, OPTIONS",
    "Access-Control-Allow-Headers": "If-None-Match, X-Request-Id",
    "Access-Control-Max-Age": "86400",
}

_FILTERS = (
    citation,
    corrections_label,
    country_label,
    country_url,
    date_label,
    feed_label,
    is_web_address,
    language_label,
    matched_words,
    nothing_label,
    paragraphs,
    passage_anchor,
    place_label,
    policy_area_label,
    section_label,
    segments,
    sentence,
    shown,
    strength_label,
    strengths_label,
    text_direction,
    why,
)


class _Json(DefaultJSONProvider):
    """JSON for people to read, too: text unescaped, keys in their order."""

    ensure_ascii = False
    sort_keys = False


class _ConcordFlask(Flask):
    """Flask whose templates refuse unknown names and print foreign text harmlessly."""

    json_provider_class = _Json
    jinja_options = {  # noqa: RUF012 (Flask declares it so)
        "undefined": StrictUndefined,
        "finalize": shown,
    }


def create_app(test_config: Mapping[str, object] | None = None) -> Flask:
    """Return the web application.

    `INDEX` is the folder of the index, or `ENGINE` the address of its database, opened when it is first needed, with
    `PARANOID` after comparing its digests;
    `RUNTIME` computes its encoder. Tests set `SEARCHER` to a ready searcher. `LIMITS` say what it takes on, and
    `LOG_QUERIES` whether the access log tells what was searched for. `SHARED` is what it has in common with the
    applications of other processes.
    """
    app = _ConcordFlask(__name__)
    app.config.from_mapping(
        INDEX=setting("index").default,
        RUNTIME=AUTO,
        ENGINE="",
        PARANOID=False,
        SEARCHER=None,
        LIMITS=Limits(),
        SHARED=Shared(),
        LOG_QUERIES=False,
    )
    app.config.from_mapping(test_config)
    install_holder(app)
    install_metrics(app)
    install_access_log(app)
    install_gate(app)
    install_errors(app)
    install_languages(app)
    app.register_blueprint(pages)
    app.register_blueprint(api)
    app.jinja_env.filters.update({function.__name__: function for function in _FILTERS})
    app.after_request(set_cache_control)
    app.after_request(_add_headers)
    return app


def _add_headers(response: Response) -> Response:
    response.headers.update(_HEADERS)
    if is_api(request.path):
        response.headers.update(_CORS)
        if request.method == "OPTIONS":
            response.headers.update(_PREFLIGHT)
    return response
