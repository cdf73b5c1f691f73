"""Text of an OGP commitment page -> `Document`: facts as codes, sections with their offsets, milestones, catalogue."""

from __future__ import annotations

from collections import Counter
from pathlib import PurePath

from indexer.parsing.catalogue import read_catalogue
from indexer.parsing.compose import Piece, compose, cut_section
from indexer.parsing.facts import code_or_unmapped, institutions, is_nothing, policy_areas, report_names, years
from indexer.parsing.glance import Glance, read_glance
from indexer.parsing.labels import count_languages
from indexer.parsing.lines import Block, read_lines, unwrap
from indexer.parsing.outline import Outline, Part, read_outline
from indexer.parsing.places import find_place
from indexer.parsing.review import Findings, read_findings
from indexer.shared.errors import InputError
from indexer.shared.records import Document, Facts, Milestone, Unmapped
from indexer.shared.regions import region_of
from indexer.shared.taxonomy import LABEL_LANGUAGES, section_label
from indexer.shared.text import clean_text, redact_contacts

__all__ = ["parse_page"]

_CODED = ("status", "verifiable", "relevant", "ambition", "early_results", "starred")
_NOT_YET = frozenset({"pending-review", "no-irm-data", "not-applicable"})


def parse_page(text: str, *, source: str) -> Document:
    """Return the document that the text of a commitment page holds; `source` is the file it came from.

    Raises InputError, naming `source`, if the text is empty or no commitment page: without a title that ends with an
    ID ("… (UK0066)"), or without one label of such a page in English, French, Spanish or Portuguese.
    E-mail addresses and telephone numbers are replaced by "[…]" before anything is read.
    """
    lines = read_lines(redact_contacts(clean_text(text)))
    if not lines:
        raise InputError("the file holds no text", path=source)
    outline = read_outline(lines)
    if outline is None:
        raise InputError('not a commitment page: expected a title with an ID, such as "… (UK0066)"', path=source)
    languages = count_languages(line.text for line in lines)
    if not languages:
        expected = "one label of a commitment page, such as “Action Plan”, “Domaines politiques” or “Descripción”"
        raise InputError(f"not a commitment page: expected {expected}", path=source)
    return _build(outline, _most_frequent(languages), PurePath(source).name)


def _most_frequent(languages: Counter[str]) -> str:
    return max(LABEL_LANGUAGES, key=lambda lang: languages[lang])


def _build(outline: Outline, lang: str, source: str) -> Document:
    glance = read_glance(outline.box, described=any(part.kind == "description" for part in outline.parts))
    findings = Findings()
    milestones: tuple[Milestone, ...] = ()
    pieces = [_glance_piece(glance, lang)]
    for part in _parts(outline, glance, lang):
        blocks = unwrap(part.lines)
        read_findings(part.kind, blocks, findings)
        cut, found = cut_section(Piece(kind=part.kind, heading=part.heading, shown=part.heading, blocks=blocks), lang)
        pieces += cut
        milestones = milestones or found
    text, sections = compose(pieces)
    catalogue, unknown_areas = read_catalogue(outline.catalogue)
    facts, unmapped = _facts(outline, glance, findings)
    return Document(
        document_id=f"{outline.commitment_id}.{lang}",
        commitment_id=outline.commitment_id,
        lang=lang,
        title=outline.title,
        text=text,
        sections=sections,
        facts=facts,
        source=source,
        milestones=milestones,
        catalogue=catalogue,
        unmapped=tuple(dict.fromkeys([*unmapped, *glance.unmapped, *findings.unmapped, *unknown_areas])),
    )


def _parts(outline: Outline, glance: Glance, lang: str) -> list[Part]:
    """Return the sections of a page; text of the box that belongs to no label opens its description."""
    if not glance.rest:
        return outline.parts
    if outline.parts and outline.parts[0].kind == "description":
        first, *others = outline.parts
        return [Part(kind=first.kind, heading=first.heading, lines=[*glance.rest, *first.lines]), *others]
    return [
        Part(kind="description", heading=section_label("description", lang), lines=glance.rest),
        *outline.parts,
    ]


def _glance_piece(glance: Glance, lang: str) -> Piece:
    """Return the box as a section: its headings are paragraphs, its labelled values lines of a list."""
    blocks = [Block(text=row.text, spaced=row.spaced, item=not row.spaced) for row in glance.rows]
    heading = glance.heading or section_label("at_glance", lang)
    return Piece(kind="at_glance", heading=heading, shown=glance.heading, blocks=blocks)


def _facts(outline: Outline, glance: Glance, findings: Findings) -> tuple[Facts, list[Unmapped]]:
    values = {name: " ".join(texts) for name, texts in glance.values.items() if texts}
    unmapped: list[Unmapped] = []
    codes = {name: code_or_unmapped(name, values.get(name), unmapped) for name in _CODED}
    country, locality = find_place(outline.commitment_id, outline.place)
    if country is None:
        unmapped.append(Unmapped(field="country", value=outline.place or outline.commitment_id))
    areas, unknown_areas = policy_areas(glance.values.get("policy_areas", ()))
    unmapped += [Unmapped(field="policy_areas", value=area) for area in unknown_areas]
    facts = Facts(
        country=country,
        region=region_of(country),
        locality=locality,
        action_plan=values.get("action_plan"),
        year=_year(values, unmapped),
        lead_institutions=institutions(glance.values.get("lead_institutions", ())),
        supporting_institutions=institutions(glance.values.get("supporting_institutions", ())),
        policy_areas=areas,
        irm_reports=report_names(glance.values.get("irm_reports", ())),
        **codes,
        **_with_completion(findings.values, code_or_unmapped("completion", values.get("completion"), unmapped)),
    )
    return facts, unmapped


def _with_completion(found: dict[str, str], completion: str | None) -> dict[str, str]:
    """Return the findings with the box's completion, which wins over the text's unless it says "not reviewed yet"."""
    if completion is None or (completion in _NOT_YET and "completion_end" in found):
        return found
    return {**found, "completion_end": completion}


def _year(values: dict[str, str], unmapped: list[Unmapped]) -> int | None:
    """Return the year of the action plan's cycle or, if the page has none, the first year in the plan's name."""
    cycle = values.get("cycle", "")
    if cycle and not years(cycle) and not is_nothing(cycle):
        unmapped.append(Unmapped(field="year", value=cycle))
    return next(iter(years(cycle) or years(values.get("action_plan", ""))), None)
