"""Which language a text is in, also where it is short or mixed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING

import regex
from babel import Locale
from babel.languages import get_official_languages

from indexer.shared.records import Document
from indexer.shared.tables import read_table
from indexer.shared.taxonomy import LABEL_LANGUAGES
from indexer.shared.text import fold

if TYPE_CHECKING:
    from lingua import ConfidenceValue, LanguageDetector

__all__ = ["detect_language", "language_code", "languages_of", "with_section_languages"]

_LONGEST = 900
_UNLIKELY = 0.02
"""Weight of a language that neither the country nor international use suggests: it needs 50 times the evidence."""

_INTERNATIONAL = frozenset({"en"})
_CERTAIN = 0.9
_CLOSE = 0.05
_FOREIGN_LENGTH = 300
"""Sections shorter than this are taken to be in their document's language."""

_MOST_COMPARED = 3
_TOGETHER = 256  # documents whose sections are read at a time
_EXCLUDED = ("ESPERANTO", "LATIN")
"""Languages that no government writes in, but that lists of loanwords and abbreviations look like."""

_SAME = {"no": "nb", "fil": "tl"}
_ADDRESS = regex.compile(r"(?:https?://|www\.)\S+")


def detect_language(text: str, *, likely: Collection[str] = ()) -> str | None:
    """Return the language of a text (BCP-47 primary tag), or None if it has no words.

    Its beginning, middle and end (900 characters in all) are weighed: the detector's confidence in each language counts
    in full for English and for the `likely` ones (say, those of the country), and a fiftieth for any other. So prose
    speaks for itself, and a short text full of names doesn't flip to a language that nobody there writes. Where no
    language has 90% of the weight, the best ones (three at most) are compared again by larger models.
    """
    sample = _ADDRESS.sub(" ", _sample(text))
    [weights] = _weights_of(_detector(), [sample], likely)
    if not weights:
        return _language_of_script(sample)
    best, *others = sorted(weights, key=lambda lang: (-weights[lang], lang))
    close = [lang for lang in others[: _MOST_COMPARED - 1] if weights[lang] >= _CLOSE]
    if weights[best] < _CERTAIN and close:
        [again] = _weights_of(_careful_detector(frozenset([best, *close])), [sample], likely)
        best = max(again, key=lambda lang: (again[lang], lang), default=best)
    return best


def with_section_languages(documents: Iterable[Document]) -> Iterator[Document]:
    """Yield documents with the language set of each section that is clearly in another one than its document."""
    rest = iter(documents)
    while some := list(islice(rest, _TOGETHER)):
        yield from _marked(some)


def _marked(documents: Sequence[Document]) -> Iterator[Document]:
    sections = [(document, section) for document in documents for section in document.sections]
    texts = [document.text[section.start : section.end] for document, section in sections]
    langs = iter(_foreign_languages(texts, [document.lang for document, _ in sections]))
    for document in documents:
        marked = tuple(replace(section, lang=next(langs)) for section in document.sections)
        yield replace(document, sections=marked) if marked != document.sections else document


def _foreign_languages(texts: Sequence[str], own: Sequence[str]) -> list[str | None]:
    """Return the language of each text of some length that is almost surely not in its document's own, else None.

    All cores read the texts.
    """
    samples = {
        place: _ADDRESS.sub(" ", _sample(text)) for place, text in enumerate(texts) if len(text) >= _FOREIGN_LENGTH
    }
    found: list[str | None] = [None] * len(texts)
    weights = _weights_of(_detector(), list(samples.values()))
    for (place, sample), shares in zip(samples.items(), weights, strict=True):
        found[place] = _foreign_language(sample, shares, own[place])
    return found


def _foreign_language(sample: str, weights: Mapping[str, float], own: str) -> str | None:
    best = max(weights, key=lambda lang: (weights[lang], lang), default=own)
    if best == own:
        return None
    [between] = _weights_of(_careful_detector(frozenset([best, own])), [sample])
    return best if between.get(best, 0.0) >= _CERTAIN else None


