"""A commitment's facts as labelled lines, in English; what its source says nothing of is left out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import partial

from babel.dates import format_date

from indexer.shared.records import Facts
from searchapp.labels import place_label, policy_area_label, region_label, value_label

__all__ = ["Fact", "date_label", "facts_of"]

_DATE_PATTERNS = {4: ("-01-01", "y"), 7: ("-01", "MMMM y"), 10: ("", "d MMMM y")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One line of facts; `foreign` values are in the language of the document, the others in English."""

    label: str
    values: tuple[str, ...]
    foreign: bool = False


def facts_of(facts: Facts) -> list[Fact]:
    """Return the lines of a commitment's facts that have a value, in the order they are read."""
    one = partial(_fact, foreign=False)
    own = partial(_fact, foreign=True)
    lines = [
        one("Country", place_label(facts)),
        one("Region", facts.region and region_label(facts.region)),
        own("Action plan", facts.action_plan),
        one("Action plan cycle", facts.year),
        one("Status", _value_label(facts.status)),
        own("Theme", facts.theme),
        own("Lead institution", *facts.lead_institutions),
        own("Supporting institutions", *facts.supporting_institutions),
        one("Policy areas", *map(policy_area_label, facts.policy_areas)),
        one("Starts", date_label(facts.start_date)),
        one("Ends", date_label(facts.end_date)),
        one("Verifiable", _value_label(facts.verifiable)),
        one("Relevant to OGP values", _value_label(facts.relevant)),
        one("Access to information", _value_label(facts.access_to_information)),
        one("Civic participation", _value_label(facts.civic_participation)),
        one("Public accountability", _value_label(facts.public_accountability)),
        one("Ambition", _value_label(facts.ambition)),
        one("Completion at mid-term", _value_label(facts.completion_midterm)),
        one("Completion at end of term", _value_label(facts.completion_end)),
        one("Did it open government?", _value_label(facts.early_results)),
        one("Starred", _value_label(facts.starred)),
        one("Carried forward", _value_label(facts.carried_forward)),
        own("IRM reports", *facts.irm_reports),
    ]
    return [line for line in lines if line.values]


def date_label(iso: str | None) -> str | None:
    """Return an ISO 8601 date of any precision in words ("May 2016"); what is no such date comes back as it is."""
    if iso is None or len(iso) not in _DATE_PATTERNS:
        return iso
    rest, pattern = _DATE_PATTERNS[len(iso)]
    try:
        return format_date(date.fromisoformat(iso + rest), pattern, locale="en")
    except ValueError:
        return iso


def _fact(label: str, *values: str | int | None, foreign: bool) -> Fact:
    return Fact(label=label, values=tuple(str(value) for value in values if value), foreign=foreign)


def _value_label(code: str | None) -> str | None:
    return code and value_label(code)
