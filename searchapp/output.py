"""Search results as text: a table to read, or the formats of programs."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from dataclasses import asdict

from searchapp.export import comparison_table, csv_line, fact_cells, lines_of
from searchapp.facts import fact_rows
from searchapp.labels import (
    corrections_label,
    language_label,
    nothing_label,
    place_label,
    section_label,
    strength_label,
    strengths_label,
)
from searchapp.search.results import Comparison, Hit, Passage, Quote, SearchResult, SimilarHit, SimilarResult
from searchapp.serialize import comparison_dict, result_dict, similar_dict, similar_hit_dict

__all__ = ["render", "render_comparison", "render_similar"]

_WIDTH = 100
_INDENT = "     "
_PASSAGE_LINES = 2
_BEFORE_MATCH = 60
_FACT_COLUMNS = ("rank", "score", "id", "title", "country", "locality", "lang", "year")


def render(result: SearchResult, form: str) -> Iterator[str]:
    """Give the lines of a result in one of the forms table, json or one of FORMS; json is what the HTTP API answers."""
    if form == "json":
        return iter([_json(result_dict(result), indent=2)])
    return _table(result) if form == "table" else lines_of(result.hits, form)


def render_similar(result: SimilarResult, form: str) -> Iterator[str]:
    """Give the lines of the commitments like one in one of the forms table, json, jsonl or csv."""
    if form == "json":
        return iter([_json(similar_dict(result), indent=2)])
    if form == "jsonl":
        return (_json(similar_hit_dict(hit)) for hit in result.hits)
    return _similar_csv(result) if form == "csv" else _similar_table(result)


def render_comparison(comparison: Comparison, form: str) -> Iterator[str]:
    """Give the lines of commitments side by side in one of the forms table, json or csv."""
    if form == "json":
        return iter([_json(comparison_dict(comparison), indent=2)])
    return comparison_table(comparison) if form == "csv" else _comparison_table(comparison)


def _json(value: object, *, indent: int | None = None) -> str:
    return json.dumps(value, default=asdict, ensure_ascii=False, indent=indent)


def _similar_csv(result: SimilarResult) -> Iterator[str]:
    yield csv_line([*_FACT_COLUMNS, "section", "passage", "own_lang", "own_section", "own_passage", "semantic"])
    for hit in result.hits:
        own, other = hit.pair.own.passage, hit.pair.other.passage
        pair = (other.section, other.text, own.lang, own.section, own.text, hit.pair.semantic)
        yield csv_line((*fact_cells(hit), *pair))


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


def _comparison_table(comparison: Comparison) -> Iterator[str]:
    """Give one block a commitment, then one a fact, with a line for each commitment, then the passages."""
    documents = [one.document for one in comparison.commitments]
    for one in comparison.commitments:
        facts = one.document.facts
        details = [place_label(facts), str(facts.year or ""), language_label(one.document.lang)]
        if one.likeness is not None:
            details.append(f"likeness to {documents[0].commitment_id} {one.likeness:z.2f}")
        yield f"{one.document.commitment_id}  {one.document.title}"
        yield _INDENT + " · ".join(filter(None, details))
    for row in fact_rows(documents):
        yield ""
        yield f"{row.label}{' (differs)' if row.differs else ''}"
        for document, cell in zip(documents, row.cells, strict=True):
            yield from _wrapped(f"{document.commitment_id}: {'; '.join(cell.values) or 'not stated'}")
    for number, aligned in enumerate(comparison.aligned, start=1):
        yield ""
        yield f"Passage {number}"
        for quote in (aligned.own, *(match.quote for match in aligned.matches if match)):
            yield from _quoted(quote)


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
