"""Values of facts as pages write them -> codes that are the same in every language (data/values.toml)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import regex

from indexer.parsing.labels import label_key
from indexer.shared.records import Unmapped
from indexer.shared.tables import read_table
from indexer.shared.taxonomy import policy_area_code

__all__ = [
    "carried_forward_code",
    "code_of",
    "code_or_unmapped",
    "institutions",
    "is_nothing",
    "policy_areas",
    "report_names",
    "years",
]

_MOST_WORDS = 8
_MOST_PIECES = 3

_WORD = regex.compile(r"[\p{L}\p{N}]+")
_SENTENCE_END = regex.compile(r"[.!?]\s")
_YEAR = regex.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")


def code_of(field: str, value: str) -> str | None:
    """Return the code of a field's value ("completion", "Limité:" -> "limited"), or None if no table knows it.

    A doubled value counts once. A list of OGP values makes a commitment relevant.
    """
    words = _WORD.findall(label_key(value))
    for scale in _table()["fields"].get(field, ()):
        codes = _scale(scale)
        whole, half = " ".join(words), len(words) // 2
        first, second = codes.get(" ".join(words[:half])), codes.get(" ".join(words[half:]))
        found = codes.get(whole) or (first if first == second else None)
        if found is not None:
            return found
    if field == "relevant" and _are_ogp_values(value):
        return "yes"
    return _code_of_words(words) if field in _table()["fields"] else None


def code_or_unmapped(name: str, value: str | None, unmapped: list[Unmapped], *, scale: str | None = None) -> str | None:
    """Return the code of a fact's value; one that no table knows is added to `unmapped`, unless it stands for none.

    `scale` names the field whose codes the fact takes, if it has another name ("completion" of "completion_end").
    """
    code = code_of(scale or name, value) if value else None
    if value and code is None and not is_nothing(value):
        unmapped.append(Unmapped(field=name, value=value))
    return code


def carried_forward_code(text: str) -> str | None:
    """Return "yes" or "no" from an answer or a report's sentence on whether a commitment was carried forward.

    The first sentence decides: it has a word for carrying forward, and it is negated or not; if it has a word of
    doubt, or neither, the answer is None.
    """
    answer = code_of("carried_forward", text)
    if answer is not None:
        return answer
    table = _table()["carried_forward"]
    words = _WORD.findall(label_key(_SENTENCE_END.split(text, maxsplit=1)[0]))
    if not any(word.startswith(tuple(table["stems"])) for word in words) or set(words) & set(table["doubts"]):
        return None
    return "no" if set(words) & set(table["negations"]) else "yes"


def is_nothing(value: str) -> bool:
    """Say whether a value stands for none ("NA", "Not specified")."""
    return " ".join(_WORD.findall(label_key(value))) in _nothing()


def institutions(values: Iterable[str]) -> tuple[str, ...]:
    """Return the institutions of a value's lines, cut at semicolons outside parentheses; "NA" is none."""
    names = (name.strip() for value in values for name in _split_outside_parentheses(value, ";"))
    return tuple(dict.fromkeys(name for name in names if name and not is_nothing(name)))


def report_names(values: Iterable[str]) -> tuple[str, ...]:
    """Return the names of reports in a list with commas: each name holds a year; a review that is pending is none."""
    names: list[str] = []
    for value in values:
        if is_nothing(value) or code_of("status", value) is not None:
            continue
        open_name = ""
        for part in value.split(","):
            open_name = f"{open_name},{part}" if open_name else part
            if _YEAR.search(part):
                names.append(open_name.strip())
                open_name = ""
        if open_name.strip():
            names.append(open_name.strip())
    return tuple(dict.fromkeys(names))


def policy_areas(values: Iterable[str]) -> tuple[tuple[str, ...], list[str]]:
    """Return the codes of a list of policy areas, in its order, and the names that no table knows."""
    codes: dict[str, None] = {}
    unknown = []
    for value in values:
        pieces = [piece.strip() for piece in regex.split("[,;]", value)]
        number = 0
        while number < len(pieces):
            code, used = _longest_area(pieces[number : number + _MOST_PIECES])
            if code is not None:
                codes[code] = None
            elif pieces[number] and not is_nothing(pieces[number]):
                unknown.append(pieces[number])
            number += used
    return tuple(codes), unknown


def years(text: str) -> list[int]:
    """Return the years that a text names."""
    return [int(year) for year in _YEAR.findall(text)]


def _longest_area(pieces: Sequence[str]) -> tuple[str | None, int]:
    """Return the policy area that the first pieces name, whose name may hold commas, and how many pieces that took."""
    for used in range(len(pieces), 0, -1):
        code = policy_area_code(", ".join(pieces[:used]))
        if code is not None:
            return code, used
    return None, 1


def _split_outside_parentheses(text: str, separator: str) -> list[str]:
    parts = [""]
    depth = 0
    last_closing = text.rfind(")")
    for position, character in enumerate(text):
        depth += (character == "(" and position < last_closing) - (character == ")" and depth > 0)
        if character == separator and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return parts


def _are_ogp_values(value: str) -> bool:
    parts = [_plain(part) for part in regex.split("[,;]", value) if part.strip()]
    return bool(parts) and all(part in _ogp_values() for part in parts)


def _code_of_words(words: Sequence[str]) -> str | None:
    if len(words) > _MOST_WORDS:
        return None
    present = set(words)
    return next((code for code, sets in _word_sets() if all(one & present for one in sets)), None)


def _plain(text: str) -> str:
    return " ".join(_WORD.findall(label_key(text)))


@cache
def _table() -> dict[str, Any]:
    return read_table("indexer", "values.toml")


@cache
def _scale(name: str) -> dict[str, str]:
    return {_plain(text): code for code, texts in _table()["scales"][name].items() for text in (code, *texts)}


@cache
def _nothing() -> frozenset[str]:
    return frozenset(map(_plain, _table()["nothing"]["names"]))


@cache
def _ogp_values() -> frozenset[str]:
    return frozenset(map(_plain, _table()["ogp_values"]["names"]))


@cache
def _word_sets() -> list[tuple[str, list[frozenset[str]]]]:
    return [
        (code, [frozenset(word.split("|")) for word in entry.split()])
        for code, entries in _table()["words"].items()
        for entry in entries
    ]
