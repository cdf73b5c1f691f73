"""The benchmark commands; what they print on stdout is a table."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import click

from bench.bars import bar_table
from bench.engines.measured import SIZES as ENGINE_SIZES
from bench.engines.measured import EnginesSetup, measure_engines
from bench.engines.report import capacity_lines, engine_tables
from bench.exact import exact_table
from bench.language_correction import SETS, table
from bench.legs import Setup
from bench.peers.base import check_peers
from bench.peers.comparison import compare_peers
from bench.quality import PARTS, RAW, measured
from bench.readme import write_block
from bench.runtimes import MODEL, runtime_table
from bench.service.engines import missing_packages
from bench.service.limits import limit_lines
from bench.service.measured import SCANS, SIZES, ServiceSetup, measure
from bench.service.plots import draw
from bench.service.report import service_tables
from bench.sets import check_data
from bench.similar import SETS as SIMILAR_SETS
from bench.similar import similar_table
from bench.weights import weights_table
from bench.workers import worker_table
from evaluation.cache import CachedEncoder
from evaluation.cli import cache_option
from indexer.shared.commands import Commands, setting_option
from indexer.shared.encoder import TORCH, load_encoder
from indexer.shared.errors import ConcordError
from indexer.workers import EncoderSource, crew_of

__all__ = ["main"]

Function = TypeVar("Function", bound=Callable[..., Any])

_DATA = Path(__file__).parents[2] / "shared" / "data" / "clir"
_PATH = click.Path(path_type=Path)
_PEER_QUESTIONS = 100  # of each language


def _common(command: Function) -> Function:
    """Add the options that all commands have."""
    data = click.option("--data", type=_PATH, default=_DATA, metavar="FOLDER", help="Where the test sets are.")
    write = click.option(
        "--write", type=_PATH, metavar="FILE", help="Put the table into this file, too: README.md, docs/performance.md."
    )
    return data(write(command))


def _indexing(command: Function) -> Function:
    """Add the options of the commands that index texts."""
    return _common(setting_option("encoder")(cache_option(command)))


def _measuring(command: Function) -> Function:
    """Add the options of the commands that index and query test sets."""
    sample = click.option("--sample", type=click.IntRange(1), metavar="N", help="At most N queries of each language.")
    return _indexing(sample(command))


@click.group(cls=Commands, invoke_without_command=True)
@click.pass_context
def main(ctx: click.Context) -> None:
    """Measure Concord. Without a command, print every table."""
    if ctx.invoked_subcommand is not None:
        return
    for command in (correction, quality, exact, similar, service, runtimes, workers):
        command.main([], standalone_mode=False)
        click.echo()
    try:
        check_peers()
    except ConcordError as error:
        click.echo(f"concord: {error}", err=True)
    else:
        peers.main([], standalone_mode=False)


@main.command()
@_common
def correction(data: Path, write: Path | None) -> None:
    """Compare the encoder with and without its language correction."""
    check_data(data, SETS)
    _show("correction", write, ["```", *table(data), "```"])


@main.command()
@click.argument("parts", nargs=-1, metavar="[PART]...", type=click.Choice([*PARTS]))
@click.option("--each", is_flag=True, help="Show each language, not only the one nearest to missing a bar.")
@_measuring
def quality(parts: tuple[str, ...], write: Path | None, *, each: bool, **options: Any) -> None:
    """Hold what search finds against its bars, or only some PARTS of them.

    The first run encodes some 17,000 texts with each of two encoders; later ones take minutes.
    """
    if write is not None and (parts or each):
        raise click.UsageError("--write is for the whole table, without PARTS and --each")
    setup = _setup(**options)
    _show("quality", write, _titled("quality", setup, bar_table(measured(setup, parts or PARTS), each=each)))


@main.command()
@_measuring
def peers(write: Path | None, **options: Any) -> None:
    """Set Concord beside txtai, haystack and lancedb (with the extra `peers`)."""
    check_peers()
    setup = _setup(**{**options, "sample": options["sample"] or _PEER_QUESTIONS})
    _show("peers", write, _titled("peers", setup, compare_peers(setup)))


@main.command()
@_indexing
def similar(data: Path, write: Path | None, cache: Path, encoder: str) -> None:
    """Compare ways to say how alike two commitments are."""
    check_data(data, SIMILAR_SETS)
    loaded = load_encoder(encoder)
    lines = similar_table(data, CachedEncoder(loaded, cache))
    _show("similar", write, [f"`python -m bench similar`: {loaded.name} ({loaded.revision}).", "", *lines])


def _sizes(_ctx: click.Context, _option: click.Parameter, value: str) -> tuple[int, ...]:
    """Return the numbers of a list with commas."""
    sizes = value.split(",")
    if not all(size.isdecimal() and int(size) for size in sizes):
        raise click.BadParameter(f"{value!r} is no list of numbers such as 1000,10000")
    return tuple(map(int, sizes))


def _sizes_option(name: str, default: Sequence[int], text: str) -> Callable[[Function], Function]:
    """Return an option that is a list of numbers of chunks."""
    shown = _joined(default)
    return click.option(name, default=shown, show_default=True, callback=_sizes, metavar="N,N,...", help=text)


def _joined(sizes: Sequence[int]) -> str:
    return ",".join(map(str, sizes))


@main.command()
@_sizes_option("--chunks", SIZES, "Sizes of the indexes.")
@_sizes_option("--scans", SCANS, "How many vectors are scanned outside an index; 8 KB of memory each.")
@setting_option("encoder")
@_common
def service(data: Path, write: Path | None, chunks: tuple[int, ...], scans: tuple[int, ...], encoder: str) -> None:
    """Time searches, a server and indexing over made-up commitments, beside other engines (with the extra `bench`).

    With --write, plots are drawn beside the file.
    """
    check_data(data, ["ogp_knownitem_dev"])
    missing = missing_packages()
    if missing:
        click.echo(
            f"concord: {', '.join(missing)}: not installed, left out; to compare with all engines,"
            " pip install -c constraints.txt '.[bench]'",
            err=True,
        )
    measured = measure(ServiceSetup(data=data, load=partial(load_encoder, encoder), sizes=chunks, scans=scans))
    chosen = f"--chunks {_joined(chunks)} --scans {_joined(scans)}"
    title = f"`python -m bench service {chosen}`: {encoder}, {os.cpu_count()} cores."
    _show("service", write, [title, "", *service_tables(measured)])
    click.echo()
    _show("limits", write, limit_lines(measured))
    if write is not None and "matplotlib" not in missing:
        draw(measured, write.parent)


@main.command()
@_common
def runtimes(data: Path, write: Path | None) -> None:
    """Set what can compute the bundled encoder beside each other."""
    check_data(data, ["ogp_knownitem_dev"])
    _show(
        "runtimes", write, [f"`python -m bench runtimes`: {MODEL}, {os.cpu_count()} cores.", "", *runtime_table(data)]
    )


@main.command()
@_sizes_option("--chunks", ENGINE_SIZES, "Sizes of the indexes.")
@setting_option("encoder")
@_common
def engines(data: Path, write: Path | None, chunks: tuple[int, ...], encoder: str) -> None:
    """Set the embedded engine and PostgreSQL, which is started for it, beside each other."""
    check_data(data, ["ogp_knownitem_dev"])
    found = measure_engines(EnginesSetup(data=data, load=partial(load_encoder, encoder), sizes=chunks))
    title = f"`python -m bench engines --chunks {_joined(chunks)}`: {encoder}, {os.cpu_count()} cores."
    _show("engines", write, [title, "", *engine_tables(found)])
    click.echo()
    _show("capacity", write, capacity_lines(found))


@main.command()
@_common
@setting_option("encoder")
@setting_option("runtime")
@click.option("--workers", type=click.IntRange(2), default=2, show_default=True, help="Processes of this machine.")
@setting_option("dask")
def workers(  # noqa: PLR0913, PLR0917 (one parameter an option)
    data: Path, write: Path | None, encoder: str, runtime: str, workers: int, dask: str
) -> None:
    """Compare embedding by several processes, or by those of a Dask cluster, with embedding by one."""
    check_data(data, ["ogp_knownitem_dev"])
    loaded = load_encoder(encoder, runtime=runtime)
    with crew_of(EncoderSource.of(loaded, load_encoder), workers=workers, dask=dask) as crew:
        if crew is not None:
            crowd = dask or f"{workers} workers"
            title = f"`python -m bench workers`: {encoder}, {crowd}, {os.cpu_count()} cores."
            _show("workers", write, [title, "", *worker_table(data, loaded, crew)])


@main.command()
@_measuring
def exact(write: Path | None, **options: Any) -> None:
    """Ask for numbers and rare names in other languages, with and without the bonus that they get."""
    setup = _setup(**options)
    _show("exact", write, _titled("exact", setup, exact_table(setup)))


@main.command()
@_measuring
def weights(write: Path | None, **options: Any) -> None:
    """Try other weights for fusion, and cross-validate their choice."""
    setup = _setup(**options)
    _show("weights", write, _titled("weights", setup, weights_table(setup)))


def _setup(data: Path, cache: Path, encoder: str, sample: int | None) -> Setup:
    check_data(data)
    raw = load_encoder(RAW, runtime=TORCH)
    return Setup(data=data, cache=cache, encoder=load_encoder(encoder), raw=raw, sample=sample)


def _titled(command: str, setup: Setup, lines: Iterable[str]) -> Iterator[str]:
    """Give a table's lines below one that says what made it."""
    sample = "" if setup.sample is None else f" --sample {setup.sample}"
    encoders = f"{setup.encoder.name} ({setup.encoder.revision}); raw: {setup.raw.name} ({setup.raw.revision})"
    yield from (f"`python -m bench {command}{sample}`: {encoders}.", "")
    yield from lines


def _show(name: str, write: Path | None, lines: Iterable[str]) -> None:
    """Print lines as they come, and put them into a file."""
    shown = []
    for line in lines:
        click.echo(line)
        shown.append(line)
    if write is not None:
        write_block(write, name, shown)
