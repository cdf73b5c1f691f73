"""Reports as tables to read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from evaluation.measures import MEASURES
from evaluation.runs import ALL

__all__ = ["table"]

_MAIN = "ndcg@10"
_SMALLEST_P = 0.001
_LABELS = ["nDCG@10", "R@10", "R@25", "R@100", "MRR@10", "P@1"]


def table(report: dict[str, Any]) -> Iterator[str]:
    """Give the lines of a report: modes side by side by slice, modes against each other, parity of languages."""
    encoder = report["encoder"]
    yield (
        f"{report['dataset']}: {report['documents']} documents, {report['queries']} queries,"
        f" {encoder['name']} ({encoder['revision']}, {encoder['runtime']})"
    )
    yield ""
    yield from _aligned(_figure_rows(report["modes"]))
    against = list(_against_rows(report["modes"]))
    if against:
        yield from ["", *_aligned([["mode", "against", *_LABELS], *against])]
    parity = list(_parity_rows(report["modes"]))
    if parity:
        reference = next(mode["parity"]["reference"] for mode in report["modes"] if "parity" in mode)
        header = [f"parity with {reference}", "mode", "queries", "overlap@10", "nDCG@10 lost"]
        yield from ["", *_aligned([header, *parity])]


def _figure_rows(modes: Sequence[dict[str, Any]]) -> Iterator[list[str]]:
    compared = any("baseline" in mode for mode in modes)
    yield ["slice", "mode", "queries", _LABELS[0], "95% interval", *_LABELS[1:], *(["vs baseline"] * compared)]
    by_slice: dict[str, list[tuple[str, dict[str, Any]]]] = {ALL: [(mode["mode"], mode) for mode in modes]}
    for mode in modes:
        for one in mode["slices"]:
            by_slice.setdefault(one["name"], []).append((mode["mode"], one))
    for name, rows in by_slice.items():
        for number, (mode_name, figures) in enumerate(rows):
            yield [name if number == 0 else "", mode_name, *_figure_cells(figures, compared=compared)]


def _figure_cells(figures: dict[str, Any], *, compared: bool) -> Iterator[str]:
    yield str(figures["queries"])
    for name in MEASURES:
        yield f"{figures[name]:.3f}"
        if name == _MAIN:
            low, high = figures["ci"][name]
            yield f"{low:.3f}-{high:.3f}"
    if compared:
        yield _difference(figures["baseline"], _MAIN)


def _against_rows(modes: Sequence[dict[str, Any]]) -> Iterator[list[str]]:
    for number, mode in enumerate(modes):
        for other in (one["mode"] for one in modes[number + 1 :]):
            yield [mode["mode"], other, *(_difference(mode["against"][other], name) for name in MEASURES)]


def _parity_rows(modes: Sequence[dict[str, Any]]) -> Iterator[list[str]]:
    for mode in modes:
        if "parity" in mode:
            parity = mode["parity"]
            for one in [*parity["languages"], {**parity, "lang": "mean", "queries": ""}]:
                figures = [f"{one['overlap@10']:.3f}", f"{one['ndcg@10_lost']:+.3f}"]
                yield [one["lang"], mode["mode"], str(one["queries"]), *figures]


def _difference(compared: dict[str, Any] | None, name: str) -> str:
    if compared is None:
        return "-"
    p = compared[name]["p"]
    return f"{compared[name]['difference']:+.3f} ({'p<.001' if p < _SMALLEST_P else f'p={p:.3f}'})"


def _aligned(rows: Iterator[list[str]] | list[list[str]]) -> Iterator[str]:
    """Give rows with names to the left and figures to the right of columns that are as wide as needed."""
    cells = list(rows)
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        parts = [
            cell.ljust(width) if column < 2 else cell.rjust(width)  # noqa: PLR2004 (two columns of names)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  ".join(parts).rstrip()
