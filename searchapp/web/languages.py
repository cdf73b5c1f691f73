"""The language of the pages: what the address says (`ui=fr`), else what the browser prefers, else English.

An address that says it hands it on to every link of its page. The API and downloads are in English.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import flask_babel
from flask import Flask, Response, g, request, url_for

from searchapp.language import ENGLISH, Language, decimal_label, number_label, speaking
from searchapp.web.errors import is_api

__all__ = ["LANGUAGES", "install_languages", "page_language"]

LANGUAGES = {ENGLISH: "English", "es": "Español", "fr": "Français", "pt": "Português"}
"""Languages that pages can be in, with their own names."""

_PARAMETER = "ui"
_TRANSLATIONS = Path(__file__).parents[1] / "translations"


def install_languages(app: Flask) -> None:
    """Let an application's pages speak LANGUAGES."""
    flask_babel.Babel(app, default_translation_directories=str(_TRANSLATIONS), locale_selector=page_language)
    app.jinja_env.policies["ext.i18n.trimmed"] = True
    app.before_request(_start_speaking)
    app.teardown_request(_stop_speaking)
    app.url_defaults(_hand_on)
    app.after_request(_say_what_it_depends_on)
    app.context_processor(_for_templates)
    app.jinja_env.filters |= {"decimal": decimal_label, "number": number_label}


def page_language() -> str:
    """Return the code of the language of the present request's answer."""
    return _asked_for() or _preferred() if _is_page() else ENGLISH


def _asked_for() -> str | None:
    """Return the language that the address names; anything else there counts as nothing."""
    code = request.args.get(_PARAMETER, "")
    return code if code in LANGUAGES else None


def _preferred() -> str:
    """Return the first language of the browser's list that pages can be in, whatever the country (`fr-CA`)."""
    wanted = (tag.partition("-")[0].lower() for tag, quality in request.accept_languages if quality)
    return next((code for code in wanted if code in LANGUAGES), ENGLISH)


def _is_page() -> bool:
    return not is_api(request.path)


def _start_speaking() -> None:
    code = page_language()
    if code != ENGLISH:  # which labels are in anyway
        g.speaking = speaking(Language(code=code, gettext=flask_babel.gettext, ngettext=_ngettext))
        g.speaking.__enter__()


def _stop_speaking(_error: BaseException | None) -> None:
    if spoken := g.pop("speaking", None):
        spoken.__exit__(None, None, None)


def _ngettext(one: str, many: str, number: int) -> str:
    """Return one of two messages with its placeholders: Flask-Babel's own function fills them in."""
    return str(flask_babel.get_translations().ngettext(one, many, number))


def _hand_on(endpoint: str, values: dict[str, Any]) -> None:
    code = _asked_for() if request and endpoint.startswith("pages.") else None
    if code:
        values.setdefault(_PARAMETER, code)


def _say_what_it_depends_on(response: Response) -> Response:
    if _is_page():
        response.vary.add("Accept-Language")
        response.headers["Content-Language"] = page_language()
    return response


def _for_templates() -> dict[str, object]:
    return {"ui": page_language(), "asked_ui": _asked_for(), "switches": _switches()}


def _switches() -> list[tuple[str, str, str | None]]:
    """Return code, name and address of the page in each language; no address for the one that it is in."""
    here = page_language()
    return [(code, name, None if code == here else _in_language(code)) for code, name in LANGUAGES.items()]


def _in_language(code: str) -> str:
    """Return the address of the present page in a language, of the start page if it is no page that has one."""
    if request.endpoint is None or not request.endpoint.startswith("pages."):
        return url_for("pages.search", ui=code)
    arguments: dict[str, Any] = {**request.args.to_dict(flat=False), **(request.view_args or {}), _PARAMETER: code}
    return url_for(request.endpoint, **arguments)
