"""The kinds of request parameters: each reads and checks its values, and says in JSON Schema what it takes.

A value that is empty or blank counts as absent, as an untouched form field is. What can't be used is a QueryError with
the parameter's name as its field.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from werkzeug.datastructures import MultiDict

from indexer.shared.errors import QueryError
from indexer.shared.records import COMMITMENT_ID
from indexer.shared.settings import number
from searchapp.web.text import clean_query

__all__ = ["Args", "Choice", "Codes", "Flag", "Ids", "Names", "Number", "Once", "Parameter", "Text", "shortened"]

Args = MultiDict[str, str]
"""The arguments of a request; a name may occur more than once."""

Option = TypeVar("Option", bound=str)

MAX_VALUES = number("max-values")

_WHOLE_NUMBER = re.compile(r"[0-9]{1,9}")
_QUOTED = 40

_NOTHING = "null"
"""What a program writes that has no value: not a code."""


class Parameter(Protocol):
    """One parameter of a request, as the API's description needs it."""

    @property
    def name(self) -> str:
        """Its name in the address."""

    @property
    def help(self) -> str:
        """What it is, in a line."""

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of its value; an array if it may be repeated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """Free text of at most `longest` characters, without control characters, its white space collapsed."""

    name: str
    help: str
    longest: int
    example: str = ""

    def read(self, args: Args) -> str:
        """Return the text, "" if it is absent."""
        text = _scalar(args, self.name)
        if len(text) > self.longest:
            raise QueryError(f"is {len(text):,} characters long; expected at most {self.longest:,}", field=self.name)
        return clean_query(text)

    def schema(self) -> dict[str, Any]:
        """Return its JSON Schema."""
        return {"type": "string", "maxLength": self.longest} | ({"examples": [self.example]} if self.example else {})


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice(Generic[Option]):
    """One of a few words; the first is the default."""

    name: str
    help: str
    options: tuple[Option, ...]

    def read(self, args: Args) -> Option:
        """Return the word."""
        value = _scalar(args, self.name).strip() or self.options[0]
        for option in self.options:
            if option == value:
                return option
        raise QueryError(f"“{shortened(value)}” is not one of {', '.join(self.options)}", field=self.name)

    def schema(self) -> dict[str, Any]:
        """Return its JSON Schema."""
        return {"type": "string", "enum": list(self.options), "default": self.options[0]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """True or false."""

    name: str
    help: str
    default: bool

    def read(self, args: Args) -> bool:
        """Return whether it is true."""
        value = _scalar(args, self.name).strip().lower()
        if value not in ("", "true", "false"):
            raise QueryError(f"“{shortened(value)}” is not one of true, false", field=self.name)
        return value == "true" if value else self.default

    def schema(self) -> dict[str, Any]:
        """Return its JSON Schema."""
        return {"type": "boolean", "default": self.default}


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A whole number from `first` to `last`."""

    name: str
    help: str
    first: int
    last: int

    def read(self, args: Args) -> int | None:
        """Return the number, None if it is absent."""
        value = _scalar(args, self.name).strip()
        if not value:
            return None
        if not _WHOLE_NUMBER.fullmatch(value) or not self.first <= int(value) <= self.last:
            raise QueryError(
                f"“{shortened(value)}” is not a whole number from {self.first} to {self.last}", field=self.name
            )
        return int(value)

    def schema(self) -> dict[str, Any]:
        """Return its JSON Schema."""
        return {"type": "integer", "minimum": self.first, "maximum": self.last}


@dataclass(frozen=True, slots=True, kw_only=True)
class Codes:
    """Codes of one form, any number of them up to MAX_VALUES; `fold` gives the case that they are kept in."""

    name: str
    help: str
    form: str
    expected: str
    fold: Callable[[str], str] = str.lower

    def read(self, args: Args) -> tuple[str, ...]:
        """Return the codes, each once, in the order given."""
        return tuple(dict.fromkeys(self.code(value.strip()) for value in _values(args, self.name)))

    def one(self, args: Args) -> str | None:
        """Return the code of a parameter that may be given once, None if it is absent."""
        value = _scalar(args, self.name).strip()
        return self.code(value) if value else None

    def code(self, value: str) -> str:
        """Return a value as it is kept."""
        code = self.fold(value) if value.isascii() else value
        if value == _NOTHING or not value.isascii() or not re.fullmatch(self.form, value):
            raise QueryError(f"“{shortened(value)}” is not {self.expected}", field=self.name)
        return code

    def schema(self) -> dict[str, Any]:
        """Return its JSON Schema."""
        return _array(
            {
                "type": "string",
                "pattern": rf"^\s*(?:{self.form})?\s*$",
                "not": {"const": _NOTHING},
                "description": self.expected,
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Once:
    """One code, of the form of others that may be repeated."""

    values: Codes

    @property
    def name(self) -> str:
        """Its name in the address."""
        return self.values.name

    @property
    def help(self) -> str:
        """What it is, in a line."""
        return self.values.help

    def read(self, args: Args) -> str | None:
        """Return the code, None if it is absent."""
        return self.values.one(args)

    def schema(self) -> dict[str, Any]:
        """Return its JSON Schema."""
        items: dict[str, Any] = self.values.schema()["items"]
        return items


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """Names as they are written, of at most `longest` characters, any number of them up to MAX_VALUES."""

    name: str
    help: str
    longest: int

    def read(self, args: Args) -> tuple[str, ...]:
        """Return the names, each once, in the order given."""
        names = _values(args, self.name)
        for name in names:
            if len(name) > self.longest:
                raise QueryError(f"“{shortened(name)}” is longer than {self.longest} characters", field=self.name)
        return tuple(dict.fromkeys(filter(None, map(clean_query, names))))

    def schema(self) -> dict[str, Any]:
        """Return its JSON Schema."""
        return _array({"type": "string", "maxLength": self.longest})


@dataclass(frozen=True, slots=True, kw_only=True)
class Ids:
    """IDs of commitments, each another; whoever takes them says if there are as many as `count` allows."""

    name: str
    help: str
    count: range
    example: tuple[str, ...]

    def read(self, args: Args) -> tuple[str, ...]:
        """Return the IDs as often as they are given."""
        ids = tuple(value.strip() for value in _values(args, self.name))
        for one in ids:
            if not re.fullmatch(COMMITMENT_ID, one):
                raise QueryError(f"“{shortened(one)}” can't be the ID of a commitment", field=self.name)
        return ids

    def schema(self) -> dict[str, Any]:
        """Return its JSON Schema."""
        return {
            "type": "array",
            "items": {"type": "string", "pattern": f"^{COMMITMENT_ID}$"},
            "minItems": self.count[0],
            "maxItems": self.count[-1],
            "uniqueItems": True,
            "examples": [list(self.example)],
        }


def shortened(value: str) -> str:
    """Return a value as it is quoted in a message."""
    cleaned = clean_query(value)
    return cleaned if len(cleaned) <= _QUOTED else cleaned[: _QUOTED - 1] + "…"


def _array(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items, "maxItems": MAX_VALUES}


def _scalar(args: Args, name: str) -> str:
    values = [value for value in args.getlist(name) if value.strip()]
    if len(values) > 1:
        raise QueryError(f"is given {len(values)} times; expected once", field=name)
    return values[0] if values else ""


def _values(args: Args, name: str) -> list[str]:
    values = args.getlist(name)
    if len(values) > MAX_VALUES:
        raise QueryError(f"has {len(values)} values; expected at most {MAX_VALUES}", field=name)
    return [value for value in values if value.strip()]
