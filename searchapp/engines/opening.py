"""Opening engines: an index folder, or an address of PostgreSQL."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from indexer.shared.postgresql.addresses import check_address
from indexer.shared.storage import open_generation, pointer_state
from searchapp.engines.base import Engine
from searchapp.engines.embedded import EmbeddedEngine

__all__ = ["Folder", "Store", "store_of"]


class Store(Protocol):
    """Where generations of one index are."""

    def state(self) -> object:
        """Return what differs when another generation is current; cheap."""

    def open(self, *, paranoid: bool = False) -> Engine:
        """Open the current generation (IndexStoreError when it is missing or damaged).

        `paranoid` compares the SHA-256 of every file.
        """


class Folder:
    """An index folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def state(self) -> object:
        """Return what changes when the pointer is replaced."""
        return pointer_state(self._folder)

    def open(self, *, paranoid: bool = False) -> Engine:
        """Open the current generation."""
        return EmbeddedEngine(open_generation(self._folder, paranoid=paranoid))


def store_of(index: str, engine: str = "") -> Store:
    """Return where an index is: in a database, if its address is given, else in a folder."""
    if not engine:
        return Folder(Path(index))
    check_address(engine)
    from searchapp.engines.postgresql.store import DatabaseStore  # noqa: PLC0415 (a folder needs none of its libraries)

    return DatabaseStore(engine)
