"""The box "At-a-Glance": its labelled values as the page writes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import regex

from indexer.parsing.facts import code_of, policy_areas
from indexer.parsing.labels import Label, find_label, split_label
from indexer.parsing.lines import Line, unwrap
from indexer.shared.records import Unmapped

__all__ = ["Glance", "read_glance"]

_LISTS = frozenset({"lead_institutions", "supporting_institutions", "policy_areas", "irm_reports"})
_LAST = frozenset({"completion", "implementation"})
_LONGEST_CODE = 60
_LONGEST_STRAY = 200

_OTHER_LABEL = regex.compile(r"(?P<label>[^:]{2,60}):\s+(?P<value>\S.*)")


@dataclass(slots=True, kw_only=True)
class Glance:
    """The values of the box by label; `rows` are its lines, headings spaced; `rest` is text without a label."""

    heading: str = ""
    values: dict[str, list[str]] = field(default_factory=dict)
    rows: list[Line] = field(default_factory=list)
    rest: list[Line] = field(default_factory=list)
    unmapped: list[Unmapped] = field(default_factory=list)


def read_glance(lines: Sequence[Line], *, described: bool) -> Glance:
    """Return the values of the box: after the colon, in the next line, or (lists) in the lines up to the next label.

    The box ends with "Completion" or, where that is missing, with "Implementation"; text after it, and long text
    that belongs to no label, is in `rest`. Other lines without a known label are unmapped. If the page has no heading
    over its description (`described`), the description follows the box at once, and labels in it are text.
    """
    glance = Glance()
    current: str | None = None
    for number, line in enumerate(lines):
        heading = find_label("heading", line.text) if described or current not in _LAST else None
        labelled = split_label("field", line.text)
        if labelled is not None and (described or _continues(current, labelled[0])):
            current = _add_labelled(glance, line, *labelled)
        elif heading is not None:
            current = heading.name if heading.name == "implementation" else None
            _add_heading(glance, line, heading)
        elif current is not None and _belongs(glance, current, line):
            glance.values[current].append(line.text)
            glance.rows.append(Line(text=line.text, spaced=False))
        elif current in _LAST:
            glance.rest += lines[number:]
            break
        else:
            _add_stray(glance, line)
    _join_wrapped(glance)
    return glance


def _continues(current: str | None, label: Label) -> bool:
    """Say whether a label still is one of the box: after "Implementation" only "Completion" is, then nothing."""
    return current not in _LAST or (current == "implementation" and label.name == "completion")


def _add_labelled(glance: Glance, line: Line, label: Label, value: str) -> str:
    values = glance.values.setdefault(label.name, [])
    if value:
        values.append(value)
    glance.rows.append(Line(text=line.text, spaced=":" not in line.text))
    return label.name


def _add_heading(glance: Glance, line: Line, label: Label) -> None:
    if label.name in {"overview", "at_glance"}:
        glance.heading = line.text
    else:
        glance.rows.append(Line(text=line.text, spaced=True))


def _belongs(glance: Glance, name: str, line: Line) -> bool:
    """Say whether a line without a label can be (more of) the value of the label before it."""
    text = line.text
    filled = bool(glance.values.get(name))
    if name == "policy_areas" and len(text) > _LONGEST_STRAY:
        return bool(policy_areas([text])[0])
    if name in _LISTS:
        return not (filled and line.spaced and _OTHER_LABEL.fullmatch(text))
    if filled or name == "implementation":
        return False
    if name == "action_plan":
        return len(text) <= _LONGEST_STRAY
    return code_of(name, text) is not None or (name != "completion" and len(text) <= _LONGEST_CODE)


def _add_stray(glance: Glance, line: Line) -> None:
    if len(line.text) > _LONGEST_STRAY:
        glance.rest.append(line)
        return
    match = _OTHER_LABEL.fullmatch(line.text)
    name, value = (match["label"].strip(), match["value"]) if match else ("at_glance", line.text)
    glance.unmapped.append(Unmapped(field=name, value=value))
    glance.rows.append(line)


def _join_wrapped(glance: Glance) -> None:
    for name in _LISTS & glance.values.keys():
        lines = [Line(text=text, spaced=False) for text in glance.values[name]]
        glance.values[name] = [block.text for block in unwrap(lines)]
