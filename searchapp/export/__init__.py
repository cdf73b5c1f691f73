"""What users take away: results, commitments and comparisons in the formats of other programs. No Flask."""

from __future__ import annotations

from searchapp.export.feed import Feed, atom_feed, newest
from searchapp.export.forms import FORMS, REFERENCE_FORMS, Form, filename, lines_of
from searchapp.export.references import Reference, bibtex, citation, ris
from searchapp.export.tables import comparison_table, csv_line, fact_cells

__all__ = [
    "FORMS",
    "REFERENCE_FORMS",
    "Feed",
    "Form",
    "Reference",
    "atom_feed",
    "bibtex",
    "citation",
    "comparison_table",
    "csv_line",
    "fact_cells",
    "filename",
    "lines_of",
    "newest",
    "ris",
]
