"""What an index holds, as lines to read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from indexer.shared.records import Document
from indexer.shared.storage import open_generation

__all__ = ["describe"]


def describe(index: Path) -> Iterator[str]:
    """Give the lines of `concord stats`: identity, counts, documents by field, and unmapped values."""
    generation = open_generation(index)
    manifest = generation.manifest
    counts = manifest.counts
    yield f"index         {manifest.digest}, built {manifest.built_at}"
    encoder = manifest.encoder
    yield f"encoder       {encoder.name} ({encoder.dim} dimensions, revision {encoder.revision})"
    yield f"commitments   {counts.commitments}"
    yield f"documents     {counts.documents}"
    yield f"chunks        {counts.chunks}"
    yield f"catalogue     {counts.catalogue_entries} commitments listed on pages, not searched"
    documents = [generation.document(row) for row in range(counts.documents)]
    yield from _distributions(documents)
    yield from _unmapped(documents)


def _distributions(documents: list[Document]) -> Iterator[str]:
    fields = {
        "languages": [document.lang for document in documents],
        "countries": [document.facts.country or "unknown" for document in documents],
        "regions": [document.facts.region or "unknown" for document in documents],
        "years": [str(document.facts.year or "unknown") for document in documents],
        "policy areas": [area for document in documents for area in document.facts.policy_areas],
    }
    for name, values in fields.items():
        ordered = sorted(Counter(values).items(), key=lambda pair: (-pair[1], pair[0]))
        yield f"{name:<13} {', '.join(f'{value} {count}' for value, count in ordered) or 'none'}"


def _unmapped(documents: list[Document]) -> Iterator[str]:
    found = Counter((one.field, one.value) for document in documents for one in document.unmapped)
    yield f"unmapped      {sum(found.values())} values that no table knows" + (":" if found else "")
    for (field, value), count in sorted(found.items(), key=lambda pair: (-pair[1], pair[0])):
        yield f"  {field}: {value!r} ({count})"
