"""Data that ships with the packages: tables as TOML, and texts with one entry a line."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

__all__ = ["read_table", "text_lines"]


def read_table(package: str, name: str) -> dict[str, Any]:
    """Return the table `data/<name>` of a package ("indexer", "indexer.shared")."""
    return tomllib.loads((files(package) / "data" / name).read_text(encoding="utf-8"))


def text_lines(file: Traversable) -> tuple[str, ...]:
    """Return the lines of a text file (UTF-8) but for empty ones and comments, which start with #."""
    lines = file.read_text(encoding="utf-8").splitlines()
    return tuple(line for line in lines if line and not line.startswith("#"))
