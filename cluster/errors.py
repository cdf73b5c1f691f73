"""What can go wrong with servers, as one line for users."""

from __future__ import annotations

from indexer.shared.errors import ConcordError

__all__ = ["ServerError"]


class ServerError(ConcordError):
    """A PostgreSQL server that can't be made, started, reached, changed or stopped."""
