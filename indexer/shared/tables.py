"""Tables of data that ship with the packages, as TOML."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import Any

__all__ = ["read_table"]


def read_table(package: str, name: str) -> dict[str, Any]:
    """Return the table `data/<name>` of a package ("indexer", "indexer.shared")."""
    return tomllib.loads((files(package) / "data" / name).read_text(encoding="utf-8"))
