"""The parser of Open Government Partnership commitment pages: text of a page -> `Document`."""

from indexer.parsing.page import parse_page

__all__ = ["parse_page"]
