"""The labels of commitment pages (data/labels.toml), found whatever their spelling and language."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache

import regex

from indexer.shared.tables import read_table
from indexer.shared.taxonomy import LABEL_LANGUAGES
from indexer.shared.text import fold

__all__ = [
    "Label",
    "count_languages",
    "find_label",
    "label_key",
    "split_glued_label",
    "split_label",
    "starts_with_label",
]

_LONGEST_LABEL = 120
_MOST_WORDS = 12
_MOST_COLONS = 4
_COUNTED_GROUPS = ("chrome", "heading", "section")

_PARENTHESES = regex.compile(r"\s*([()])\s*")
_INFO_ICON = regex.compile(r"\si$")
_FINAL_PARENTHESIS = regex.compile(r"\([^()]*\)$")
_TITLE_LIKE = regex.compile(r"\p{Lu}.*[\p{L}\p{N}):]")
_WORD = regex.compile(r"[\p{L}\p{N}]+")
_WORD_END = regex.compile(r"\s|$")
_COLON = regex.compile("[:\uff1a]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A label found: its key in the table ("lead_institutions") and the languages that write it so."""

    name: str
    langs: frozenset[str]


@lru_cache(maxsize=4096)  # one line is compared with several groups of labels
def label_key(text: str) -> str:
    """Return a label for comparison: folded, without an info icon, final colon or question mark, or loose spaces."""
    key = _PARENTHESES.sub(r"\1", fold(text)).strip(" :.*?¿#-")
    return _INFO_ICON.sub("", key).rstrip(" :")


def find_label(group: str, text: str) -> Label | None:
    """Return the label of a group ("heading", "field", ...) that a text is as a whole, or None."""
    if len(text) > _LONGEST_LABEL:
        return None
    key = label_key(text)
    found = _labels(group).get(key)
    if found is None and key.endswith(")"):
        found = _labels(group).get(_FINAL_PARENTHESIS.sub("", key))
    return found or _label_of_words(group, text)


def split_label(group: str, line: str) -> tuple[Label, str] | None:
    """Return the label that a line begins with and the value after its colon ("" if there is none), or None."""
    for match in list(_COLON.finditer(line, 0, _LONGEST_LABEL))[:_MOST_COLONS]:
        label = find_label(group, line[: match.start()])
        if label is not None:
            return label, line[match.end() :].strip()
    label = find_label(group, line)
    return (label, "") if label is not None else None


def starts_with_label(group: str, text: str) -> str | None:
    """Return what follows a label of a group at the beginning of a text, or None if it doesn't begin with one."""
    head = text[:_LONGEST_LABEL]
    if not label_key(head).startswith(_label_starts(group)):
        return None
    for match in _WORD_END.finditer(head):
        if label_key(head[: match.start()]) in _labels(group):
            return text[match.end() :].lstrip(" :-")
    return None


def split_glued_label(line: str) -> tuple[str, str] | None:
    """Return a line and the heading glued to its end ("Public ParticipationIRM Review"), or None if there is none."""
    match = _glued().search(line) if len(line) <= _LONGEST_LABEL * 4 else None
    return (line[: match.start()], match[0]) if match else None


def count_languages(lines: Iterable[str]) -> Counter[str]:
    """Return how many lines are, or begin with, a label of each language."""
    counts: Counter[str] = Counter()
    for line in lines:
        found = next((label for group in _COUNTED_GROUPS if (label := find_label(group, line))), None)
        field = split_label("field", line) if found is None else None
        label = found or (field[0] if field else None)
        if label is not None:
            counts.update(label.langs)
    return counts


@cache
def _table() -> dict[str, dict[str, dict[str, list[str]]]]:
    return read_table("indexer", "labels.toml")


@cache
def _labels(group: str) -> dict[str, Label]:
    """Return the labels of a group by key; one key under two names of a group is an error of the table."""
    found: dict[str, Label] = {}
    for name, by_lang in _table()[group].items():
        for lang, texts in by_lang.items():
            for key in map(label_key, texts):
                known = found.get(key)
                if known is not None and known.name != name:
                    msg = f"labels.toml: {key!r} stands for {group}.{known.name} and for {group}.{name}"
                    raise ValueError(msg)
                found[key] = Label(name=name, langs=frozenset({lang}) | (known.langs if known else frozenset()))
    return found


@cache
def _label_starts(group: str) -> tuple[str, ...]:
    return tuple(_labels(group))


@cache
def _label_words(group: str) -> list[tuple[Label, list[frozenset[str]]]]:
    """Return the labels of a group that are known by their words: each of the sets must have a word in the text."""
    return [
        (Label(name=name, langs=frozenset({lang})), [frozenset(word.split("|")) for word in entry.split()])
        for name, by_lang in _table().get(f"{group}_words", {}).items()
        for lang in LABEL_LANGUAGES
        for entry in by_lang.get(lang, [])
    ]


def _label_of_words(group: str, text: str) -> Label | None:
    if not _label_words(group) or not _TITLE_LIKE.fullmatch(text):
        return None
    words = _WORD.findall(label_key(text))
    if len(words) > _MOST_WORDS:
        return None
    return next((label for label, sets in _label_words(group) if all(one & set(words) for one in sets)), None)


@cache
def _glued() -> regex.Pattern[str]:
    texts = {
        text
        for name in (("heading", "irm_review"), ("section", "description"))
        for texts in _table()[name[0]][name[1]].values()
        for text in texts
    }
    ordered = sorted(texts, key=lambda text: (-len(text), text))
    return regex.compile(rf"(?<=[\p{{Ll}})])(?:{'|'.join(map(regex.escape, ordered))})$")
