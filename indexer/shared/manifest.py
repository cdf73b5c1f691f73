"""The manifest of a generation: what it is made of, and how to tell whether it is what was written."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from indexer.shared.encoder import SecondModel
from indexer.shared.errors import IndexFormatError, IndexStoreError

__all__ = [
    "FORMAT_VERSION",
    "REBUILD",
    "Counts",
    "EncoderIdentity",
    "Manifest",
    "Source",
    "StoredFile",
    "damaged",
    "read_manifest",
    "seal",
    "stored_file",
    "unreadable",
]

FORMAT_VERSION = 4
REBUILD = "rebuild with `concord index --rebuild SOURCE...`"
"""What helps against most damage, to end a message."""


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """One source file: its name, the SHA-256 of its bytes, and how many documents came from it."""

    name: str
    sha256: str
    documents: int


class StoredFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file of a generation: size in bytes and SHA-256."""

    size: int
    sha256: str


class EncoderIdentity(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which encoder made the embeddings; a query must be encoded by the same one.

    `runtime` is what computed it. Another makes vectors that can be compared with these.
    """

    name: str
    revision: str
    dim: int
    second: SecondModel | None = None
    runtime: str = ""


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """How much a generation holds."""

    documents: int
    commitments: int
    chunks: int
    catalogue_entries: int


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a generation is made of; `digest` covers documents, chunks, encoder and format, not the build time.

    `sha256` is that of all the rest, see `seal`; empty in indexes from before it was kept.
    """

    format_version: int
    digest: str
    built_at: str
    encoder: EncoderIdentity
    langs: tuple[str, ...]
    counts: Counts
    sources: tuple[Source, ...]
    files: dict[str, StoredFile]
    sha256: str = ""


def stored_file(path: Path) -> StoredFile:
    """Return size and SHA-256 of a file."""
    with path.open("rb") as file:
        return StoredFile(size=path.stat().st_size, sha256=hashlib.file_digest(file, "sha256").hexdigest())


def seal(manifest: Manifest) -> Manifest:
    """Return a manifest with the SHA-256 of all that it says otherwise."""
    unsealed = msgspec.structs.replace(manifest, sha256="")
    return msgspec.structs.replace(manifest, sha256=hashlib.sha256(msgspec.json.encode(unsealed)).hexdigest())


_DECODER = msgspec.json.Decoder(Manifest)


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a generation (IndexFormatError if of another format, IndexStoreError if damaged)."""
    path = folder / "manifest.json"
    try:
        data = path.read_bytes()
        _check_format(path, msgspec.json.decode(data, type=dict[str, object]).get("format_version"))
        manifest = _DECODER.decode(data)
    except OSError as error:
        raise unreadable(path, error) from error
    except ValueError as error:
        raise damaged(path, str(error)) from error
    if manifest.digest != folder.name or (manifest.sha256 and manifest != seal(manifest)):
        raise damaged(path, "it isn't what was written")
    return manifest


def _check_format(path: Path, version: object) -> None:
    if version == FORMAT_VERSION:
        return
    if isinstance(version, int) and version > FORMAT_VERSION:
        raise IndexFormatError(
            f"{path}: made by a newer Concord (index format {version}; this one reads {FORMAT_VERSION}); update Concord"
        )
    raise IndexFormatError(f"{path}: index format {version}, but this program reads {FORMAT_VERSION}; {REBUILD}")


def damaged(path: Path, reason: str) -> IndexStoreError:
    """Return the error for a file that isn't what was written."""
    return IndexStoreError(f"{path}: damaged ({reason}); {REBUILD}")


def unreadable(path: Path, error: OSError) -> IndexStoreError:
    """Return the error for a file that the system doesn't let us read."""
    way_out = "let this user read it" if isinstance(error, PermissionError) else REBUILD
    return IndexStoreError(f"{error.filename or path}: can't be read ({error.strerror or error}); {way_out}")
