"""A commitment's facts as labelled lines; what its source says nothing of is left out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import partial

from babel.dates import format_date, format_skeleton

from indexer.shared.records import Document, Facts
from searchapp.labels import place_label, policy_area_label, region_label, value_label
from searchapp.language import day_first, translated

__all__ = ["Fact", "FactRow", "date_label", "fact_rows", "facts_of"]

_ASSESSED = frozenset(
    {
        *("verifiable", "relevant", "access_to_information", "civic_participation", "public_accountability"),
        *("ambition", "completion_midterm", "completion_end", "early_results", "starred", "irm_reports"),
    }
)
_PRECISION = {4: ("-01-01", "y"), 7: ("-01", "yMMMM"), 10: ("", None)}
"""By length, what a date lacks, and the parts of it that are shown, None for all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One line of facts; `foreign` values are in the language of the document, the others in that of the labels."""

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
    if iso is None or len(iso) not in _PRECISION:
        return iso
    rest, parts = _PRECISION[len(iso)]
    try:
        day = date.fromisoformat(iso + rest)
    except ValueError:
        return iso
    shown = format_skeleton(parts, day, locale=day_first()) if parts else format_date(day, "long", locale=day_first())
    return str(shown)


def _lines(facts: Facts) -> list[Fact]:
    one = partial(_fact, foreign=False)
    own = partial(_fact, foreign=True)
    return [
        one("country", translated("Country"), place_label(facts)),
        one("region", translated("Region"), facts.region and region_label(facts.region)),
        own("action_plan", translated("Action plan"), facts.action_plan),
        one("year", translated("Action plan cycle"), facts.year),
        one("status", translated("Status"), _value_label(facts.status)),
        own("theme", translated("Theme"), facts.theme),
        own("lead_institutions", translated("Lead institution"), *facts.lead_institutions),
        own("supporting_institutions", translated("Supporting institutions"), *facts.supporting_institutions),
        one("policy_areas", translated("Policy areas"), *map(policy_area_label, facts.policy_areas)),
        one("start_date", translated("Starts"), date_label(facts.start_date)),
        one("end_date", translated("Ends"), date_label(facts.end_date)),
        one("verifiable", translated("Verifiable"), _value_label(facts.verifiable)),
        one("relevant", translated("Relevant to OGP values"), _value_label(facts.relevant)),
        one("access_to_information", translated("Access to information"), _value_label(facts.access_to_information)),
        one("civic_participation", translated("Civic participation"), _value_label(facts.civic_participation)),
        one("public_accountability", translated("Public accountability"), _value_label(facts.public_accountability)),
        one("ambition", translated("Ambition"), _value_label(facts.ambition)),
        one("completion_midterm", translated("Completion at mid-term"), _value_label(facts.completion_midterm)),
        one("completion_end", translated("Completion at end of term"), _value_label(facts.completion_end)),
        one("early_results", translated("Did it open government?"), _value_label(facts.early_results)),
        one("starred", translated("Starred"), _value_label(facts.starred)),
        one("carried_forward", translated("Carried forward"), _value_label(facts.carried_forward)),
        own("irm_reports", translated("IRM reports"), *facts.irm_reports),
    ]


def _fact(field: str, label: str, *values: str | int | None, foreign: bool) -> Fact:
    return Fact(field=field, label=label, values=tuple(str(value) for value in values if value), foreign=foreign)


def _value_label(code: str | None) -> str | None:
    return code and value_label(code)
