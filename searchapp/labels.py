"""English names of codes, and writing directions of languages (CLDR, through Babel)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

from babel import Locale, UnknownLocaleError

from indexer.shared.records import Facts
from indexer.shared.regions import region_label
from indexer.shared.taxonomy import policy_area_label, section_label
from searchapp.search.query import Correction
from searchapp.search.results import Mode, SearchResult, Sort, Strength, StrengthCounts

__all__ = [
    "FIELD_LABELS",
    "MODE_LABELS",
    "SORT_LABELS",
    "STRENGTH_LABELS",
    "corrections_label",
    "country_label",
    "facet_label",
    "language_label",
    "nothing_label",
    "place_label",
    "policy_area_label",
    "section_label",
    "strength_label",
    "strengths_label",
    "text_direction",
    "value_label",
]

_ENGLISH = Locale("en")

MODE_LABELS: dict[Mode, tuple[str, str]] = {
    "hybrid": (
        "Meaning and words",
        "Finds what means the same in any language; among texts of one language, your own words count too.",
    ),
    "semantic": ("Meaning", "Finds what means the same in any language, whatever the words."),
    "keyword": ("Words", "Finds the words you type, in any of their forms, in the language you type them in."),
}
"""Name and one-line explanation of each mode, in the order shown."""

SORT_LABELS: dict[Sort, str] = {"relevance": "Best match", "newest": "Newest", "oldest": "Oldest"}
"""Name of each order, in the order shown."""

STRENGTH_LABELS: dict[Strength, tuple[str, str]] = {
    "strong": ("Strong match", "It is about just what you asked for, or has the ID."),
    "fair": ("Fair match", "It is comparable in substance, or has all of your words."),
    "weak": ("Weak match", "It touches on what you asked for."),
}
"""Name and one-line explanation of each strength of a hit, the best first."""

FIELD_LABELS = {
    "q": "Search text",
    "mode": "Way of searching",
    "lang": "Language",
    "country": "Country",
    "region": "Region",
    "policy_area": "Policy area",
    "institution": "Lead institution",
    "ambition": "Ambition",
    "completion": "Completion",
    "early_results": "Did it open government?",
    "status": "Status",
    "scope": "National or local",
    "year": "Year",
    "year_from": "From year",
    "year_to": "To year",
    "sort": "Order",
    "comparable": "Only strong and fair matches",
    "limit": "Results per page",
    "fold": "Fold near-duplicates",
    "offset": "First result",
}
"""Names of parameters and facets."""


def corrections_label(corrections: Sequence[Correction]) -> str:
    """Return a sentence on the words of a query that no text has, and on what was searched for too."""
    wrong = " or ".join(f"“{correction.word}”" for correction in corrections)
    used = " and ".join(f"“{word}”" for correction in corrections for word in correction.used)
    return f"Nothing has {wrong}; searched for {used} too."


def nothing_label(result: SearchResult) -> str:
    """Return a sentence for a result without a comparable hit, and what is shown instead."""
    return "Nothing comparable found." + (" The nearest, for what they are worth:" if result.shown else "")


def country_label(code: str) -> str:
    """Return the English name of an ISO 3166-1 country, or the code if it has none."""
    return str(_ENGLISH.territories.get(code, code))


def language_label(lang: str) -> str:
    """Return the English name of a language, or the code if it has none."""
    return str(_ENGLISH.languages.get(lang, lang))


def strength_label(strength: Strength) -> str:
    """Return the name of a hit's strength."""
    return STRENGTH_LABELS[strength][0]


def strengths_label(counts: StrengthCounts) -> str:
    """Return how many hits have each strength, those that occur: `3 strong, 10 fair, 49 weak`."""
    numbers = {name: getattr(counts, name) for name in STRENGTH_LABELS}
    return ", ".join(f"{number:,} {name}" for name, number in numbers.items() if number)


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
    """Return the code of a fact's value in English: codes are English words joined by hyphens ("no-irm-data")."""
    return code.replace("-", " ").capitalize().replace(" irm ", " IRM ")


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
    """Return the English name of a facet's value; a year and an institution are their own names."""
    return _FACET_LABELS.get(field, str)(value)
