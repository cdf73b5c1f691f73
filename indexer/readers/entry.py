"""One commitment given as named values -> `Document`; what the readers of tables share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import regex

from indexer.languages import detect_language, language_code, languages_of
from indexer.parsing.compose import Piece, compose, cut_section
from indexer.parsing.countries import find_country
from indexer.parsing.dates import parse_date
from indexer.parsing.facts import (
    code_or_unmapped,
    institutions,
    is_nothing,
    policy_areas,
    report_names,
    years,
)
from indexer.parsing.lines import Line, unwrap
from indexer.parsing.places import find_place
from indexer.readers.source_file import SourceFile
from indexer.shared.errors import InputError
from indexer.shared.records import COMMITMENT_ID, Document, Facts, Milestone, Section, Unmapped
from indexer.shared.regions import region_of
from indexer.shared.taxonomy import section_label
from indexer.shared.text import clean_text, redact_contacts

__all__ = ["FIELDS", "Entry", "Values", "build_document"]

Values = Mapping[str, Sequence[str]]
"""The values of an entry by field, each as its lines or list items."""

_CODED = {
    "status": "status",
    "verifiable": "verifiable",
    "relevant": "relevant",
    "ambition": "ambition",
    "completion_midterm": "completion",
    "completion_end": "completion",
    "early_results": "early_results",
    "access_to_information": "access_to_information",
    "civic_participation": "civic_participation",
    "public_accountability": "public_accountability",
    "starred": "starred",
    "carried_forward": "carried_forward",
}
_TEXTS = ("id", "title", "text", "milestones", "lang", "url")
_PLAIN = ("locality", "action_plan", "theme")
_OTHER = (
    "country",
    "year",
    "lead_institutions",
    "supporting_institutions",
    "policy_areas",
    "irm_reports",
    "start_date",
    "end_date",
)

FIELDS = (*_TEXTS, *_PLAIN, *_OTHER, *_CODED)
"""The fields that a table can give of a commitment; "id" and "text" are required."""

_LONGEST_TITLE = 120
_ID = regex.compile(rf"(?!.*\p{{C}}){COMMITMENT_ID}")
_OGP_ID = regex.compile(r"[A-Z]{2,6}\d{3,5}")
_NUMBERED = regex.compile(r"(?P<number>\d{1,2}(?:\.\d{1,2})*)[.):]\s+(?P<text>\S.*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """The values of one commitment, and the file and line they come from; `columns` names a field's column there."""

    file: SourceFile
    line: int
    values: Values
    columns: Mapping[str, str]

    def lines(self, field: str) -> list[str]:
        """Return the lines of a field, cleaned and without contact details; [] if it says nothing."""
        text = redact_contacts(clean_text("\n".join(self.values.get(field, ()))))
        return [] if is_nothing(text) else [line.strip() for line in text.split("\n")] if text.strip() else []

    def value(self, field: str) -> str:
        """Return a field as one line, "" if it says nothing."""
        return " ".join(" ".join(self.lines(field)).split())

    def raw(self, field: str) -> str:
        """Return a field as one line, words for "nothing" included."""
        return " ".join(redact_contacts(clean_text("\n".join(self.values.get(field, ())))).split())

    def error(self, field: str, reason: str) -> InputError:
        """Return the error for a value of this entry."""
        return InputError(reason, path=self.file.path, line=self.line, field=self.columns.get(field, field))


def build_document(entry: Entry) -> Document:
    """Return the document of an entry, which its values decide.

    Raises InputError, naming line and column, if the ID or the text is missing, the ID can't be one, or the country is
    unknown. A text that says that there is none ("N/A") gives way to the title.
    """
    content = repr(sorted(entry.values.items())).encode()
    file = entry.file
    return file.memory.document(content, lambda: _document(entry), source=file.path.name, line=entry.line)


def _document(entry: Entry) -> Document:
    commitment_id = _id(entry)
    title = entry.value("title")
    if not entry.raw("text"):
        raise entry.error("text", "no text (expected what is committed to)")
    text = entry.lines("text") or [title]
    if not any(text):
        raise entry.error("text", f"no text but {entry.raw('text')!r}, and no title (expected what is committed to)")
    unmapped: list[Unmapped] = []
    country, locality = _place(entry, commitment_id)
    lang = _lang(entry, f"{title}\n{' '.join(text)}", country, unmapped)
    body, sections, milestones = _body(text, entry.lines("milestones"), lang)
    facts = _facts(entry, unmapped, country=country, locality=locality)
    return Document(
        document_id=f"{commitment_id}.{lang}",
        commitment_id=commitment_id,
        lang=lang,
        title=title or _beginning(body),
        text=body,
        sections=sections,
        facts=facts,
        source=entry.file.path.name,
        line=entry.line,
        url=entry.raw("url") or None,
        milestones=milestones,
        unmapped=tuple(dict.fromkeys(unmapped)),
    )


