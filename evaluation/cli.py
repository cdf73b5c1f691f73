"""The command that measures search on test sets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from indexer.shared.commands import Command, setting_option

if TYPE_CHECKING:
    from searchapp.search.results import Mode

__all__ = ["cache_option", "evaluate"]

_MODES: tuple[Mode, ...] = ("hybrid", "semantic", "keyword")
_PATH = click.Path(path_type=Path)


def _cache_folder(_ctx: click.Context, _option: click.Parameter, value: Path | None) -> Path:
    """Return the folder chosen, or the user's own."""
    from platformdirs import user_cache_path  # noqa: PLC0415 (only this command needs it)

    return value or user_cache_path("concord") / "evaluation"


cache_option = click.option(
    "--cache",
    type=_PATH,
    callback=_cache_folder,
    metavar="FOLDER",
    show_default="the user's cache folder",
    help="Where embeddings and indexes are kept; safe to delete.",
)
"""The option of commands that index test sets."""


@click.command(cls=Command)
@click.argument("folders", nargs=-1, required=True, metavar="FOLDER...", type=_PATH)
@click.option(
    "--mode",
    "modes",
    type=click.Choice(_MODES),
    multiple=True,
    help="Only this mode; may be repeated; without it all three.",
)
@click.option("--engine", default="", metavar="ADDRESS", help="Search in this database, made for it (postgresql://…).")
@setting_option("encoder")
@setting_option("runtime")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
@click.option("--baseline", type=_PATH, metavar="FILE", help="Compare with a run that was saved with --save.")
@click.option("--save", type=_PATH, metavar="FILE", help="Save all figures, query by query, for --baseline.")
@click.option("--trec", type=_PATH, metavar="FOLDER", help="Write runs and judgements in TREC format.")
@click.option("--sample", type=click.IntRange(1), metavar="N", help="At most N queries of each language.")
@click.option("--seed", type=int, default=0, show_default=True, help="Which queries --sample takes.")
@click.option(
    "--references", type=_PATH, metavar="FOLDER", help="Test set whose queries translations are compared with."
)
@cache_option
def evaluate(form: str, encoder: str, runtime: str, modes: tuple[Mode, ...], **options: Any) -> None:
    """Measure search on test sets with relevance judgements.

    A test set is a folder of corpus.jsonl (id, lang, title, text), queries.jsonl (id, lang, text; translations of one
    query share an item) and qrels.tsv (query, document, grade). It is indexed and searched as any corpus is; a second
    evaluation encodes nothing anew. As JSON, one set gives an object, several give a list of them.
    """
    from evaluation.job import Job, run_job  # noqa: PLC0415 (`--help` must not load the measures)
    from evaluation.table import table  # noqa: PLC0415 (the same)
    from indexer.shared.encoder import load_encoder  # noqa: PLC0415 (the same)

    job = Job(modes=tuple(dict.fromkeys(modes)) or _MODES, **options)
    reports = []
    for number, report in enumerate(run_job(job, lambda: load_encoder(encoder, runtime=runtime))):
        reports.append(report)
        if form == "table":
            for line in [*([""] if number else []), *table(report)]:
                click.echo(line)
    if form == "json":
        click.echo(json.dumps(reports if len(reports) > 1 else reports[0], ensure_ascii=False, indent=2))
