"""The `concord` command: joins the command groups of the indexing and the search side."""

from __future__ import annotations

import click

from indexer.cli import index, stats
from indexer.shared.commands import Commands
from searchapp.cli import search, serve

__all__ = ["main"]


@click.group(cls=Commands)
@click.version_option(package_name="concord")
def main() -> None:
    """Find comparable open-government commitments across countries and languages."""


for command in (index, search, serve, stats):
    main.add_command(command)
