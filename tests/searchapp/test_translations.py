"""The catalogs: every message has a translation in each language, with its placeholders and tags."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from searchapp.web.languages import LANGUAGES

ROOT = Path(__file__).parents[2]
KEYWORDS: dict[str, tuple[int, ...] | None] = {
    "_": None,
    "gettext": None,
    "ngettext": (1, 2),
    "N_": None,
    "translated": None,
    "translated_number": (1, 2),
}
TRANSLATED = sorted(LANGUAGES.keys() - {"en"})
_HELD = re.compile(r"%\(\w+\)s|<[^>]+>")


def catalog(lang: str) -> Catalog:
    return read_po(io.BytesIO((folder(lang) / "messages.po").read_bytes()), locale=lang)


def folder(lang: str) -> Path:
    return ROOT / "searchapp" / "translations" / lang / "LC_MESSAGES"


def messages() -> Iterator[str | tuple[str, ...]]:
    """Everything that code and templates mark."""
    with (ROOT / "babel.cfg").open(encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file)
    for _, _, message, _, _ in extract_from_dir(ROOT, methods, options, keywords=KEYWORDS):
        yield message if isinstance(message, str) else tuple(message)


@pytest.mark.parametrize("lang", TRANSLATED)
def test_every_message_is_translated_and_no_other(lang: str) -> None:
    translated = {message.id: message for message in catalog(lang) if message.id}
    assert {one if isinstance(one, str) else one[0] for one in messages()} == {
        one if isinstance(one, str) else one[0] for one in translated
    }
    for message in translated.values():
        strings = message.string if isinstance(message.string, tuple) else (message.string,)
        assert all(strings), message.id
        assert not message.fuzzy, message.id


@pytest.mark.parametrize("lang", TRANSLATED)
def test_translations_have_the_placeholders_and_tags_of_their_messages(lang: str) -> None:
    for message in catalog(lang):
        originals = message.id if isinstance(message.id, tuple) else (message.id,)
        wanted = [sorted(_HELD.findall(one)) for one in originals if one]
        for string in message.string if isinstance(message.string, tuple) else (message.string,):
            assert not wanted or sorted(_HELD.findall(string)) in wanted, message.id
            assert '"' not in _HELD.sub("", string) or '"' in originals[0], message.id


@pytest.mark.parametrize("lang", TRANSLATED)
def test_the_compiled_catalogs_are_those_of_the_sources(lang: str) -> None:
    compiled = io.BytesIO()
    write_mo(compiled, catalog(lang))
    assert (folder(lang) / "messages.mo").read_bytes() == compiled.getvalue()