def languages_of(country: str | None) -> frozenset[str]:
    """Return the languages that are official in a country or a part of it (Unicode CLDR)."""
    if country is None:
        return frozenset()
    langs = get_official_languages(country, regional=True, de_facto=True)
    return frozenset(_code(lang) for lang in langs)


def language_code(text: str) -> str | None:
    """Return the language (primary tag) that a tag ("en", "pt-BR") or a name ("Spanish", "español") means, or None."""
    primary = regex.split("[-_]", text.strip(), maxsplit=1)[0].lower()
    if primary in Locale("en").languages and primary != "und":
        return _code(primary)
    return _names().get(fold(text))


def _sample(text: str) -> str:
    """Return a text or, if it is long, a third of the longest sample each from its beginning, middle and end."""
    if len(text) <= _LONGEST:
        return text
    part = _LONGEST // 3
    middle = (len(text) - part) // 2
    return " ".join([text[:part], text[middle : middle + part], text[-part:]])


def _code(tag: str) -> str:
    primary = tag.split("_", 1)[0].lower()
    return _SAME.get(primary, primary)


def _weights_of(
    detector: LanguageDetector, texts: list[str], likely: Collection[str] | None = None
) -> list[dict[str, float]]:
    """Return each possible language's share of the weight of each text; without `likely`, all count alike."""
    return [_shares(found, likely) for found in detector.compute_language_confidence_values_in_parallel(texts)]


def _shares(found: Sequence[ConfidenceValue], likely: Collection[str] | None) -> dict[str, float]:
    weights = {
        code: one.value * _weight(code, likely) for one in found if (code := _code(one.language.iso_code_639_1.name))
    }
    total = sum(weights.values())
    return {code: weight / total for code, weight in weights.items() if weight > 0}


def _weight(code: str, likely: Collection[str] | None) -> float:
    return 1.0 if likely is None or code in _INTERNATIONAL or code in likely else _UNLIKELY


@cache
def _detector() -> LanguageDetector:
    """Return the detector; its low-accuracy mode takes 75 MB of memory instead of 900, and the weights do the rest."""
    from lingua import Language, LanguageDetectorBuilder  # noqa: PLC0415 (its models are loaded only when needed)

    excluded = [getattr(Language, name) for name in _EXCLUDED]
    return LanguageDetectorBuilder.from_all_languages_without(*excluded).with_low_accuracy_mode().build()


@cache
def _careful_detector(langs: frozenset[str]) -> LanguageDetector:
    """Return a detector of a few languages by their full models (some 15 MB each, loaded once for all detectors)."""
    from lingua import Language, LanguageDetectorBuilder  # noqa: PLC0415 (its models are loaded only when needed)

    languages = [one for one in Language.all() if _code(one.iso_code_639_1.name) in langs]
    return LanguageDetectorBuilder.from_languages(*languages).build()


@cache
def _names() -> dict[str, str]:
    """Return codes by folded names, each language in itself and in the four languages of pages."""
    own = read_table("indexer", "languages.toml")["own"]
    found = {fold(str(Locale(code).languages.get(code))): str(code) for code in own}
    for lang in LABEL_LANGUAGES:
        for code, name in Locale(lang).languages.items():
            if "_" not in code:
                found.setdefault(fold(name), _code(code))
    return found


def _language_of_script(text: str) -> str | None:
    """Return the language of the script that most letters of a text belong to, of scripts that one language uses."""
    counts = {lang: len(pattern.findall(text)) for lang, pattern in _scripts().items()}
    best = max(counts, key=lambda lang: (counts[lang], lang))
    return best if counts[best] else None


@cache
def _scripts() -> dict[str, regex.Pattern[str]]:
    table = read_table("indexer", "languages.toml")["scripts"]
    return {lang: regex.compile(rf"\p{{Script={script}}}") for script, lang in table.items()}
