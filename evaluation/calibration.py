"""`python -m evaluation.calibration INDEX`: whether strengths tell the queries that an index answers from others.

The queries are in `evaluation/data/calibration`, half of them for choosing (`dev`), half for a last look (`test`).
Those on topic are so for the 985 documents that their file names.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import click

from indexer.shared.commands import Command
from indexer.shared.tables import read_table
from searchapp.search.results import Mode, SearchRequest
from searchapp.search.searcher import Searcher

__all__ = ["SPLITS", "Checked", "check", "main", "read_queries", "report"]

TOPICS = ("off_topic", "on_topic")
SPLITS = ("dev", "test")


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A query, whether it is on topic, whether anything comparable was found, and the evidence by meaning for it.

    `evidence` is the highest of all chunks, None in keyword mode.
    """

    lang: str
    text: str
    on_topic: bool
    comparable: bool
    evidence: float | None

    @property
    def right(self) -> bool:
        """Whether the answer is as it should be."""
        return self.on_topic == self.comparable


def read_queries(topic: str, split: str) -> list[tuple[str, str]]:
    """Return language and text of the queries on one of TOPICS in one of SPLITS."""
    by_lang: dict[str, list[str]] = read_table("evaluation", f"calibration/{topic}.toml")[split]
    return [(lang, text) for lang, texts in by_lang.items() for text in texts]


def check(searcher: Searcher, mode: Mode, split: str) -> list[Checked]:
    """Search for all queries of one of SPLITS."""
    return [
        _checked(searcher, mode, lang, text, on_topic=topic == "on_topic")
        for topic in TOPICS
        for lang, text in read_queries(topic, split)
    ]


def report(checked: list[Checked]) -> Iterator[str]:
    """Give the lines that describe one mode: errors by language, how far apart the two kinds are, and every error.

    Words find nothing in other languages; that is no error of keyword mode to list.
    """
    yield f"  {'':<10}{'off-topic, but comparable':>26}{'on-topic, but not':>20}"
    for lang in dict.fromkeys(one.lang for one in checked):
        yield _counts(lang, [one for one in checked if one.lang == lang])
    yield _counts("all", checked)
    off, on = ([one.evidence for one in checked if one.on_topic == side and one.evidence] for side in (False, True))
    if off and on:
        yield f"  evidence: off-topic {max(off):.2f} at most, on-topic {min(on):.2f} at least"
    for one in checked:
        if not one.right and not (one.on_topic and one.evidence is None):
            yield f"  {'on' if one.on_topic else 'off'}-topic {one.lang}: {one.text}"


def _checked(searcher: Searcher, mode: Mode, lang: str, text: str, *, on_topic: bool) -> Checked:
    result = searcher.search(SearchRequest(query=text, mode=mode, limit=1))
    evidence = None if mode == "keyword" else float(searcher.evidence(text).max())
    return Checked(lang=lang, text=text, on_topic=on_topic, comparable=result.comparable, evidence=evidence)


def _counts(label: str, checked: list[Checked]) -> str:
    columns = []
    for side in (False, True):
        asked = [one for one in checked if one.on_topic == side]
        columns.append(f"{sum(not one.right for one in asked)} of {len(asked)}")
    return f"  {label:<10}{columns[0]:>26}{columns[1]:>20}"


@click.command(cls=Command)
@click.argument("index", type=click.Path(path_type=Path))
@click.option("--split", type=click.Choice(SPLITS), default="dev", show_default=True, help="Which half of the queries.")
def main(index: Path, split: str) -> None:
    """Count the queries that an index answers with the wrong strengths."""
    searcher = Searcher.open(index)
    for mode in get_args(Mode):
        click.echo(f"{searcher.info.encoder}, {split}, {mode}")
        for line in report(check(searcher, mode, split)):
            click.echo(line)


if __name__ == "__main__":
    main()
