"""The metadata of an index as integer-coded columns: filters, facets and collapsing without reading texts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from indexer.shared.columns import ColumnRecord
from searchapp.engines.base import Engine
from searchapp.search.results import VALUE_FILTERS, Filters

__all__ = ["FACET_FIELDS", "Column", "Columns", "Selection", "load_columns"]

Mask = npt.NDArray[np.bool_]

FACET_FIELDS = (*VALUE_FILTERS, "year")
"""The fields that are counted, in the order shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Some of the documents, and the hits that they are.

    `mask` is bool `(documents,)`, `rows` are those chosen, `unit` numbers the hit that each document belongs to, and
    `distinct` says that each of the chosen is a hit of its own.
    """

    mask: Mask
    rows: npt.NDArray[np.int64]
    unit: npt.NDArray[np.int32]
    distinct: bool

    @classmethod
    def of(cls, mask: Mask, unit: npt.NDArray[np.int32]) -> Selection:
        """Choose the documents of a mask."""
        rows = np.flatnonzero(mask)
        return cls(mask=mask, rows=rows, unit=unit, distinct=np.bincount(unit[rows]).max(initial=0) < 2)  # noqa: PLR2004 (once)


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One field of all documents, which may have several values each.

    Every pair of a value and a document that has it stands in `numbers` and `documents`, int32 `(pairs,)` both: the
    position of the value in the sorted `values`, and the row of the document. Pairs are ordered so. `single` is the
    number of one value that each document has, int32 `(documents,)`, -1 where it has none; `several` says that some
    document has more.
    """

    field: str
    values: tuple[str, ...]
    numbers: npt.NDArray[np.int32]
    documents: npt.NDArray[np.int32]
    single: npt.NDArray[np.int32]
    several: bool

    def having(self, wanted: Iterable[str]) -> Mask:
        """Return the mask of documents that have any of the wanted values; unknown values match nothing."""
        known = [self.values.index(value) for value in wanted if value in self.values]
        mask = np.zeros(len(self.single), dtype=np.bool_)
        mask[self.documents[np.isin(self.numbers, known)]] = True
        return mask

    def counts(self, chosen: Selection) -> npt.NDArray[np.int64]:
        """Return by value how many of the chosen hits have it, int64 `(values,)`."""
        if not self.values:
            return np.zeros(0, dtype=np.int64)
        if chosen.distinct and not self.several:
            return np.bincount(self.single.take(chosen.rows) + 1, minlength=len(self.values) + 1)[1:]
        numbers, documents = self._pairs(chosen)
        if not chosen.distinct:
            units = int(chosen.unit.max(initial=0)) + 1
            pairs = np.sort(numbers.astype(np.int64) * units + chosen.unit[documents])
            numbers = pairs[np.flatnonzero(np.diff(pairs, prepend=-1))] // units
        return np.bincount(numbers, minlength=len(self.values))

    def _pairs(self, chosen: Selection) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.signedinteger[Any]]]:
        """Return the pairs of a value's number and a document that has it, of the chosen documents."""
        if self.several:
            inside = chosen.mask[self.documents]
            return self.numbers[inside], self.documents[inside]
        numbers = self.single[chosen.rows]
        there = numbers >= 0
        return numbers[there], chosen.rows[there]

    def cells(self, other: Column, mask: Mask, unit: npt.NDArray[np.int32]) -> dict[tuple[str, str], int]:
        """Return how many hits among the masked documents have a value and one of another column, where any has.

        `other` has at most one value a document, and its values come first; `unit` is as for `counts`.
        """
        others = other.single[self.documents]
        inside = mask[self.documents] & (others >= 0)
        triples = np.stack([others[inside], self.numbers[inside], unit[self.documents[inside]]])
        pairs, counts = np.unique(np.unique(triples, axis=1)[:2], axis=1, return_counts=True)
        return {
            (other.values[first], self.values[second]): count
            for first, second, count in zip(*pairs.tolist(), counts.tolist(), strict=True)
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """All columns, by document row; and the commitment IDs, by number and by casefolded form.

    `commitment` is the number of a document's commitment, `group` that of its group of near-duplicates, `year` its
    year or 0, `lang` and `country` the numbers of its language and country among the values of these columns (-1 for an
    unknown country), and `section_kinds` the kinds of its sections, in order. `langs` holds the rows of the documents
    in each language, int64 and ascending. By chunk row, `document_of` is the row of its document. The documents of
    commitment n are those from `first_versions[n]` up to `first_versions[n + 1]` among the rows in `by_commitment`.
    """

    document_ids: tuple[str, ...]
    commitment_ids: tuple[str, ...]
    commitment_numbers: dict[str, int]
    ids_by_casefold: dict[str, str]
    commitment: npt.NDArray[np.int32]
    group: npt.NDArray[np.int32]
    year: npt.NDArray[np.int32]
    lang: npt.NDArray[np.int32]
    country: npt.NDArray[np.int32]
    langs: tuple[npt.NDArray[np.int64], ...]
    section_kinds: tuple[tuple[str, ...], ...]
    document_of: npt.NDArray[np.int32]
    by_commitment: npt.NDArray[np.int64]
    first_versions: npt.NDArray[np.int64]
    by_field: dict[str, Column]

    def documents_of(self, commitment_id: str) -> list[int]:
        """Return the rows of a commitment's documents (none if the ID is unknown)."""
        number = self.commitment_numbers.get(commitment_id)
        return [] if number is None else self._versions(number).tolist()

    def _versions(self, commitment: int) -> npt.NDArray[np.int64]:
        return self.by_commitment[self.first_versions[commitment] : self.first_versions[commitment + 1]]

    def country_units(self) -> npt.NDArray[np.int32]:
        """Return a number for each document, the same for those of one country; its own where that is unknown."""
        alone = len(self.by_field["country"].values) + np.arange(len(self.country), dtype=np.int32)
        return np.where(self.country >= 0, self.country, alone)

    def other_langs(self, shown: int) -> tuple[str, ...]:
        """Return the other languages of the commitment of the document in this row."""
        versions = self._versions(int(self.commitment[shown]))
        others = versions[self.lang[versions] != self.lang[shown]]
        return tuple(self.by_field["lang"].values[number] for number in self.lang[others])

    def folded(self, shown: int, documents: npt.NDArray[np.int64], unit: npt.NDArray[np.int32]) -> tuple[str, ...]:
        """Return the IDs of the other commitments that are one hit with the document in this row.

        `documents` are the rows of the result, `unit` is the number of each document's hit.
        """
        same = documents[unit[documents] == unit[shown]]
        others = {int(number) for number in self.commitment[same]} - {int(self.commitment[shown])}
        return tuple(self.commitment_ids[number] for number in sorted(others))

    def filter_masks(self, filters: Filters) -> dict[str, Mask]:
        """Return a mask of documents for each field that is filtered, so that facets can leave out their own."""
        masks = {}
        for field, wanted in filters.chosen().items():
            if wanted:
                masks[field] = self.by_field[field].having(wanted)
        if filters.year_from is not None or filters.year_to is not None:
            low = max(1, filters.year_from or 1)  # an unknown year is 0 and in no span
            high = np.iinfo(np.int32).max if filters.year_to is None else filters.year_to
            masks["year"] = (self.year >= low) & (self.year <= high)
        return masks


def load_columns(engine: Engine) -> Columns:
    """Read the columns of all documents of an engine, in the order of its rows."""
    rows = engine.records()
    commitment_ids = tuple(sorted({row.commitment_id for row in rows}))
    numbers = {commitment_id: number for number, commitment_id in enumerate(commitment_ids)}
    by_field = {field: _column(field, [values_of(row) for row in rows]) for field, values_of in _VALUES.items()}
    commitment = np.array([numbers[row.commitment_id] for row in rows], dtype=np.int32)
    lang = by_field["lang"].single
    return Columns(
        document_ids=tuple(row.document_id for row in rows),
        commitment_ids=commitment_ids,
        commitment_numbers=numbers,
        ids_by_casefold={commitment_id.casefold(): commitment_id for commitment_id in commitment_ids},
        commitment=commitment,
        group=np.array(engine.groups),
        year=np.array([row.facts.year or 0 for row in rows], dtype=np.int32),
        lang=lang,
        country=by_field["country"].single,
        langs=tuple(np.flatnonzero(lang == number) for number in range(len(by_field["lang"].values))),
        section_kinds=tuple(tuple(section.kind for section in row.sections) for row in rows),
        document_of=np.array(engine.chunks["document"]),
        by_commitment=np.argsort(commitment, kind="stable"),
        first_versions=np.cumsum([0, *np.bincount(commitment, minlength=len(commitment_ids))]),
        by_field=by_field,
    )


def _column(field: str, values_of_rows: Sequence[Iterable[str | None]]) -> Column:
    pairs = {(value, row) for row, values in enumerate(values_of_rows) for value in values if value}
    ordered = sorted(pairs)
    values = tuple(dict.fromkeys(value for value, _ in ordered))
    numbers = {value: number for number, value in enumerate(values)}
    of_pairs = np.array([numbers[value] for value, _ in ordered], dtype=np.int32)
    documents = np.array([row for _, row in ordered], dtype=np.int32)
    single = np.full(len(values_of_rows), -1, dtype=np.int32)
    single[documents] = of_pairs
    return Column(
        field=field,
        values=values,
        numbers=of_pairs,
        documents=documents,
        single=single,
        several=len(documents) > int(np.count_nonzero(single >= 0)),
    )


def _completion(row: ColumnRecord) -> str | None:
    """Return what the latest review that says something says; a pending one says less than the one before it."""
    latest, earlier = row.facts.completion_end, row.facts.completion_midterm
    return earlier or latest if latest in (None, "pending-review", "no-irm-data") else latest


def _scope(row: ColumnRecord) -> str | None:
    """Return whether a commitment is one of a country or of a subnational member; None if its place is unknown."""
    if row.facts.locality:
        return "local"
    return "national" if row.facts.country else None


_VALUES: dict[str, Callable[[ColumnRecord], Iterable[str | None]]] = {
    "region": lambda row: [row.facts.region],
    "country": lambda row: [row.facts.country],
    "lang": lambda row: [row.lang],
    "policy_area": lambda row: row.facts.policy_areas,
    "institution": lambda row: row.facts.lead_institutions,
    "ambition": lambda row: [row.facts.ambition],
    "completion": lambda row: [_completion(row)],
    "early_results": lambda row: [row.facts.early_results],
    "status": lambda row: [row.facts.status],
    "scope": lambda row: [_scope(row)],
    "year": lambda row: [str(row.facts.year) if row.facts.year else None],
}
"""What a document has in each of FACET_FIELDS."""
