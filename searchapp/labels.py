"""Names of codes in the language that labels are in, and writing directions of languages (CLDR, through Babel)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Literal

from babel import Locale, UnknownLocaleError
from babel.lists import format_list

from indexer.shared import regions, taxonomy
from indexer.shared.records import Facts
from searchapp.language import N_, locale, translated, translated_number
from searchapp.search.query import Correction
from searchapp.search.results import Mode, SearchResult, Sort, Strength, StrengthCounts

__all__ = [
    "corrections_label",
    "country_label",
    "facet_label",
    "feed_label",
    "field_label",
    "language_label",
    "mode_labels",
    "nothing_label",
    "place_label",
    "policy_area_label",
    "region_label",
    "section_label",
    "sort_labels",
    "strength_label",
    "strength_labels",
    "strengths_label",
    "text_direction",
    "value_label",
]

_MODES: dict[Mode, tuple[str, str]] = {
    "hybrid": (
        N_("Meaning and words"),
        N_("Finds what means the same in any language; among texts of one language, your own words count too."),
    ),
    "semantic": (N_("Meaning"), N_("Finds what means the same in any language, whatever the words.")),
    "keyword": (
        N_("Words"),
        N_("Finds the words you type, in any of their forms, in the language you type them in."),
    ),
}

_SORTS: dict[Sort, str] = {"relevance": N_("Best match"), "newest": N_("Newest"), "oldest": N_("Oldest")}

_STRENGTHS: dict[Strength, tuple[str, str]] = {
    "strong": (N_("Strong match"), N_("It is about just what you asked for, or has the ID.")),
    "fair": (N_("Fair match"), N_("It is comparable in substance, or has all of your words.")),
    "weak": (N_("Weak match"), N_("It touches on what you asked for.")),
}

_FIELDS = {
    "q": N_("Search text"),
    "mode": N_("Way of searching"),
    "lang": N_("Language"),
    "country": N_("Country"),
    "region": N_("Region"),
    "policy_area": N_("Policy area"),
    "institution": N_("Lead institution"),
    "ambition": N_("Ambition"),
    "completion": N_("Completion"),
    "early_results": N_("Did it open government?"),
    "status": N_("Status"),
    "scope": N_("National or local"),
    "year": N_("Year"),
    "year_from": N_("From year"),
    "year_to": N_("To year"),
    "sort": N_("Order"),
    "comparable": N_("Only strong and fair matches"),
    "limit": N_("Results per page"),
    "fold": N_("Fold near-duplicates"),
    "offset": N_("First result"),
}

_VALUES = {
    "yes": N_("Yes"),
    "no": N_("No"),
    "unclear": N_("Unclear"),
    "active": N_("Active"),
    "inactive": N_("Inactive"),
    "withdrawn": N_("Withdrawn"),
    "none": N_("None"),
    "low": N_("Low"),
    "minor": N_("Minor"),
    "moderate": N_("Moderate"),
    "high": N_("High"),
    "substantial": N_("Substantial"),
    "transformative": N_("Transformative"),
    "worsens": N_("Worsens"),
    "not-started": N_("Not started"),
    "limited": N_("Limited"),
    "complete": N_("Complete"),
    "no-evidence": N_("No evidence"),
    "worsened": N_("Worsened"),
    "did-not-change": N_("Did not change"),
    "marginal": N_("Marginal"),
    "major": N_("Major"),
    "outstanding": N_("Outstanding"),
    "pending-review": N_("Pending review"),
    "no-irm-data": N_("No IRM data"),
    "not-applicable": N_("Not applicable"),
    "national": N_("National"),
    "local": N_("Local"),
}


def field_label(field: str) -> str:
    """Return the name of a parameter or facet; an unknown one is its own name."""
    return translated(_FIELDS[field]) if field in _FIELDS else field


def mode_labels() -> dict[Mode, tuple[str, str]]:
    """Return the name and one-line explanation of each mode, in the order shown."""
    return {mode: (translated(name), translated(explanation)) for mode, (name, explanation) in _MODES.items()}


def sort_labels() -> dict[Sort, str]:
    """Return the name of each order, in the order shown."""
    return {sort: translated(name) for sort, name in _SORTS.items()}


def strength_labels() -> dict[Strength, tuple[str, str]]:
    """Return the name and one-line explanation of each strength of a hit, the best first."""
    return {one: (translated(name), translated(explanation)) for one, (name, explanation) in _STRENGTHS.items()}


def corrections_label(corrections: Sequence[Correction]) -> str:
    """Return a sentence on the words of a query that no text has, and on what was searched for too."""
    return translated(
        "Nothing has %(wrong)s; searched for %(used)s too.",
        wrong=_quoted([correction.word for correction in corrections], style="or"),
        used=_quoted([word for correction in corrections for word in correction.used], style="standard"),
    )


def nothing_label(result: SearchResult) -> str:
    """Return a sentence for a result without a comparable hit, and what is shown instead."""
    if result.shown:
        return translated("Nothing comparable found. The nearest, for what they are worth:")
    return translated("Nothing comparable found.")


def country_label(code: str) -> str:
    """Return the name of an ISO 3166-1 country, or the code if it has none."""
    return str(locale().territories.get(code, code))


def feed_label(query: str) -> str:
    """Return the title of the feed of a search, which may have filters alone."""
    return f"Concord: {query}" if query else "Concord: filtered commitments"


def language_label(lang: str) -> str:
    """Return the name of a language, or the code if it has none."""
    return str(locale().languages.get(lang, lang))


def region_label(code: str) -> str:
    """Return the name of a region of the world; an unknown code is its own name."""
    return regions.region_label(code, locale().language)


def policy_area_label(code: str) -> str:
    """Return the name of a policy area; an unknown code is its own name."""
    return taxonomy.policy_area_label(code, locale().language)


def section_label(kind: str) -> str:
    """Return the name of a kind of sections; an unknown kind is its own name."""
    return taxonomy.section_label(kind, locale().language)


def strength_label(strength: Strength) -> str:
    """Return the name of a hit's strength."""
    return translated(_STRENGTHS[strength][0])


