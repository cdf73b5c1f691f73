"""The commands that build and describe an index."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from indexer.shared.commands import EXIT_REJECTED, Command, setting_option

__all__ = ["index", "stats"]


@click.command(cls=Command)
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...", type=click.Path(path_type=Path))
@setting_option("index")
@setting_option("encoder")
@click.option("--rebuild", is_flag=True, help="Compute every embedding anew.")
def index(sources: tuple[Path, ...], index: str, encoder: str, rebuild: bool) -> None:  # noqa: FBT001 (click calls it so)
    """Index files, and folders recursively, into one searchable corpus.

    The new index replaces the old one only when it is complete. Files that can't be used are named and left out; the
    command then ends with exit code 1.
    """
    from indexer.pipeline import build_index  # noqa: PLC0415 (`--help` must not load the indexing libraries)
    from indexer.shared.encoder import load_encoder  # noqa: PLC0415 (the same)

    report = build_index(sources, index=Path(index), encoder=load_encoder(encoder), rebuild=rebuild)
    for error in report.rejected:
        click.echo(f"rejected: {error}", err=True)
    if report.manifest is None:
        click.echo(f"concord: nothing could be indexed; {index} is as it was", err=True)
        sys.exit(EXIT_REJECTED)
    counts = report.manifest.counts
    click.echo(
        f"{counts.commitments} commitments in {counts.documents} documents, {counts.chunks} chunks"
        f" ({report.embedded} embedded anew), languages {', '.join(report.manifest.langs)};"
        f" {len(report.rejected)} rejected; index {report.manifest.digest} in {index}",
        err=True,
    )
    if report.rejected:
        sys.exit(EXIT_REJECTED)


@click.command(cls=Command)
@setting_option("index")
def stats(index: str) -> None:
    """Show what an index holds, and the values of its sources that no table knows."""
    from indexer.stats import describe  # noqa: PLC0415 (`--help` must not load the indexing libraries)

    for line in describe(Path(index)):
        click.echo(line)
