"""Commitment pages as a browser would save them, made from their text dumps."""

from __future__ import annotations

import html
from html.entities import codepoint2name
from itertools import groupby

import regex

_ITEM = regex.compile(r"(?P<mark>•|-|\d{1,2}\.(?!\d)|\d{1,2}(?:\.\d{1,2})+\.?)\s+(?P<text>.*)")
_FIELD = regex.compile(r"(?P<label>[^:]{3,40}:)(?P<value>\s.*)?")
_ENTRY = regex.compile(r"[A-Z]{2,6}\d{4}, .*")

_PAGE = """<!DOCTYPE html>
<html lang="{lang}"><head><meta charset="{charset}"><title>{title} &ndash; Open Government Partnership</title>
<style>body {{ font-family: sans-serif }} .menu::after {{ content: "Description" }}</style>
<script>window.dataLayer = [{{"page": "<p>Description</p>"}}];</script></head>
<body class="single-commitment">
<a class="skip" href="#main">Skip Navigation</a>
<nav><ul class="menu"><li><a href="/members/">Members</a><ul><li>Countries</li><li>Locals</li></ul></li>
<li><a href="/about/">About</a></li></ul></nav>
<!-- a comment -->
<main id="main"><article>
{body}
</article></main>
<noscript>Please enable JavaScript.</noscript>
<footer><p>&copy; 2024 Open Government Partnership</p><form><button>Subscribe</button></form></footer>
<script src="/app.js"></script>
</body></html>
"""


def saved_page(dump: str, *, lang: str = "fr", charset: str = "utf-8") -> str:
    """The page whose text is a dump: lists become (nested) lists, lines of a paragraph `<br>`, letters entities."""
    lines = dump.split("\n")
    paragraphs = [list(group) for blank, group in groupby(lines, key=lambda line: not line.strip()) if not blank]
    title = next(line for line in lines if regex.search(r"\([A-Z]+\d{4}\)", line))
    body = "\n".join(_elements([[line.strip() for line in group] for group in paragraphs]))
    return _PAGE.format(lang=lang, charset=charset, title=_entities(title), body=body)


def _elements(paragraphs: list[list[str]]) -> list[str]:
    found: list[str] = []
    items: list[str] = []
    for group in paragraphs:
        if len(group) == 1 and (_ITEM.fullmatch(group[0]) or (items and _ENTRY.fullmatch(group[0]))):
            items.append(group[0])
            continue
        found += _lists(items)
        items = []
        found.append(_paragraph(group))
    return found + _lists(items)


def _paragraph(group: list[str]) -> str:
    if len(group) == 1 and regex.search(r"\([A-Z]+\d{4}\)$", group[0]):
        return f'<header class="hero"><h1>{_entities(group[0])}</h1></header>'
    field = _FIELD.fullmatch(group[0]) if len(group) == 1 else None
    if field:
        return f"<p><strong>{_entities(field['label'])}</strong>{_entities(field['value'] or '')}</p>"
    if len(group) == 1 and len(group[0]) < 40 and group[0][-1].isalpha():
        return f"<h2>\n  <span>{_entities(group[0])}</span>\n</h2>"
    return "<p>\n" + "<br />\n".join(map(_entities, group)) + "\n</p>"


def _lists(items: list[str]) -> list[str]:
    """Lists of runs of items: numbers become `<ol>`, bullets `<ul>`, dashes a list inside the item before them."""
    parts: list[str] = []
    for line in items:
        match = _ITEM.fullmatch(line)
        if match is None:
            _nest(parts, f"<div class='meta'>{_entities(line)}</div>")
        elif match["mark"] == "-" and parts:
            _nest(parts, f"<ul class='dashes'><li>- {_entities(match['text'])}</li></ul>")
        elif regex.fullmatch(r"\d{1,2}\.", match["mark"]):
            number = match["mark"].rstrip(".")
            parts.append(f'<ol start="{number}"><li><p>{_entities(match["text"])}</p></li></ol>')
        elif match["mark"] == "•":
            parts.append(f"<ul><li>{_entities(match['text'])}</li></ul>")
        else:
            parts.append(f"<ul class='plain'><li>{_entities(line)}</li></ul>")
    return parts


def _nest(parts: list[str], inner: str) -> None:
    end = parts[-1].rindex("</li>")
    parts[-1] = parts[-1][:end] + inner + parts[-1][end:]


def _entities(text: str) -> str:
    """Text as HTML, letters outside ASCII as named entities where there are names, as numbers where there are none."""
    return "".join(_entity(character) for character in html.escape(text))


def _entity(character: str) -> str:
    if character.isascii():
        return character
    name = codepoint2name.get(ord(character))
    return f"&{name};" if name else f"&#x{ord(character):x};"
