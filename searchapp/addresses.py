"""Where a commitment can be read: at its source, or on its page in Concord."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from indexer.shared.records import Document

__all__ = ["best_address", "commitment_path", "is_web_address", "version_path"]


def commitment_path(commitment_id: str) -> str:
    """Return the path of a commitment's page."""
    return f"/commitments/{quote(commitment_id, safe='')}"


def version_path(document: Document) -> str:
    """Return the path of a commitment's page in the language of this version."""
    return f"{commitment_path(document.commitment_id)}?lang={quote(document.lang)}"


def is_web_address(url: str | None) -> bool:
    """Say whether a source's URL may become a link: only http and https may (not `javascript:`)."""
    try:
        return url is not None and urlsplit(url).scheme in {"http", "https"}
    except ValueError:  # half an IPv6 address
        return False


def best_address(document: Document, base: str | None) -> str | None:
    """Return the source's own address, or else that of the page in the application at `base`; None without either."""
    if is_web_address(document.url):
        return document.url
    return None if base is None else base + version_path(document)