def _id(entry: Entry) -> str:
    found = clean_text("\n".join(entry.values.get("id", ()))).strip()
    if not _ID.fullmatch(found):
        shown = repr(found[:40]) if found else "no ID"
        raise entry.error("id", f"{shown} (expected up to 100 characters without spaces and none of / # ? % @ \\)")
    return found


def _place(entry: Entry, commitment_id: str) -> tuple[str | None, str | None]:
    """Return country and locality; an ID of OGP's form whose letters are known decides, then the column does."""
    locality = entry.value("locality") or None
    country, local = find_place(commitment_id) if _OGP_ID.fullmatch(commitment_id) else (None, None)
    if country is not None:
        return country, local or locality
    name = entry.raw("country")
    if not name:
        return None, locality
    code = find_country(name)
    if code is None:
        raise entry.error("country", f"unknown country {name[:60]!r} (expected an ISO 3166 code or a country's name)")
    return code, locality


def _lang(entry: Entry, text: str, country: str | None, unmapped: list[Unmapped]) -> str:
    given = entry.value("lang")
    code = language_code(given) if given else None
    if given and code is None:
        unmapped.append(Unmapped(field="lang", value=given))
    return code or detect_language(text, likely=languages_of(country)) or "und"


def _body(
    text: Sequence[str], milestones: Sequence[str], lang: str
) -> tuple[str, tuple[Section, ...], tuple[Milestone, ...]]:
    """Return text and sections of a document, and its milestones: those given or, if none are, a list in the text."""
    blocks = unwrap(_as_lines(text))
    heading = section_label("description", lang)
    pieces, found = cut_section(Piece(kind="description", heading=heading, shown="", blocks=blocks), lang)
    given = tuple(_milestone(line) for line in milestones if line)
    if given:
        label = section_label("milestones", lang)
        pieces.append(Piece(kind="milestones", heading=label, shown=label, blocks=unwrap(_as_lines(milestones))))
    return *compose(pieces), given or found


def _as_lines(texts: Sequence[str]) -> list[Line]:
    lines = []
    spaced = True
    for text in texts:
        line = " ".join(text.split())
        if line:
            lines.append(Line(text=line, spaced=spaced))
        spaced = not line
    return lines


def _milestone(line: str) -> Milestone:
    match = _NUMBERED.fullmatch(line)
    return Milestone(number=match["number"], text=match["text"]) if match else Milestone(number="", text=line)


def _facts(entry: Entry, unmapped: list[Unmapped], *, country: str | None, locality: str | None) -> Facts:
    codes = {name: code_or_unmapped(name, entry.raw(name), unmapped, scale=scale) for name, scale in _CODED.items()}
    areas, unknown = policy_areas(entry.lines("policy_areas"))
    unmapped += [Unmapped(field="policy_areas", value=area) for area in unknown]
    return Facts(
        country=country,
        region=region_of(country),
        locality=locality,
        year=_year(entry, unmapped),
        lead_institutions=institutions(entry.lines("lead_institutions")),
        supporting_institutions=institutions(entry.lines("supporting_institutions")),
        policy_areas=areas,
        action_plan=entry.value("action_plan") or None,
        theme=entry.value("theme") or None,
        irm_reports=report_names(entry.lines("irm_reports")),
        start_date=_date(entry, "start_date", unmapped),
        end_date=_date(entry, "end_date", unmapped),
        **codes,
    )


def _year(entry: Entry, unmapped: list[Unmapped]) -> int | None:
    value = entry.value("year")
    found = years(value)
    if value and not found:
        unmapped.append(Unmapped(field="year", value=value))
    return next(iter(found or years(entry.value("action_plan"))), None)


def _date(entry: Entry, field: str, unmapped: list[Unmapped]) -> str | None:
    value = entry.value(field)
    found = parse_date(value) if value else None
    if value and found is None:
        unmapped.append(Unmapped(field=field, value=value))
    return found


def _beginning(text: str) -> str:
    """Return the first line of a text, cut after a word if it is longer than a title."""
    first = text.split("\n", 1)[0]
    if len(first) <= _LONGEST_TITLE:
        return first
    return first[:_LONGEST_TITLE].rsplit(" ", 1)[0] + " …"
