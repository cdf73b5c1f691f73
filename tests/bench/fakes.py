"""The benchmarks' test sets in small, in angles (see tests.evaluation.fakes)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from indexer.shared.encoder import Embeddings
from tests.evaluation.fakes import AngleEncoder, write_set

__all__ = ["LANGS", "PARAGRAPHS", "ShiftedEncoder", "write_sets"]

LANGS = ("ar", "de", "el", "en", "es", "ru", "zh")
PARAGRAPHS = range(0, 60, 5)
"""Their angles."""

_ITEMS = range(0, 60, 5)
_UN_LANGS = ("ar", "es", "fr", "ru", "zh")


class ShiftedEncoder(AngleEncoder):
    """Takes texts in another language than English (they say so) for others 20 degrees away."""

    name = "angle+raw"
    revision = "shift000shift000"
    runtime = "python"

    def encode_queries(self, queries: Sequence[str]) -> Embeddings:
        return super().encode_queries([_shifted(query) for query in queries])


def _shifted(text: str) -> str:
    found = re.fullmatch(r"([0-9.]+) (.*)", text)
    return text if found is None or found[2] == "word" else f"{float(found[1]) + 20} {found[2]}"


def write_sets(folder: Path) -> Path:
    """Write a set for each that the benchmarks read; every question asks for the text at its own angle."""
    write_set(
        folder / "xquad_para",
        documents=[_row(f"p{angle}.{lang}", lang, angle) for angle in PARAGRAPHS for lang in LANGS],
        queries=[_row(f"q{angle}.{lang}", lang, angle) for angle in PARAGRAPHS for lang in LANGS],
        qrels=[
            (f"q{angle}.{lang}", f"p{angle}.{other}", 1)
            for angle in PARAGRAPHS
            for lang in LANGS
            for other in LANGS
            if other != lang
        ],
    )
    write_set(
        folder / "sdg_en2x",
        documents=[_row(f"s{angle}.{lang}", lang, angle) for angle in _ITEMS for lang in _UN_LANGS],
        queries=[{**_row(f"e{angle}", "en", angle), "item": str(angle)} for angle in _ITEMS],
        qrels=[(f"e{angle}", f"s{angle}.{lang}", 1) for angle in _ITEMS for lang in _UN_LANGS],
    )
    write_set(
        folder / "sdg_x2en",
        documents=[_row(f"s{angle}", "en", angle) for angle in _ITEMS],
        queries=[
            {**_row(f"x{angle}.{lang}", lang, angle), "item": str(angle)} for angle in _ITEMS for lang in ("de", "fr")
        ],
        qrels=[(f"x{angle}.{lang}", f"s{angle}", 1) for angle in _ITEMS for lang in ("de", "fr")],
    )
    write_set(
        folder / "ogp_knownitem_dev",
        documents=[_row(f"o{angle}", "en", angle) for angle in _ITEMS],
        queries=[_row(f"t{angle}", "en", angle) for angle in _ITEMS],
        qrels=[(f"t{angle}", f"o{angle}", 1) for angle in _ITEMS],
    )
    return folder


def _row(name: str, lang: str, angle: int) -> dict[str, object]:
    return {"id": name, "lang": lang, "text": f"{angle} " + ("word" if lang == "en" else f"word {lang}")}
