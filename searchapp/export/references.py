"""Commitments as references: RIS and BibTeX for reference managers, and a citation in words.

A lead institution is the author; where a source names none, its country is. RIS has no sign for an author that is an
institution, so one whose name holds a comma may be read as a person by the program that imports it; BibTeX has.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from indexer.shared.records import Document
from searchapp.export.plain import one_line
from searchapp.labels import country_label, language_label, place_label, policy_area_label

__all__ = ["Reference", "bibtex", "citation", "ris"]

_ABSTRACT = 2000
"""Characters of a commitment's text that serve as its abstract."""

_LATEX = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "{": r"\textbraceleft{}",  # BibTeX counts even an escaped brace
        "}": r"\textbraceright{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        **{character: "\\" + character for character in "&%$#_"},
    }
)
_KEY = re.compile(r"[^A-Za-z0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A commitment in one language as something to cite; `abstract` is a passage of it, `url` where it can be read."""

    document: Document
    abstract: str
    url: str | None

    @classmethod
    def of(cls, document: Document, url: str | None) -> Reference:
        """Return a whole commitment as a reference, with the start of its description for an abstract."""
        described = [one for one in document.sections if one.kind == "description"] or document.sections[:1]
        text = one_line(" ".join(document.text[one.start : one.end] for one in described))
        shortened = text if len(text) <= _ABSTRACT else text[: text.rfind(" ", 0, _ABSTRACT)] + " …"
        return cls(document=document, abstract=shortened, url=url)

    @property
    def authors(self) -> tuple[str, ...]:
        """The lead institutions, or where there are none the country."""
        facts = self.document.facts
        return facts.lead_institutions or ((country_label(facts.country),) if facts.country else ())

    @property
    def key(self) -> str:
        """A name in ASCII that stays the same: the ID and the language, with a hash where the ID isn't ASCII."""
        said = f"{self.document.commitment_id}-{self.document.lang}"
        key = _KEY.sub("-", unicodedata.normalize("NFKD", said).encode("ascii", "ignore").decode()).strip("-")
        return key if key == said else f"{key}-{hashlib.sha256(said.encode(errors='replace')).hexdigest()[:8]}"


def ris(reference: Reference) -> Iterator[str]:
    """Give the lines of one RIS record, with the empty line after it; they are ended by CR LF."""
    document, facts = reference.document, reference.document.facts
    fields: list[tuple[str, str | int | None]] = [
        ("TY", "GOVDOC"),
        ("ID", reference.key),
        ("TI", document.title),
        *(("AU", author) for author in reference.authors),
        ("T2", facts.action_plan),
        ("M1", document.commitment_id),
        ("PY", facts.year),
        ("CY", place_label(facts)),
        ("PB", facts.country and country_label(facts.country)),
        ("LA", document.lang),
        *(("KW", policy_area_label(code)) for code in facts.policy_areas),
        ("AB", reference.abstract),
        ("UR", reference.url),
    ]
    for tag, value in fields:
        written = one_line(str(value or ""))
        if written:
            yield f"{tag}  - {written}"
    yield "ER  - "
    yield ""


def bibtex(reference: Reference) -> Iterator[str]:
    """Give the lines of one BibTeX entry, with the empty line after it; letters stay UTF-8, LaTeX's signs are escaped.

    Where the country is unknown there is no institution, which a techreport must have, so it is a misc.
    """
    document, facts = reference.document, reference.document.facts
    place = country_label(facts.country) if facts.country else None
    fields = {
        "title": f"{{{_latex(document.title)}}}",
        "author": " and ".join(f"{{{_latex(author)}}}" for author in reference.authors),
        "institution": _latex(place),
        "type": "Open-government commitment",
        "number": _latex(document.commitment_id),
        "series": _latex(facts.action_plan),
        "address": _latex(place_label(facts)),
        "year": str(facts.year or ""),
        "language": document.lang,
        "keywords": _latex(", ".join(policy_area_label(code) for code in facts.policy_areas)),
        "abstract": _latex(reference.abstract),
        "url": _url(reference.url),
    }
    yield f"@{'techreport' if place else 'misc'}{{{reference.key},"
    for name, value in fields.items():
        if value.strip("{}"):
            yield f"  {name} = {{{value}}},"
    yield "}"
    yield ""


def citation(reference: Reference) -> str:
    """Return a commitment cited in words, in the order of APA: who, when, what, in which plan, where."""
    document, facts = reference.document, reference.document.facts
    what = f"{document.title} (commitment {document.commitment_id}, {language_label(document.lang)})"
    year = f"({facts.year})" if facts.year else "(no year)"
    parts = [" ".join(filter(None, ("; ".join(reference.authors), year))), what, facts.action_plan, reference.url]
    return ". ".join(one_line(part).rstrip(".") for part in parts if part)


def _latex(text: str | None) -> str:
    return one_line(text or "").translate(_LATEX)


def _url(url: str | None) -> str:
    """Return a URL for a field that BibTeX styles print verbatim: what would end the field is percent-encoded."""
    return one_line(url or "").replace("{", "%7B").replace("}", "%7D").replace("\\", "%5C").replace(" ", "%20")
