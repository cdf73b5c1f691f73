"""The commands of `python -m cluster`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from cluster import control
from indexer.shared.commands import EXIT_REJECTED, Commands
from indexer.shared.postgresql.schema import PARTITIONS

__all__ = ["main"]

Function = TypeVar("Function", bound=Callable[..., Any])

_FOLDER = Path("build/cluster")


def _folder_option(command: Function) -> Function:
    return click.option(
        "--folder",
        type=click.Path(path_type=Path, file_okay=False),
        default=_FOLDER,
        show_default=True,
        help="Where the cluster is, with all its data.",
    )(command)


@click.group(cls=Commands)
def main() -> None:
    """Run a cluster of PostgreSQL servers with pgvector on this machine, to try Concord on one."""


@main.command()
@_folder_option
@click.option("--shards", type=click.IntRange(1, PARTITIONS), help="How many shards a new cluster has.  [default: 2]")
def start(folder: Path, shards: int | None) -> None:
    """Start the cluster, made if there is none, and print how to use it."""
    layout, changed = control.start(folder, shards=shards)
    writer, reader = control.urls(layout)
    click.echo(f"The cluster in {folder} {'runs' if changed else 'was running already'}.")
    click.echo(f"concord index seeds --engine '{writer}'")
    click.echo(f"concord serve --engine '{reader}'")


@main.command()
@_folder_option
def stop(folder: Path) -> None:
    """Stop the cluster; its data stays."""
    changed = control.stop(folder)
    click.echo(f"The cluster in {folder} {'is stopped' if changed else 'was not running'}.")


@main.command()
@_folder_option
def status(folder: Path) -> None:
    """Tell how each server does; the exit code is 1 when one of them is down or follows no one."""
    nodes = control.status(folder)
    for node in nodes:
        running = "running" if node.running else "down"
        follows = f"follows: {node.follows}" if node.part == "replica" else ""
        click.echo(f"{node.name:<16}{node.part:<10}{node.port:<8}{running:<10}{follows}".rstrip())
    if not all(node.running and node.follows != "no" for node in nodes):
        sys.exit(EXIT_REJECTED)


@main.command()
@click.argument("name", metavar="SHARD")
@_folder_option
def promote(name: str, folder: Path) -> None:
    """Put the replica of SHARD (`shard-0`, or `coordinator`) in the place of its primary."""
    layout = control.promote(folder, name)
    click.echo(f"{layout.pair(name).primary.name} is the primary of {name}.")
