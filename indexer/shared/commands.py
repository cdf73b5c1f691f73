"""What all commands share: settings as options, and errors as one line on stderr instead of a traceback."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, TypeVar

import click

from indexer.shared.errors import ConcordError
from indexer.shared.settings import setting

__all__ = ["EXIT_REJECTED", "EXIT_UNUSABLE", "Command", "Commands", "setting_option"]

EXIT_REJECTED = 1
"""Exit code when some input was rejected and the rest was done."""

EXIT_UNUSABLE = 2
"""Exit code for wrong usage and for an index that can't be used."""

Function = TypeVar("Function", bound=Callable[..., Any])


def setting_option(
    name: str, *, flag: str = "", kind: click.ParamType[Any] | None = None
) -> Callable[[Function], Function]:
    """Return the click option of a setting: `--name`, or its variable, or its default; of a yes or no, a flag.

    `flag` is the option's name where it isn't the setting's, `kind` what it may be where that isn't any text or number.
    """
    one = setting(name)
    words = flag or f"--{name}"
    declared = f"{words}/--no-{name}" if isinstance(one.default, bool) else words
    return click.option(declared, default=one.default, envvar=one.variable, show_default=True, type=kind, help=one.help)


class Command(click.Command):
    """A command that ends with one line and exit code 2 on any ConcordError; `--debug` shows the traceback instead."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.append(
            click.Option(["--debug"], is_flag=True, expose_value=False, callback=_debug, help="Show tracebacks.")
        )

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except ConcordError as error:
            if ctx.meta.get(_DEBUG):
                raise
            click.echo(f"concord: {error}", err=True)
            sys.exit(EXIT_UNUSABLE)


class Commands(click.Group):
    """A group whose members are `Command`s."""

    command_class = Command


_DEBUG = "indexer.shared.commands.debug"


def _debug(ctx: click.Context, _option: click.Parameter, value: bool) -> None:  # noqa: FBT001 (click calls it so)
    ctx.meta[_DEBUG] = value