def strengths_label(counts: StrengthCounts) -> str:
    """Return how many hits have each strength, those that occur: `3 strong, 10 fair, 49 weak`."""
    parts = (
        (counts.strong, translated_number("%(number)s strong", "%(number)s strong", counts.strong)),
        (counts.fair, translated_number("%(number)s fair", "%(number)s fair", counts.fair)),
        (counts.weak, translated_number("%(number)s weak", "%(number)s weak", counts.weak)),
    )
    return ", ".join(label for number, label in parts if number)


def place_label(facts: Facts) -> str:
    """Return the country of a commitment, after the subnational member if there is one; "" if neither is known."""
    country = country_label(facts.country) if facts.country else None
    return ", ".join(part for part in (facts.locality, country) if part)


@lru_cache(maxsize=256)
def text_direction(lang: str) -> str:
    """Return the value of HTML's `dir` for a language: ltr or rtl, and auto if CLDR doesn't know it."""
    try:
        return Locale.parse(lang).text_direction
    except (UnknownLocaleError, ValueError):
        return "auto"


def value_label(code: str) -> str:
    """Return the name of a fact's value; codes are English words joined by hyphens ("not-started")."""
    return translated(_VALUES[code]) if code in _VALUES else code.replace("-", " ").capitalize()


_FACET_LABELS: dict[str, Callable[[str], str]] = {
    "country": country_label,
    "lang": language_label,
    "region": region_label,
    "policy_area": policy_area_label,
    "ambition": value_label,
    "completion": value_label,
    "early_results": value_label,
    "status": value_label,
    "scope": value_label,
}


def facet_label(field: str, value: str) -> str:
    """Return the name of a facet's value; a year and an institution are their own names."""
    return _FACET_LABELS.get(field, str)(value)


def _quoted(words: Sequence[str], *, style: Literal["or", "standard"]) -> str:
    """Return words in quotation marks as a list in prose."""
    return format_list([f"“{word}”" for word in words], style=style, locale=locale())
