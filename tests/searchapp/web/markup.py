"""Reading answers as a strict HTML parser does."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

import html5lib

_SVG = "{http://www.w3.org/2000/svg}"

__all__ = ["each", "only", "parse", "text_of", "words_of"]


def parse(html: str) -> Element:
    """The document as a tree; any error that the HTML standard names fails the test."""
    tree: Element = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(html)
    for element in tree.iter():
        if isinstance(element.tag, str):
            element.tag = element.tag.removeprefix(_SVG)
    return tree


def each(tree: Element, tag: str, **attributes: str) -> Iterator[Element]:
    """All elements of a tag that have these attributes (`class_` is a class among others)."""
    for element in tree.iter(tag):
        wanted = {name.replace("_", "-"): value for name, value in attributes.items() if name != "class_"}
        has_class = "class_" not in attributes or attributes["class_"] in element.get("class", "").split()
        if has_class and all(element.get(name) == value for name, value in wanted.items()):
            yield element


def only(tree: Element, tag: str, **attributes: str) -> Element:
    found = list(each(tree, tag, **attributes))
    assert len(found) == 1, f"{len(found)} of <{tag}> {attributes}"
    return found[0]


def text_of(element: Element) -> str:
    return "".join(element.itertext())


def words_of(element: Element) -> str:
    return " ".join(text_of(element).split())
