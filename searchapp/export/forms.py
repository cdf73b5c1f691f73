"""The formats that a whole result can be taken away in: how each is called, sent and written."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from indexer.shared.text import fold
from searchapp.addresses import best_address
from searchapp.export.references import Reference, bibtex, ris
from searchapp.export.tables import hit_table
from searchapp.search.results import Hit
from searchapp.serialize import hit_dict

__all__ = ["FORMS", "REFERENCE_FORMS", "Form", "filename", "lines_of"]

_SLUG = 60
"""Characters of a query that a filename keeps."""

_NOT_ASCII_WORD = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """One format: its name for people, media type, line end, and what stands before the first line of a file."""

    label: str
    media_type: str
    end: str = "\n"
    mark: str = ""


FORMS = {
    "csv": Form(label="CSV", media_type="text/csv; charset=utf-8; header=present", end="\r\n", mark="\ufeff"),
    "jsonl": Form(label="JSON Lines", media_type="application/jsonl; charset=utf-8"),
    "ris": Form(label="RIS", media_type="application/x-research-info-systems; charset=utf-8", end="\r\n"),
    "bib": Form(label="BibTeX", media_type="application/x-bibtex; charset=utf-8"),
}
"""The formats by the ending of their files. CSV has the mark without which Excel takes UTF-8 for another encoding."""

REFERENCE_FORMS = ("ris", "bib", "txt")
"""The formats that one commitment can be cited in."""


def lines_of(hits: Iterable[Hit], form: str, *, root: str = "", base: str | None = None) -> Iterator[str]:
    """Give the lines of a result in one of FORMS, without their ends, hit by hit.

    `root` is the path of the application, as in `hit_dict`; `base` is its whole address, None where there is none.
    """
    if form == "csv":
        return hit_table(hits, base=base)
    if form == "jsonl":
        return (json.dumps(hit_dict(hit, root=root), ensure_ascii=False) for hit in hits)
    write: Callable[[Reference], Iterator[str]] = {"ris": ris, "bib": bibtex}[form]
    return chain.from_iterable(write(_reference(hit, base)) for hit in hits)


def filename(text: str, ending: str) -> str:
    """Return the name of a file of what a text (a query, an ID) gives: ASCII, bounded, `concord-open-data.csv`."""
    slug = _NOT_ASCII_WORD.sub("-", fold(text).encode("ascii", "ignore").decode())[:_SLUG].strip("-")
    return f"concord-{slug or 'search'}.{ending}"


def _reference(hit: Hit, base: str | None) -> Reference:
    return Reference(document=hit.document, abstract=hit.passage.text, url=best_address(hit.document, base))
