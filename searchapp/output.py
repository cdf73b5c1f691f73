"""Search results as text: a table to read, or JSON, JSON Lines and CSV for programs."""

from __future__ import annotations

import csv
import io
import json
import textwrap
from collections.abc import Iterator

from searchapp.search.results import Hit, SearchResult
from searchapp.serialize import hit_dict, result_dict

__all__ = ["render"]

_PASSAGE_WIDTH = 100


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
    place = ", ".join(part for part in (facts.locality, facts.country) if part)
    yield f"{hit.rank:>3}. {document.title} ({document.commitment_id})"
    details = [place, str(facts.year or ""), document.lang, f"score {hit.score:.3f}", hit.passage.section]
    if hit.also_in:
        details.append("also in " + ", ".join(hit.also_in))
    yield "     " + " · ".join(part for part in details if part)
    passage = " ".join(hit.passage.text.split())
    yield textwrap.indent(textwrap.shorten(passage, width=2 * _PASSAGE_WIDTH, placeholder=" …"), "     ")
