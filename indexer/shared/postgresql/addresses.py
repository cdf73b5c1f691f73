"""Addresses of PostgreSQL."""

from __future__ import annotations

from indexer.shared.errors import IndexStoreError

__all__ = ["check_address"]

_SCHEMES = ("postgresql://", "postgres://")


def check_address(text: str) -> None:
    """Raise IndexStoreError for what is no address of PostgreSQL."""
    if not text.startswith(_SCHEMES):
        scheme, there, _ = text.partition("://")  # all else may be secret
        said = f" ({scheme[:20]}://…)" if there else ""
        raise IndexStoreError(f"this is no engine's address{said}; expected postgresql://user@host:port/database")
