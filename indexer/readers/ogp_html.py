"""Reader for OGP commitment pages saved as HTML, one page a file."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from functools import cache

import regex
from selectolax.lexbor import LexborHTMLParser, LexborNode

from indexer.parsing import parse_page
from indexer.readers.source_file import SourceFile
from indexer.shared.errors import InputError
from indexer.shared.records import Document
from indexer.shared.tables import read_table

__all__ = ["is_html", "page_lines", "read"]

_CELLS = frozenset({"td", "th"})
_LISTS = frozenset({"ul", "ol"})
_BULLET = "•"
_MARK = regex.compile(r"(?:[•·*]|\p{Pd}\s|\d{1,2}[.)]\s|\d{1,2}(?:\.\d{1,2})+[.)]?\s)")

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_AS_BROWSERS = {"iso8859-1": "cp1252", "ascii": "cp1252"}


def is_html(head: bytes) -> bool:
    """Say whether a file begins with a tag."""
    return head.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"<")


def read(file: SourceFile) -> Iterator[Document | InputError]:
    """Give the page's document, or the reason why the file holds none."""
    try:
        html = file.text(_encoding(file))
        yield file.memory.document(
            b"html\0" + html.encode(errors="surrogatepass"),
            lambda: parse_page(page_lines(html), source=str(file.path)),
            source=file.path.name,
        )
    except InputError as error:
        yield error


def page_lines(html: str) -> str:
    """Return the visible text of a page: a blank line between paragraphs, a line for each item or line break.

    Items of lists begin with "•" or their number. Navigation, footer, scripts, styles and form controls are left out.
    """
    root = LexborHTMLParser(html).root
    writer = _Writer()
    stack: list[tuple[LexborNode, bool]] = [(root, True)] if root is not None else []
    while stack:
        node, entering = stack.pop()
        if not entering:
            writer.leave(node)
        elif node.is_text_node:
            writer.add(node.text_content or "")
        elif node.is_element_node and not _is_hidden(node):
            writer.enter(node)
            stack.append((node, False))
            stack += [(child, True) for child in reversed(list(node.iter(include_text=True)))]
    return writer.text()


class _Writer:
    """Puts pieces of text together to lines."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._breaks = 0
        self._space = False
        self._numbers: list[int | None] = []
        self._marker = ""

    def add(self, text: str) -> None:
        """Add inline text; white space collapses, as browsers show it."""
        words = " ".join(text.split())
        if not words:
            self._space = self._space or bool(text)
            return
        if self._breaks:
            self._parts.append("\n" * self._breaks)
        elif self._space or text[0].isspace():
            self._parts.append(" ")
        own_mark = self._marker and _MARK.match(f"{words} ")  # "11.1. …", "• …", "- …"
        self._parts += ["" if own_mark else self._marker, words]
        self._breaks, self._marker = 0, ""
        self._space = text[-1].isspace()

    def enter(self, node: LexborNode) -> None:
        """Begin an element."""
        self._break(node)
        if node.tag in _LISTS:
            self._numbers.append(_first_number(node) if node.tag == "ol" else None)
        elif node.tag == "li":
            self._marker = self._next_marker()

    def leave(self, node: LexborNode) -> None:
        """End an element."""
        if node.tag in _LISTS and self._numbers:
            self._numbers.pop()
        elif node.tag == "li":
            self._marker = ""
        self._break(node)

    def text(self) -> str:
        """Return all lines."""
        return "".join(self._parts).strip()

    def _break(self, node: LexborNode) -> None:
        if node.tag in _CELLS:
            self._space = True
        elif node.tag in _elements("paragraphs") and not (node.tag in _LISTS and self._numbers):
            self._breaks = 2
        elif node.tag in _elements("lines") or node.tag in _LISTS:
            self._breaks = max(self._breaks, 1)

    def _next_marker(self) -> str:
        number = self._numbers[-1] if self._numbers else None
        if number is None:
            return f"{_BULLET} "
        self._numbers[-1] = number + 1
        return f"{number}. "


def _first_number(node: LexborNode) -> int:
    start = node.attributes.get("start") or "1"
    return int(start) if start.isdecimal() else 1


def _is_hidden(node: LexborNode) -> bool:
    return node.tag in _elements("ignored") or "hidden" in node.attributes


@cache
def _elements(group: str) -> frozenset[str]:
    return frozenset(read_table("indexer", "html.toml")[group])


def _encoding(file: SourceFile) -> str:
    """Return the encoding that a byte order mark or a <meta> element declares, UTF-8 if none does."""
    head = file.head()
    for mark, name in _BOMS:
        if head.startswith(mark):
            return name
    for meta in LexborHTMLParser(head.decode("latin-1")).css("meta"):
        content = (meta.attributes.get("content") or "").lower()
        declared = meta.attributes.get("charset") or content.partition("charset=")[2]
        if declared:
            return _python_name(declared.strip(" \"';"), file)
    return "utf-8"


def _python_name(declared: str, file: SourceFile) -> str:
    try:
        name = codecs.lookup(declared).name
    except LookupError:
        raise InputError(f"unknown encoding {declared[:40]!r} (expected for instance utf-8)", path=file.path) from None
    return _AS_BROWSERS.get(name, name)
