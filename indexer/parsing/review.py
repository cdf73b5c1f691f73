"""What the text of sections says of a commitment: its dates, and the findings of the IRM."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from indexer.parsing.dates import parse_bare_range, parse_date, parse_range
from indexer.parsing.facts import carried_forward_code, code_of, is_nothing
from indexer.parsing.labels import split_label
from indexer.parsing.lines import Block
from indexer.shared.records import Unmapped

__all__ = ["Findings", "read_findings"]

_COMPLETION_OF = {"midterm_review": "completion_midterm", "endterm_review": "completion_end"}
_RESULTS = frozenset({"access_to_information", "civic_participation", "public_accountability"})
_DATES = frozenset({"start_date", "end_date", "dates"})
_LONGEST_DATE = 100
_LONGEST_VALUE = 60
_LONGEST_SENTENCE = 400


@dataclass(slots=True, kw_only=True)
class Findings:
    """Facts by the names of `Facts`; the first that a page gives of each counts."""

    values: dict[str, str] = field(default_factory=dict)
    unmapped: list[Unmapped] = field(default_factory=list)

    def add(self, name: str, code: str | None, value: str) -> None:
        """Keep a code or, if it is None, the short value that no table knows."""
        if code is not None:
            self.values.setdefault(name, code)
        elif value and len(value) <= _LONGEST_VALUE and not is_nothing(value):
            self.unmapped.append(Unmapped(field=name, value=value))


def read_findings(kind: str, blocks: Sequence[Block], findings: Findings) -> None:
    """Add what a section of a kind says in labelled lines ("End of term: Limited", "Start date: May 2016").

    In a description, a line that only is two dates says when the commitment starts and ends; in a review by the IRM,
    a line that only is a degree of completion ("Limited:") says the completion.
    """
    for name, value in _labelled(blocks):
        if name in _DATES and len(value) > _LONGEST_DATE:
            continue
        if name == "dates":
            _add_range(findings, value)
        elif not name and kind == "description" and (dates := parse_bare_range(value)):
            _add_dates(findings, dates)
        elif name in _DATES:
            findings.add(name, parse_date(value), value)
        elif kind in _COMPLETION_OF:
            _add_finding(kind, name, value, findings)


def _labelled(blocks: Sequence[Block]) -> Iterator[tuple[str, str]]:
    """Give each line's label and value, which may be the next line; a line without a label is a value of none ("")."""
    found = [split_label("inline", block.text) for block in blocks]
    for number, block in enumerate(blocks):
        here = found[number]
        if here is None:
            yield "", block.text
            continue
        label, value = here
        follows = number + 1 < len(blocks) and found[number + 1] is None
        yield label.name, value or (blocks[number + 1].text if follows else "")


def _add_range(findings: Findings, value: str) -> None:
    dates = parse_range(value)
    if dates is None:
        findings.add("start_date", parse_date(value), value)
    else:
        _add_dates(findings, dates)


def _add_dates(findings: Findings, dates: tuple[str, str]) -> None:
    for name, date in zip(("start_date", "end_date"), dates, strict=True):
        findings.add(name, date, date)


def _add_finding(kind: str, name: str, value: str, findings: Findings) -> None:
    if name in _RESULTS:
        findings.add(name, code_of(name, value), value)
    elif name == "carried_forward":
        findings.add(name, carried_forward_code(value[:_LONGEST_SENTENCE]), value)
    elif name == "midterm_status":
        findings.add("completion_midterm", code_of("completion", value), value)
    elif name == "endterm_status":
        findings.add("completion_end", code_of("completion", value), value)
    elif name == "completion":
        findings.add(_COMPLETION_OF[kind], code_of("completion", value), value)
    elif not name and len(value) <= _LONGEST_VALUE:
        code = code_of("completion", value)
        if code is not None:
            findings.add(_COMPLETION_OF[kind], code, value)
