"""Search results as text: a table to read, or JSON, JSON Lines and CSV for programs."""

from __future__ import annotations

import csv
import io
import json
import textwrap
from collections.abc import Iterator

from searchapp.labels import language_label, place_label, section_label
from searchapp.search.results import Hit, Passage, SearchResult
from searchapp.serialize import hit_dict, result_dict

__all__ = ["render"]

_WIDTH = 100
_INDENT = "     "
_PASSAGE_LINES = 2
_BEFORE_MATCH = 60


def render(result: SearchResult, form: str) -> Iterator[str]:
    """Give the lines of a result in one of the forms table, json, jsonl or csv; json is what the HTTP API answers."""
    if form == "json":
        yield json.dumps(result_dict(result), ensure_ascii=False, indent=2)
    elif form == "jsonl":
        yield from (json.dumps(hit_dict(hit), ensure_ascii=False) for hit in result.hits)
    elif form == "csv":
        yield from _csv(result)
    else:
        yield from _table(result)


def _csv(result: SearchResult) -> Iterator[str]:
    yield _csv_line(["rank", "score", "id", "title", "country", "locality", "lang", "year", "section", "passage"])
    for hit in result.hits:
        document, facts = hit.document, hit.document.facts
        yield _csv_line(
            [
                hit.rank,
                f"{hit.score:.4f}",
                document.commitment_id,
                document.title,
                facts.country or "",
                facts.locality or "",
                document.lang,
                facts.year or "",
                hit.passage.section,
                hit.passage.text,
            ]
        )


def _csv_line(values: list[object]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="").writerow(values)
    return buffer.getvalue()


def _table(result: SearchResult) -> Iterator[str]:
    noun = "commitment" if result.total == 1 else "commitments"
    yield f"{result.total} {noun} ({result.request.mode}, {result.took_ms:.0f} ms)"
    for hit in result.hits:
        yield ""
        yield from _table_rows(hit)


def _table_rows(hit: Hit) -> Iterator[str]:
    document, facts = hit.document, hit.document.facts
    yield f"{hit.rank:>3}. {document.title} ({document.commitment_id})"
    details = [
        place_label(facts),
        str(facts.year or ""),
        language_label(document.lang),
        section_label(hit.passage.section),
        f"score {hit.score:.2f}",
    ]
    if hit.also_in:
        details.append("also in " + ", ".join(map(language_label, hit.also_in)))
    if hit.near_duplicates:
        details.append("nearly the same text in " + ", ".join(hit.near_duplicates))
    yield _INDENT + " · ".join(part for part in details if part)
    yield from textwrap.wrap(
        _excerpt(hit.passage),
        width=_WIDTH,
        initial_indent=_INDENT,
        subsequent_indent=_INDENT,
        max_lines=_PASSAGE_LINES,
        placeholder=" …",
    )


def _excerpt(passage: Passage) -> str:
    """Return the passage on one line, from a little before its first matched word."""
    first = passage.highlights[0].start if passage.highlights else 0
    start = passage.text.rfind(" ", 0, max(0, first - _BEFORE_MATCH)) + 1
    return ("… " if start else "") + " ".join(passage.text[start:].split())
