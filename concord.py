"""The `concord` command: joins the commands of the indexing side, the search side and the evaluation."""

from __future__ import annotations

import atexit
import gc

import click

from evaluation.cli import evaluate
from indexer.cli import index, restore, stats, verify
from indexer.shared.commands import Commands
from searchapp.cli import compare, search, serve, similar

__all__ = ["main"]


@click.group(cls=Commands)
@click.version_option(package_name="concord")
def main() -> None:
    """Find comparable open-government commitments across countries and languages."""


for command in (compare, evaluate, index, restore, search, serve, similar, stats, verify):
    main.add_command(command)

atexit.register(gc.freeze)  # else the process would look for garbage once more at its end, two seconds with an encoder
