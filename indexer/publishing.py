"""Changing an index: one writer at a time, who stages a generation, makes it current and removes what is too old.

A crash at any moment leaves the pointer on a generation that is whole. Readers take no lock: one whose generation is
replaced and removed while it opens it opens the new one (`open_generation`), one that has opened it keeps its maps,
which outlive their files.
"""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import filelock
import msgspec

from indexer.shared.errors import IndexStoreError
from indexer.shared.manifest import Manifest, seal, stored_file
from indexer.shared.storage import (
    Generation,
    current_digest,
    damaged_files,
    generation_folders,
    open_generation,
    openable_generations,
)

__all__ = ["publish", "restore", "staging_folder", "writer_lock"]

_STAGING = "new-"
_DISCARDED = "old-"


class _Holder(msgspec.Struct, frozen=True, kw_only=True):
    """Who holds the writer lock, as the file `writer` says it."""

    pid: int
    host: str
    since: str


@contextmanager
def writer_lock(index: Path) -> Iterator[None]:
    """Hold the index's single-writer lock; IndexStoreError, naming the holder, when another process has it.

    The lock belongs to the process and ends with it, however it ends. What can't be written (a full disk, a read-only
    folder) is an IndexStoreError, too.
    """
    holder = index / "writer"
    try:
        index.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(index / "writer.lock", timeout=0):
            try:
                holder.write_bytes(msgspec.json.encode(_this_process()))
                yield
            finally:
                holder.unlink(missing_ok=True)
    except filelock.Timeout:
        raise IndexStoreError(
            f"{index}: {_named_holder(holder)} is writing this index; try again when it is done"
        ) from None
    except OSError as error:
        raise IndexStoreError(f"{index}: can't be written ({_reason(error)}); it is as it was") from error


@contextmanager
def staging_folder(index: Path) -> Iterator[Path]:
    """Give an empty folder for a generation in the making; it is gone afterwards unless published.

    What a crashed writer left behind is removed first. The caller holds the writer lock.
    """
    generations = index / "generations"
    folder = generations / f"{_STAGING}{os.getpid()}"
    try:
        for start in (_STAGING, _DISCARDED):
            for leftover in generations.glob(f"{start}*"):
                shutil.rmtree(leftover)
        folder.mkdir(parents=True)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def publish(index: Path, staging: Path, manifest: Manifest) -> Generation:
    """Make a finished staging folder the current generation.

    Everything is flushed to disk and re-opened for checking before the pointer is replaced. An intact generation of the
    same digest is kept as it is. Of the older generations one is kept: the one that was current, if it opens, else the
    one built last.
    """
    files = {str(path.relative_to(staging)): stored_file(path) for path in sorted(staging.rglob("*")) if path.is_file()}
    manifest = seal(msgspec.structs.replace(manifest, files=files))
    (staging / "manifest.json").write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=2))
    for path in [*staging.rglob("*"), staging]:
        _fsync(path)
    folder = index / "generations" / manifest.digest
    if not folder.exists() or damaged_files(folder):
        _discard(folder)
        staging.replace(folder)
        _fsync(folder.parent)
    generation = open_generation(index, manifest.digest)
    previous = _current_or_none(index)
    _point_to(index, manifest.digest)
    _prune(index, manifest.digest, previous)
    return generation


def restore(index: Path, digest: str | None = None) -> Manifest:
    """Make an older generation current, after comparing its files with their digests; return its manifest.

    Without `digest`, take the one built last of all but the current that are intact. Raises IndexStoreError when there
    is no such generation.
    """
    with writer_lock(index):
        current = _current_or_none(index)
        openable = openable_generations(index)
        wanted = [one for one in openable if one.digest == digest or (digest is None and one.digest != current)]
        for manifest in wanted:
            if not damaged_files(index / "generations" / manifest.digest):
                _point_to(index, manifest.digest)
                return manifest
    there = ", ".join(f"{one.digest} (built {one.built_at})" for one in openable) or "none"
    sought = f"generation {digest!r}" if digest else "other generation than the current one"
    raise IndexStoreError(f"{index}: there is no intact {sought}; those that open: {there}")


def _point_to(index: Path, digest: str) -> None:
    temporary = index / "current.new"
    temporary.write_text(digest + "\n", encoding="ascii")
    _fsync(temporary)
    temporary.replace(index / "current")
    _fsync(index)


def _prune(index: Path, current: str, previous: str | None) -> None:
    """Remove all generations but the current one and one to go back to."""
    others = [manifest.digest for manifest in openable_generations(index) if manifest.digest != current]
    kept = {current, previous if previous in others else next(iter(others), None)}
    for folder in generation_folders(index):
        if folder.name not in kept:
            with suppress(OSError):  # the new one is current; the next writer tries again
                _discard(folder)


def _discard(folder: Path) -> None:
    """Remove a generation if it is there, at once for everyone who looks for it; whoever has opened it keeps it.

    What can't be removed now is removed with the next leftovers.
    """
    discarded = folder.with_name(f"{_DISCARDED}{folder.name}")
    if folder.exists():
        shutil.rmtree(discarded, ignore_errors=True)
        folder.replace(discarded)
        shutil.rmtree(discarded, ignore_errors=True)


def _current_or_none(index: Path) -> str | None:
    try:
        return current_digest(index)
    except IndexStoreError:
        return None


def _this_process() -> _Holder:
    return _Holder(pid=os.getpid(), host=socket.gethostname(), since=datetime.now(UTC).isoformat(timespec="seconds"))


def _named_holder(file: Path) -> str:
    """Return who holds the lock; what a crashed writer left in the file is not believed."""
    try:
        holder = msgspec.json.decode(file.read_bytes(), type=_Holder)
    except (OSError, ValueError):
        return "another process"
    if holder.host == socket.gethostname() and not _is_alive(holder.pid):
        return "another process"
    return f"process {holder.pid} on {holder.host} (since {holder.since})"


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _reason(error: OSError) -> str:
    reason = error.strerror or str(error)
    return f"{reason}: {error.filename}" if error.filename else reason
