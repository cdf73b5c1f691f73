"""Rows for spreadsheets: CSV whose cells no spreadsheet takes for a formula, and the columns of a result.

A text that begins with =, +, - or @ (also the wide ones of East Asia), white space aside, gets an apostrophe before it,
as OWASP advises ("CSV Injection"); numbers stay numbers. Lists are joined by semicolons, as Concord reads them, too.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator

from indexer.shared.records import Document
from searchapp.addresses import best_address
from searchapp.export.plain import plain
from searchapp.facts import fact_rows
from searchapp.labels import country_label
from searchapp.search.results import Comparison, Hit, SimilarHit

__all__ = ["HIT_COLUMNS", "Cell", "comparison_table", "csv_line", "fact_cells", "hit_table"]

Cell = str | int | float | None | tuple[str, ...]
"""A value of a row: texts are made harmless, numbers have at most four digits after the point."""

_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
_END = "\r\n"  # the writer quotes cells that hold a character of it

HIT_COLUMNS = (
    *("rank", "score", "id", "title", "country", "locality", "lang", "year", "strength", "section", "passage"),
    *("country_name", "region", "action_plan", "theme", "status", "lead_institutions", "supporting_institutions"),
    *("policy_areas", "start_date", "end_date", "verifiable", "relevant", "ambition", "completion_midterm"),
    *("completion_end", "early_results", "starred", "keyword", "semantic", "also_in", "near_duplicates", "url"),
)
"""The columns of a search's result; the README says what they hold."""


def csv_line(cells: Iterable[Cell]) -> str:
    """Return one row of CSV (RFC 4180) without its line end."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator=_END).writerow([_written(cell) for cell in cells])
    return buffer.getvalue().removesuffix(_END)


def hit_table(hits: Iterable[Hit], *, base: str | None = None) -> Iterator[str]:
    """Give the header and one line for each hit; `base` is the application's address, as in `best_address`."""
    yield csv_line(HIT_COLUMNS)
    for hit in hits:
        yield csv_line(_hit_cells(hit, base))


def comparison_table(comparison: Comparison, *, base: str | None = None) -> Iterator[str]:
    """Give a header with the IDs, then a line for each fact, the milestones, and each aligned passage.

    The second column tells facts from each other by their field, the third says whether the commitments differ.
    """
    documents = [one.document for one in comparison.commitments]
    yield csv_line(("row", "field", "differs", *(document.commitment_id for document in documents)))
    yield csv_line(("Title", "title", "", *(document.title for document in documents)))
    yield csv_line(("Language", "lang", "", *(document.lang for document in documents)))
    yield csv_line(("Likeness to the first", "likeness", "", *(one.likeness for one in comparison.commitments)))
    yield csv_line(("Address", "url", "", *(best_address(document, base) for document in documents)))
    for row in fact_rows(documents):
        yield csv_line((row.label, row.field, "yes" if row.differs else "no", *(cell.values for cell in row.cells)))
    if any(document.milestones for document in documents):
        yield csv_line(("Milestones", "milestones", "", *map(_milestones, documents)))
    for number, aligned in enumerate(comparison.aligned, start=1):
        passages = [match.quote.passage.text if match else None for match in aligned.matches]
        yield csv_line((f"Passage {number}", "passage", "", aligned.own.passage.text, *passages))
        scores = [match.semantic if match else None for match in aligned.matches]
        yield csv_line((f"Passage {number}: similarity", "semantic", "", None, *scores))


def fact_cells(hit: Hit | SimilarHit) -> tuple[Cell, ...]:
    """Return rank, score, id, title, country, locality, lang and year."""
    document, facts = hit.document, hit.document.facts
    first = (hit.rank, hit.score, document.commitment_id, document.title)
    return (*first, facts.country, facts.locality, document.lang, facts.year)


def _hit_cells(hit: Hit, base: str | None) -> tuple[Cell, ...]:
    facts, scores = hit.document.facts, hit.scores
    return (
        *(*fact_cells(hit), hit.strength, hit.passage.section, hit.passage.text),
        *(facts.country and country_label(facts.country), facts.region, facts.action_plan, facts.theme, facts.status),
        *(facts.lead_institutions, facts.supporting_institutions, facts.policy_areas),
        *(facts.start_date, facts.end_date, facts.verifiable, facts.relevant, facts.ambition),
        *(facts.completion_midterm, facts.completion_end, facts.early_results, facts.starred),
        *(scores.keyword, scores.semantic, hit.also_in, hit.near_duplicates, best_address(hit.document, base)),
    )


def _milestones(document: Document) -> str:
    return "\n".join(f"{one.number} {one.text}".strip() for one in document.milestones)


def _written(cell: Cell) -> str:
    match cell:
        case None:
            return ""
        case float():
            return f"{cell:z.4f}"
        case int():
            return str(cell)
        case tuple():
            return _harmless("; ".join(cell))
        case _:
            return _harmless(cell)


def _harmless(text: str) -> str:
    shown = plain(text)
    return "'" + shown if shown.lstrip().startswith(_FORMULA) else shown
