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

if TYPE_CHECKING:
    from searchapp.engines.opening import Store  # `--help` must not load the search libraries

__all__ = ["compare", "search", "serve", "similar"]

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


class _NumberOrAll(click.IntRange):
    """A number as `click.IntRange` takes it, or the word all, which becomes None."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number, or None for all of them."""
        return None if value == "all" else super().convert(value, param, ctx)


def _filters(function: Function) -> Function:
    """Give a command the options of `Filters`, in their order."""
    for option in reversed(_FILTERS):
        function = option(function)
    return function


def _stored(function: Function) -> Function:
    """Give a command the options that say where the index is; it gets that as one argument, `store`."""

    @wraps(function)
    def with_store(*args: Any, index: str, engine: str, **options: Any) -> Any:
        from searchapp.engines.opening import store_of  # noqa: PLC0415 (`--help` must not load the search libraries)

        return function(*args, **options, store=store_of(index, engine))

    return cast("Function", setting_option("index")(setting_option("engine")(with_store)))


def _limit(kind: click.IntRange, metavar: str) -> Callable[[Function], Function]:
    return click.option(
        "--limit", type=kind, metavar=metavar, default=10, show_default=True, help="How many commitments to show."
    )


def _format(*forms: str) -> Callable[[Function], Function]:
    return click.option("--format", "form", type=click.Choice(forms), default=forms[0], show_default=True)


@click.command(cls=Command)
@click.argument("query", nargs=-1, required=True)
@_stored
@setting_option("runtime")
@click.option("--mode", type=click.Choice(["hybrid", "keyword", "semantic"]), default="hybrid", show_default=True)
@click.option("--sort", type=click.Choice(["relevance", "newest", "oldest"]), default="relevance", show_default=True)
@_filters
@_limit(_NumberOrAll(1, 100), "[1-100|all]")
@_format("table", "json", "jsonl", "csv", "ris", "bib")
def search(query: tuple[str, ...], store: Store, mode: Mode, limit: int | None, form: str, **options: Any) -> None:
    """Search an index for commitments, in any language.

    "Quoted phrases" must occur in a passage, -words must not occur in the commitment, transpar* finds what starts so;
    put the whole query in single quotation marks then. `--limit all` goes with the formats that are written hit by hit:
    jsonl, csv, ris, bib.
    """
    from searchapp.export import FORMS, lines_of  # noqa: PLC0415 (`--help` must not load the search libraries)
    from searchapp.output import render  # noqa: PLC0415 (`--help` must not load the search libraries)
    from searchapp.search.results import Filters, SearchRequest  # noqa: PLC0415 (the same)
    from searchapp.search.searcher import Searcher  # noqa: PLC0415 (the same)

    if limit is None and form not in FORMS:
        raise click.UsageError(f"--limit all needs --format {', '.join(FORMS)}; for a {form}, give a number")
    sort: Sort = options.pop("sort")
    runtime: str = options.pop("runtime")
    request = SearchRequest(query=" ".join(query), mode=mode, filters=Filters(**options), sort=sort, limit=limit or 1)
    searcher = Searcher.open(store, runtime=runtime)
    if mode != "keyword":
        searcher.warm_up()
    all_or_first = (
        lines_of(searcher.all_hits(request), form) if limit is None else render(searcher.search(request), form)
    )
    for line in all_or_first:
        click.echo(line)


@click.command(cls=Command)
@click.argument("commitment_id", metavar="ID")
@_stored
@click.option(
    "--per-country/--all", default=True, show_default=True, help="The best of each country, or every commitment."
)
@_filters
@_limit(click.IntRange(1, 100), "[1-100]")
@_format("table", "json", "jsonl", "csv")
def similar(commitment_id: str, store: Store, per_country: bool, limit: int, form: str, **filters: Any) -> None:  # noqa: FBT001 (click calls it so)
    """Show which commitments of other countries are most like one, with the two passages that explain it best.

    Filters say what the others must be.
    """
    from searchapp.output import render_similar  # noqa: PLC0415 (`--help` must not load the search libraries)
    from searchapp.search.results import Filters, SimilarRequest  # noqa: PLC0415 (the same)
    from searchapp.search.searcher import Searcher  # noqa: PLC0415 (the same)

    request = SimilarRequest(
        commitment_id=commitment_id, per_country=per_country, filters=Filters(**filters), limit=limit
    )
    for line in render_similar(Searcher.open(store).similar(request), form):
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
@click.argument("commitment_ids", metavar="ID ID...", nargs=-1, required=True)
@_stored
@click.option("--lang", help="Show commitments in this language where they exist in it.")
@_format("table", "json", "csv")
def compare(commitment_ids: tuple[str, ...], store: Store, lang: str | None, form: str) -> None:
    """Show two to six commitments side by side: their facts, and the passages of the others nearest to the first's."""
    from searchapp.output import render_comparison  # noqa: PLC0415 (`--help` must not load the search libraries)
    from searchapp.search.results import CompareRequest  # noqa: PLC0415 (the same)
    from searchapp.search.searcher import Searcher  # noqa: PLC0415 (the same)

    request = CompareRequest(commitment_ids=commitment_ids, lang=lang and lang.lower())
    for line in render_comparison(Searcher.open(store).compare(request), form):
        click.echo(line)


@click.command(cls=Command)
@setting_option("index")
@setting_option("engine")
@setting_option("host")
@setting_option("port")
@setting_option("workers")
@setting_option("threads")
@setting_option("runtime")
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
    from searchapp.server import IndexApp, Serving, run  # noqa: PLC0415 (`--help` must not load the server)
    from searchapp.workers import run_workers  # noqa: PLC0415 (the same)

    host, port, threads, workers = (options.pop(name) for name in ("host", "port", "threads", "workers"))
    serving = Serving(host=host, port=port, threads=threads, workers=workers, rate=limits.rate_limit)
    make = IndexApp(index=Path(index), limits=limits, **options)
    (run if workers == 1 else run_workers)(make, serving)
