"""Addresses of PostgreSQL."""

from __future__ import annotations

from indexer.shared.errors import IndexStoreError

__all__ = ["check_address"]

_SCHEMES = ("postgresql://", "postgres://")


def check_address(text: str) -> None:
    """Raise IndexStoreError for what is no address of PostgreSQL."""
    if not text.startswith(_SCHEMES):
        raise IndexStoreError(f"{text[:40]!r} is no engine's address; expected postgresql://user@host:port/database")
