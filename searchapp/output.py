"""Search results as text: a table to read, or JSON, JSON Lines and CSV for programs."""

from __future__ import annotations

import csv
import io
import json
import textwrap
from collections.abc import Iterator

from searchapp.labels import (
    corrections_label,
    language_label,
    nothing_label,
    place_label,
    section_label,
    strength_label,
    strengths_label,
)
from searchapp.search.results import Hit, Passage, Quote, SearchResult, SimilarHit, SimilarResult
from searchapp.serialize import hit_dict, result_dict, similar_dict, similar_hit_dict

__all__ = ["render", "render_similar"]

_WIDTH = 100
_INDENT = "     "
_PASSAGE_LINES = 2
_BEFORE_MATCH = 60
_FACT_COLUMNS = ("rank", "score", "id", "title", "country", "locality", "lang", "year")


def render(result: SearchResult, form: str) -> Iterator[str]:
    """Give the lines of a result in one of the forms table, json, jsonl or csv; json is what the HTTP API answers."""
    if form == "json":
        return iter([_json(result_dict(result), indent=2)])
    if form == "jsonl":
        return (_json(hit_dict(hit)) for hit in result.hits)
    return _csv(result) if form == "csv" else _table(result)


def render_similar(result: SimilarResult, form: str) -> Iterator[str]:
    """Give the lines of the commitments like one in the same forms as `render`."""
    if form == "json":
        return iter([_json(similar_dict(result), indent=2)])
    if form == "jsonl":
        return (_json(similar_hit_dict(hit)) for hit in result.hits)
    return _similar_csv(result) if form == "csv" else _similar_table(result)


def _json(value: object, *, indent: int | None = None) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent)


def _csv(result: SearchResult) -> Iterator[str]:
    yield _csv_line([*_FACT_COLUMNS, "strength", "section", "passage"])
    for hit in result.hits:
        yield _csv_line([*_facts(hit), hit.strength, hit.passage.section, hit.passage.text])


def _similar_csv(result: SimilarResult) -> Iterator[str]:
    yield _csv_line([*_FACT_COLUMNS, "section", "passage", "own_lang", "own_section", "own_passage", "semantic"])
    for hit in result.hits:
        own, other = hit.pair.own.passage, hit.pair.other.passage
        pair = [other.section, other.text, own.lang, own.section, own.text, f"{hit.pair.semantic:.4f}"]
        yield _csv_line([*_facts(hit), *pair])


def _facts(hit: Hit | SimilarHit) -> list[object]:
    """Return the cells of _FACT_COLUMNS."""
    document, facts = hit.document, hit.document.facts
    return [
        hit.rank,
        f"{hit.score:.4f}",
        document.commitment_id,
        document.title,
        facts.country or "",
        facts.locality or "",
        document.lang,
        facts.year or "",
    ]


def _csv_line(values: list[object]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="").writerow(values)
    return buffer.getvalue()


def _table(result: SearchResult) -> Iterator[str]:
    noun = "commitment" if result.total == 1 else "commitments"
    strengths = f": {strengths_label(result.strengths)}" if result.total else ""
    yield f"{result.total} {noun} ({result.request.mode}, {result.took_ms:.0f} ms){strengths}"
    if result.corrections:
        yield corrections_label(result.corrections)
    if not result.comparable:
        yield nothing_label(result)
    for hit in result.shown:
        yield ""
        yield from _head(hit, hit.passage)
        yield from _wrapped(_excerpt(hit.passage))


def _similar_table(result: SimilarResult) -> Iterator[str]:
    asked = result.request
    if not result.total:
        yield f"nothing comparable to {asked.commitment_id} found in another country"
        return
    found = f"{result.total} commitments of other countries"
    if asked.per_country:
        found = "one other country" if result.total == 1 else f"the best of {result.total} other countries"
    yield f"most like {asked.commitment_id}: {found} ({result.took_ms:.0f} ms)"
    if not result.stands_out:
        yield "none is more alike than others usually are"
    for hit in result.hits:
        yield ""
        yield from _head(hit, hit.pair.other.passage)
        yield from _quoted(hit.pair.own)
        yield from _quoted(hit.pair.other)


def _head(hit: Hit | SimilarHit, passage: Passage) -> Iterator[str]:
    document, facts = hit.document, hit.document.facts
    yield f"{hit.rank:>3}. {document.title} ({document.commitment_id})"
    details = [
        place_label(facts),
        str(facts.year or ""),
        language_label(document.lang),
        section_label(passage.section),
        strength_label(hit.strength).lower() if isinstance(hit, Hit) else "",
        f"score {hit.score:z.2f}",
    ]
    if hit.also_in:
        details.append("also in " + ", ".join(map(language_label, hit.also_in)))
    if hit.near_duplicates:
        details.append("nearly the same text in " + ", ".join(hit.near_duplicates))
    yield _INDENT + " · ".join(part for part in details if part)


def _quoted(quote: Quote) -> list[str]:
    """Return the lines of a passage of a pair, from its marked sentence, after the ID of its commitment."""
    passage = quote.passage
    start = passage.highlights[0].start if passage.highlights else 0
    return _wrapped(f"{quote.document.commitment_id}: {_from(start, passage)}")


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(
        text,
        width=_WIDTH,
        initial_indent=_INDENT,
        subsequent_indent=_INDENT,
        max_lines=_PASSAGE_LINES,
        placeholder=" …",
    )


def _excerpt(passage: Passage) -> str:
    """Return the passage on one line, from a little before its first matched word."""
    first = passage.highlights[0].start if passage.highlights else 0
    return _from(passage.text.rfind(" ", 0, max(0, first - _BEFORE_MATCH)) + 1, passage)


def _from(start: int, passage: Passage) -> str:
    return ("… " if start else "") + " ".join(passage.text[start:].split())
