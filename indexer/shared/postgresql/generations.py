"""Which generation answers in a database."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import psycopg

from indexer.shared.manifest import Manifest

__all__ = ["Answering", "answering_generation"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answering:
    """The generation that answers: its number, its manifest, and how many numbers chunks have ever had."""

    number: int
    manifest: Manifest
    next_chunk: int


def answering_generation(connection: psycopg.Connection) -> Answering | None:
    """Return the generation that answers, None if none does."""
    row = connection.execute(
        "select generation, manifest, next_chunk from concord.answering join concord.generations using (generation)"
    ).fetchone()
    if row is None:
        return None
    number, manifest, next_chunk = row
    return Answering(number=number, manifest=msgspec.json.decode(manifest, type=Manifest), next_chunk=next_chunk)
