"""The commands that search and serve an index."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click
from click.core import ParameterSource

from indexer.shared.commands import Command, setting_option
from indexer.shared.settings import LIMITS, SETTINGS
from searchapp.limits import Limits

if TYPE_CHECKING:
    from searchapp.search.results import Mode, Sort

__all__ = ["search", "serve", "similar"]

Function = TypeVar("Function", bound=Callable[..., Any])


def _upper(_ctx: click.Context, _option: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(value.upper() for value in values)


def _lower(_ctx: click.Context, _option: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(value.lower() for value in values)


_FILTERS = (
    click.option(
        "--country", multiple=True, callback=_upper, help="Only this country (ISO 3166-1 alpha-2); may be repeated."
    ),
    click.option(
        "--region", multiple=True, callback=_lower, help="Only this region (its code, e.g. africa); may be repeated."
    ),
    click.option("--lang", multiple=True, callback=_lower, help="Only passages in this language; may be repeated."),
    click.option(
        "--policy-area", multiple=True, callback=_lower, help="Only this policy area (its code); may be repeated."
    ),
    click.option(
        "--institution", multiple=True, help="Only this lead institution, named as in the source; may be repeated."
    ),
    click.option("--ambition", multiple=True, callback=_lower, help="Only this ambition (moderate); may be repeated."),
    click.option(
        "--completion",
        multiple=True,
        callback=_lower,
        help="Only this completion at the latest review (substantial); may be repeated.",
    ),
    click.option(
        "--early-results",
        multiple=True,
        callback=_lower,
        help="Only this answer to whether it opened government (major); may be repeated.",
    ),
    click.option("--status", multiple=True, callback=_lower, help="Only this status (active); may be repeated."),
    click.option("--scope", type=click.Choice(["national", "local"]), multiple=True, help="Only commitments so made."),
    click.option("--year-from", type=int, help="Only action plans of this year or later."),
    click.option("--year-to", type=int, help="Only action plans of this year or earlier."),
)

_OUTPUT = (
    click.option(
        "--limit", type=click.IntRange(1, 100), default=10, show_default=True, help="How many commitments to show."
    ),
    click.option(
        "--format", "form", type=click.Choice(["table", "json", "jsonl", "csv"]), default="table", show_default=True
    ),
)


def _filters_and_output(function: Function) -> Function:
    """Give a command the options of `Filters`, then those of its output, in their order."""
    for option in reversed((*_FILTERS, *_OUTPUT)):
        function = option(function)
    return function


@click.command(cls=Command)
@click.argument("query", nargs=-1, required=True)
@setting_option("index")
@click.option("--mode", type=click.Choice(["hybrid", "keyword", "semantic"]), default="hybrid", show_default=True)
@click.option("--sort", type=click.Choice(["relevance", "newest", "oldest"]), default="relevance", show_default=True)
@_filters_and_output
def search(query: tuple[str, ...], index: str, mode: Mode, limit: int, form: str, **options: Any) -> None:
    """Search an index for commitments, in any language.

    "Quoted phrases" must occur in a passage, -words must not occur in the commitment, transpar* finds what starts so;
    put the whole query in single quotation marks then.
    """
    from searchapp.output import render  # noqa: PLC0415 (`--help` must not load the search libraries)
    from searchapp.search.results import Filters, SearchRequest  # noqa: PLC0415 (the same)
    from searchapp.search.searcher import Searcher  # noqa: PLC0415 (the same)

    sort: Sort = options.pop("sort")
    request = SearchRequest(query=" ".join(query), mode=mode, filters=Filters(**options), sort=sort, limit=limit)
    searcher = Searcher.open(Path(index))
    if mode != "keyword":
        searcher.warm_up()
    for line in render(searcher.search(request), form):
        click.echo(line)


@click.command(cls=Command)
@click.argument("commitment_id", metavar="ID")
@setting_option("index")
@click.option(
    "--per-country/--all", default=True, show_default=True, help="The best of each country, or every commitment."
)
@_filters_and_output
def similar(commitment_id: str, index: str, per_country: bool, limit: int, form: str, **filters: Any) -> None:  # noqa: FBT001 (click calls it so)
    """Show which commitments of other countries are most like one, with the two passages that explain it best.

    Filters say what the others must be.
    """
    from searchapp.output import render_similar  # noqa: PLC0415 (`--help` must not load the search libraries)
    from searchapp.search.results import Filters, SimilarRequest  # noqa: PLC0415 (the same)
    from searchapp.search.searcher import Searcher  # noqa: PLC0415 (the same)

    request = SimilarRequest(
        commitment_id=commitment_id, per_country=per_country, filters=Filters(**filters), limit=limit
    )
    for line in render_similar(Searcher.open(Path(index)).similar(request), form):
        click.echo(line)


def _limits(function: Function) -> Function:
    """Give a command an option for each of LIMITS; it gets them as one argument, `limits`."""

    @wraps(function)
    def with_limits(*args: Any, **options: Any) -> Any:
        limits = {one.name.replace("-", "_"): options.pop(one.name.replace("-", "_")) for one in LIMITS}
        return function(*args, **options, limits=Limits(**limits))

    for one in reversed(LIMITS):
        with_limits = setting_option(one.name)(with_limits)
    return cast("Function", with_limits)


def _settings_table(ctx: click.Context) -> Iterator[str]:
    """Return all settings as a command has got them, a line each below a heading."""
    rows = [("setting", "value", "from", "what it is, and why the default is what it is")]
    for one in SETTINGS:
        name = one.name.replace("-", "_")
        origins = {
            None: "(not used here)",
            ParameterSource.COMMANDLINE: f"--{one.name}",
            ParameterSource.ENVIRONMENT: one.variable,
        }
        origin = origins.get(ctx.get_parameter_source(name), "default")
        rows.append((one.name, str(ctx.params.get(name, one.default)), origin, one.help))
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for *cells, meaning in rows:
        yield "  ".join([*(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)), meaning])


@click.command(cls=Command)
@setting_option("index")
@setting_option("host")
@setting_option("port")
@setting_option("threads")
@setting_option("paranoid")
@setting_option("log-requests")
@setting_option("log-queries")
@_limits
@click.option(
    "--show-settings", is_flag=True, help="List every setting, its value and where it comes from, and serve nothing."
)
@click.pass_context
def serve(ctx: click.Context, /, index: str, show_settings: bool, limits: Limits, **options: Any) -> None:  # noqa: FBT001 (click calls it so)
    """Serve the search page and the JSON API until interrupted.

    A new generation of the index, made by `concord index` or `concord restore`, answers a second or two after it was
    made current. Each option can be set by a variable, too: CONCORD_PORT and so on.
    """
    if show_settings:
        for line in _settings_table(ctx):
            click.echo(line)
        return
    from searchapp.server import run  # noqa: PLC0415 (`--help` must not load the server)

    run(Path(index), limits=limits, **options)
