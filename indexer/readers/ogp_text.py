"""Reader for the text of an OGP commitment page, one page a file."""

from __future__ import annotations

from collections.abc import Iterator

from indexer.parsing import parse_page
from indexer.readers.source_file import SourceFile
from indexer.shared.errors import InputError
from indexer.shared.records import Document

__all__ = ["read"]


def read(file: SourceFile) -> Iterator[Document | InputError]:
    """Give the page's document, or the reason why the file holds none."""
    try:
        text = file.text()
        yield file.memory.document(
            b"page\0" + text.encode(), lambda: parse_page(text, source=str(file.path)), source=file.path.name
        )
    except InputError as error:
        yield error
