"""The commands that build and describe an index."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from indexer.shared.commands import EXIT_REJECTED, Command, setting_option
from indexer.shared.errors import IndexFormatError, IndexStoreError

__all__ = ["index", "restore", "stats", "verify"]


def _columns(_ctx: click.Context, _option: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    """Return the fields that `--map` gives, by the name of the column (BadParameter for an unknown field)."""
    if not values:
        return {}
    from indexer.readers.entry import FIELDS  # noqa: PLC0415 (`--help` must not load the indexing libraries)

    columns: dict[str, str] = {}
    for value in values:
        column, _, field = (part.strip() for part in value.rpartition("="))
        if not column or field not in FIELDS:
            raise click.BadParameter(f"{value!r} (expected COLUMN=FIELD, FIELD one of {', '.join(FIELDS)})")
        columns[column] = field
    return columns


def _format(_ctx: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    """Return the name of a format (BadParameter for an unknown one)."""
    if value is None:
        return None
    from indexer.readers.sources import FORMATS  # noqa: PLC0415 (`--help` must not load the indexing libraries)

    if value not in FORMATS:
        raise click.BadParameter(f"{value!r} (expected one of {', '.join(FORMATS)})")
    return value


@click.command(cls=Command)
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...", type=click.Path(path_type=Path))
@setting_option("index")
@setting_option("engine")
@setting_option("encoder")
@setting_option("runtime")
@setting_option("index-workers", flag="--workers", kind=click.IntRange(min=1))
@setting_option("dask")
@click.option(
    "--map",
    "columns",
    multiple=True,
    metavar="COLUMN=FIELD",
    callback=_columns,
    help="Take a field of CSV and JSONL files from a column of another name; repeatable.",
)
@click.option(
    "--format",
    "format_",
    metavar="NAME",
    callback=_format,
    help="Read every source as one format: irm-csv, csv, jsonl, ogp-html or ogp-text. Otherwise file name endings and"
    " contents tell.",
)
@click.option("--rebuild", is_flag=True, help="Make everything anew, also what hasn't changed.")
def index(  # noqa: PLR0913, PLR0917 (one parameter an option)
    sources: tuple[Path, ...],
    index: str,
    engine: str,
    encoder: str,
    runtime: str,
    workers: int,
    dask: str,
    columns: dict[str, str],
    format_: str | None,
    rebuild: bool,  # noqa: FBT001 (click calls it so)
) -> None:
    """Index files, folders recursively, and standard input ("-") into one searchable corpus.

    With --engine, the new generation is published to a database; the folder then keeps what the next indexing needs not
    make again.

    Files are commitment pages as text or HTML, the IRM database, and CSV or JSONL tables; each may be compressed (.gz).
    The new index replaces the old one only when it is complete. Files that can't be used are named and left out; the
    command then ends with exit code 1.

    Passages can be embedded by several processes of this machine (--workers) or of others (--dask): the index is the
    same, to the last bit.
    """
    from indexer.pipeline import build_index  # noqa: PLC0415 (`--help` must not load the indexing libraries)
    from indexer.readers.sources import ReadOptions  # noqa: PLC0415 (the same)
    from indexer.shared.encoder import load_encoder  # noqa: PLC0415 (the same)
    from indexer.workers import EncoderSource, crew_of  # noqa: PLC0415 (the same)

    if dask and workers > 1:
        raise click.UsageError("--workers and --dask can't be used together")
    place = _prepared(engine) if engine else index
    options = ReadOptions(format=format_, columns=columns)
    loaded = load_encoder(encoder, runtime=runtime)
    with crew_of(EncoderSource.of(loaded, load_encoder), workers=workers, dask=dask) as crew:
        report = build_index(sources, index=Path(index), encoder=loaded, options=options, rebuild=rebuild, crew=crew)
    for error in report.rejected:
        click.echo(f"rejected: {error}", err=True)
    if report.manifest is None:
        click.echo(f"concord: nothing could be indexed; {place} is as it was", err=True)
        sys.exit(EXIT_REJECTED)
    if engine:
        _publish(Path(index), engine)
    counts = report.manifest.counts
    click.echo(
        f"{counts.commitments} commitments in {counts.documents} documents, {counts.chunks} chunks"
        f" ({report.embedded} embedded anew), languages {', '.join(report.manifest.langs)};"
        f" {len(report.rejected)} rejected; index {report.manifest.digest} in {place}",
        err=True,
    )
    if report.rejected:
        sys.exit(EXIT_REJECTED)


def _prepared(engine: str) -> str:
    """Return what a database is called, after making sure that it can be published to."""
    from indexer.postgresql import prepare_for  # noqa: PLC0415 (a folder needs none of its libraries)

    return prepare_for(engine)


def _publish(index: Path, engine: str) -> None:
    from indexer.postgresql import publish_to  # noqa: PLC0415 (a folder needs none of its libraries)
    from indexer.shared.storage import open_generation  # noqa: PLC0415 (as above)

    publish_to(engine, open_generation(index))


@click.command(cls=Command)
@setting_option("index")
def stats(index: str) -> None:
    """Show what an index holds, and the values of its sources that no table knows."""
    from indexer.stats import describe  # noqa: PLC0415 (`--help` must not load the indexing libraries)

    for line in describe(Path(index)):
        click.echo(line)


@click.command(cls=Command)
@setting_option("index")
def verify(index: str) -> None:
    """Read every file of an index and compare it with the digest taken when it was built.

    The generation kept to go back to is read, too. Files that differ are named; the command then ends with exit code 2.
    """
    from indexer.shared.storage import current_digest, open_generation  # noqa: PLC0415 (as above)

    current = current_digest(Path(index))
    damage = _damage(Path(index), current)
    for digest, names in damage.items():
        for name in names:
            click.echo(f"damaged: {Path(index) / 'generations' / digest / name}", err=True)
    if damage.get(current):
        or_restore = "" if all(damage.values()) else ", or go back to the intact one with `concord restore`"
        raise IndexStoreError(
            f"{index}: the current generation is damaged; rebuild with `concord index --rebuild SOURCE...`{or_restore}"
        )
    manifest = open_generation(Path(index)).manifest
    if any(damage.values()):
        raise IndexStoreError(f"{index}: the current generation is intact, but the one kept to go back to is damaged")
    click.echo(f"{len(manifest.files) + 1} files of index {manifest.digest} are as they were built", err=True)


def _damage(index: Path, current: str) -> dict[str, list[str]]:
    """Return the damaged files by generation, leaving out older generations that another version of Concord made."""
    from indexer.shared.storage import damaged_files, generation_folders  # noqa: PLC0415 (as above)

    damage = {}
    for folder in generation_folders(index):
        try:
            damage[folder.name] = damaged_files(folder)
        except IndexFormatError:
            if folder.name == current:
                raise
    return damage


@click.command(cls=Command)
@click.argument("digest", required=False)
@setting_option("index")
@setting_option("engine")
def restore(digest: str | None, index: str, engine: str) -> None:
    """Go back to an older generation of an index: to DIGEST, or to the one built last that is intact.

    Indexing keeps the generation that was current before. Every file is compared with its digest first. Restoring again
    comes forward again. A running server switches by itself.
    """
    from indexer.postgresql import restore_in  # noqa: PLC0415 (as above)
    from indexer.publishing import restore as restore_generation  # noqa: PLC0415 (as above)

    place = _prepared(engine) if engine else index
    manifest = restore_in(engine, digest) if engine else restore_generation(Path(index), digest)
    click.echo(f"index {manifest.digest}, built {manifest.built_at}, is current in {place}", err=True)
