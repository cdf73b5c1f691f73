"""Tables in the README, between two marks that only commands write."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from indexer.shared.errors import InputError

__all__ = ["write_block"]


def write_block(path: Path, name: str, lines: Iterable[str]) -> None:
    """Replace what stands between the lines `<!-- NAME -->` and `<!-- /NAME -->` of a file; InputError without."""
    start, end = f"<!-- {name} -->\n", f"<!-- /{name} -->\n"
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"can't be read ({error.strerror})", path=path) from error
    before, opened, rest = text.partition(start)
    _, closed, after = rest.partition(end)
    if not opened or not closed:
        raise InputError(f"no lines {start.strip()} and {end.strip()} to write between", path=path)
    temporary = path.with_name(path.name + ".new")
    temporary.write_text(f"{before}{start}\n" + "".join(f"{line}\n" for line in lines) + f"\n{end}{after}", "utf-8")
    temporary.replace(path)
