"""A commitment's facts as labelled lines, in English; what its source says nothing of is left out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import partial

from babel.dates import format_date

from indexer.shared.records import Document, Facts
from searchapp.labels import place_label, policy_area_label, region_label, value_label

__all__ = ["Fact", "FactRow", "date_label", "fact_rows", "facts_of"]

_ASSESSED = frozenset(
    {
        *("verifiable", "relevant", "access_to_information", "civic_participation", "public_accountability"),
        *("ambition", "completion_midterm", "completion_end", "early_results", "starred", "irm_reports"),
    }
)
_DATE_PATTERNS = {4: ("-01-01", "y"), 7: ("-01", "MMMM y"), 10: ("", "d MMMM y")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One line of facts; `foreign` values are in the language of the document, the others in English."""

    field: str
    label: str
    values: tuple[str, ...]
    foreign: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FactRow:
    """One line of facts of several commitments, a cell for each."""

    cells: tuple[Fact, ...]

    @property
    def field(self) -> str:
        """The field of `Facts` that it shows."""
        return self.cells[0].field

    @property
    def label(self) -> str:
        """What it is called."""
        return self.cells[0].label

    @property
    def assessed(self) -> bool:
        """Whether reviewers said it, of the promise or of what became of it."""
        return self.field in _ASSESSED

    @property
    def differs(self) -> bool:
        """Whether two of the commitments have different values; one of which nothing is said is not different.

        Values in the words of the sources, in whatever language, are never said to differ.
        """
        return len({frozenset(cell.values) for cell in self.cells if cell.values and not cell.foreign}) > 1


def facts_of(facts: Facts) -> list[Fact]:
    """Return the lines of a commitment's facts that have a value, in the order they are read."""
    return [line for line in _lines(facts) if line.values]


def fact_rows(documents: Iterable[Document]) -> list[FactRow]:
    """Return the lines that any of these commitments has a value in, with the values of each."""
    rows = [FactRow(cells=cells) for cells in zip(*(_lines(one.facts) for one in documents), strict=True)]
    return [row for row in rows if any(cell.values for cell in row.cells)]


def date_label(iso: str | None) -> str | None:
    """Return an ISO 8601 date of any precision in words ("May 2016"); what is no such date comes back as it is."""
    if iso is None or len(iso) not in _DATE_PATTERNS:
        return iso
    rest, pattern = _DATE_PATTERNS[len(iso)]
    try:
        return format_date(date.fromisoformat(iso + rest), pattern, locale="en")
    except ValueError:
        return iso


def _lines(facts: Facts) -> list[Fact]:
    one = partial(_fact, foreign=False)
    own = partial(_fact, foreign=True)
    return [
        one("country", "Country", place_label(facts)),
        one("region", "Region", facts.region and region_label(facts.region)),
        own("action_plan", "Action plan", facts.action_plan),
        one("year", "Action plan cycle", facts.year),
        one("status", "Status", _value_label(facts.status)),
        own("theme", "Theme", facts.theme),
        own("lead_institutions", "Lead institution", *facts.lead_institutions),
        own("supporting_institutions", "Supporting institutions", *facts.supporting_institutions),
        one("policy_areas", "Policy areas", *map(policy_area_label, facts.policy_areas)),
        one("start_date", "Starts", date_label(facts.start_date)),
        one("end_date", "Ends", date_label(facts.end_date)),
        one("verifiable", "Verifiable", _value_label(facts.verifiable)),
        one("relevant", "Relevant to OGP values", _value_label(facts.relevant)),
        one("access_to_information", "Access to information", _value_label(facts.access_to_information)),
        one("civic_participation", "Civic participation", _value_label(facts.civic_participation)),
        one("public_accountability", "Public accountability", _value_label(facts.public_accountability)),
        one("ambition", "Ambition", _value_label(facts.ambition)),
        one("completion_midterm", "Completion at mid-term", _value_label(facts.completion_midterm)),
        one("completion_end", "Completion at end of term", _value_label(facts.completion_end)),
        one("early_results", "Did it open government?", _value_label(facts.early_results)),
        one("starred", "Starred", _value_label(facts.starred)),
        one("carried_forward", "Carried forward", _value_label(facts.carried_forward)),
        own("irm_reports", "IRM reports", *facts.irm_reports),
    ]


def _fact(field: str, label: str, *values: str | int | None, foreign: bool) -> Fact:
    return Fact(field=field, label=label, values=tuple(str(value) for value in values if value), foreign=foreign)


def _value_label(code: str | None) -> str | None:
    return code and value_label(code)
