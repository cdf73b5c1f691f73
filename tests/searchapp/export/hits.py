"""Hits made by hand, among them one whose every text is hostile."""

from __future__ import annotations

from dataclasses import replace

from indexer.shared.records import Document
from searchapp.search.results import Hit, Passage, Scores, Strength
from tests.fakes import document

HOSTILE = (
    "=cmd|' /C calc'!A0\x00\x1b\x0b <script>&amp; 100% \\input{x} {unclosed } } $x_1^2$ ~#"
    "\u202eright\u2029left\ufffe\r\nER  - \r\n@misc{x,"
)
RTL = "مركز للابتكار"


def hit(one: Document, rank: int = 1, *, strength: Strength = "strong") -> Hit:
    passage = Passage(
        chunk_id=f"{one.document_id}#000", section="description", lang=one.lang, text=one.text, highlights=()
    )
    return Hit(
        rank=rank,
        document=one,
        passage=passage,
        scores=Scores(keyword=None, semantic=-0.00001, fused=1 / 3),
        strength=strength,
        also_in=("fr", "es"),
        near_duplicates=(),
    )


def hostile() -> Document:
    """A document with hostile text wherever text may stand."""
    facts = dict.fromkeys(
        ("country", "region", "locality", "action_plan", "theme", "status", "start_date", "ambition"), HOSTILE
    )
    lists = dict.fromkeys(("lead_institutions", "supporting_institutions", "policy_areas"), (HOSTILE, "-2"))
    made = document("=1+1", HOSTILE, title=HOSTILE, **facts, **lists)
    return replace(made, url="javascript:alert(1)", lang="en")


def hub() -> Document:
    return document(
        "UK0066",
        "A hub opens.\n\nIt is open to all.",
        title="Hub & spoke, 50% open",
        lang="en",
        country="GB",
        action_plan="Third plan {2016}",
        year=2016,
        lead_institutions=("Cabinet Office", "Ministry of Land and Sea"),
        policy_areas=("open-data", "public-participation"),
    )


def arabic() -> Document:
    return document("JO0021", f"{RTL}.", title=RTL, lang="ar", country="JO", locality="عمّان", year=2018)
