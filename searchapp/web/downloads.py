"""Answers that are files: a whole result, a feed, a reference."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, islice

from flask import Response, request

from indexer.shared.records import Document
from searchapp.addresses import best_address
from searchapp.export import (
    FORMS,
    Feed,
    Form,
    Reference,
    atom_feed,
    bibtex,
    citation,
    comparison_table,
    filename,
    lines_of,
    newest,
    ris,
)
from searchapp.labels import feed_label
from searchapp.pins import first_page
from searchapp.search.results import Comparison, SearchRequest
from searchapp.web.holder import get_searcher
from searchapp.web.service import find_all
from searchapp.web.views import feed_url, search_url

__all__ = ["comparison_file", "feed_file", "reference_file", "reference_of", "result_file"]

_BLOCK = 100
"""Lines that are sent at once."""

_TEXT = Form(label="Text", media_type="text/plain; charset=utf-8")


def _base() -> str:
    """Return the address that the application is asked at, without the slash at its end."""
    return request.url_root.rstrip("/")


def result_file(asked: SearchRequest, form: str) -> Response:
    """Return the whole result of a search, written and sent as its hits are read."""
    lines = lines_of(find_all(asked), form, root=request.root_path, base=_base())
    return _file(lines, FORMS[form], filename(asked.query, form))


def feed_file(asked: SearchRequest) -> Response:
    """Return the Atom feed of a search."""
    feed = Feed(
        title=feed_label(asked.query),
        url=feed_url(asked, external=True),
        page_url=search_url(first_page(asked), external=True),
        base=_base(),
        updated=get_searcher().info.built_at,
    )
    entries = newest(find_all(asked))
    return Response(atom_feed(feed, entries), content_type="application/atom+xml; charset=utf-8")


def reference_of(document: Document) -> Reference:
    """Return a commitment in one language as something to cite."""
    return Reference.of(document, best_address(document, _base()))


def reference_file(document: Document, form: str) -> Response:
    """Return a commitment in one language as a reference in one of REFERENCE_FORMS."""
    reference = reference_of(document)
    lines = iter((citation(reference),)) if form == "txt" else {"ris": ris, "bib": bibtex}[form](reference)
    name = filename(f"{document.commitment_id} {document.lang}", form)
    return _file(lines, _TEXT if form == "txt" else FORMS[form], name)


def comparison_file(comparison: Comparison) -> Response:
    """Return commitments side by side as a table."""
    name = filename("compare " + " ".join(comparison.request.commitment_ids), "csv")
    return _file(comparison_table(comparison, base=_base()), FORMS["csv"], name)


def _file(lines: Iterable[str], form: Form, name: str) -> Response:
    blocks = _blocks(lines, form)
    first = next(blocks, "")  # an error is told as one, as long as nothing is sent
    response = Response(chain((first,), blocks), content_type=form.media_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _blocks(lines: Iterable[str], form: Form) -> Iterator[str]:
    remaining = iter(lines)
    mark = form.mark
    while block := list(islice(remaining, _BLOCK)):
        yield mark + "".join(line + form.end for line in block)
        mark = ""
