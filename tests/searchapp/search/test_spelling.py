from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from indexer.keyword_index import KeywordEntry, write_keyword_index
from indexer.shared.analysis import analysis_revision
from indexer.shared.postings import load_postings
from searchapp.search.keyword import KeywordLeg
from searchapp.search.lexicon import Lexicon
from searchapp.search.query import MAX_QUERY, parse_query
from searchapp.search.spelling import MAX_CORRECTIONS, MAX_NEAR, corrected, spelt_out

TEXTS = [
    ("en", "Transparency of government budgets; the government and openness 12345 COP26x"),
    ("en", "government offices, officers, office"),
    ("en", "more offices"),
    ("fr", "La transparence du gouvernement et l'innovation"),
    ("es", "Transparencia del gobierno, participación ciudadana"),
    ("ru", "открытость правительства"),
    ("zh", "开放政府建设"),
    ("tr", "Ankara'nın şeffaflık planı"),
]


@pytest.fixture(scope="module")
def lexicon(tmp_path_factory: pytest.TempPathFactory) -> Lexicon:
    folder: Path = tmp_path_factory.mktemp("words")
    entries = [
        KeywordEntry(row=row, commitment_id=f"XX{row:04}", lang=lang, title="", institutions="", text=text)
        for row, (lang, text) in enumerate(TEXTS)
    ]
    write_keyword_index(folder, entries, {lang for lang, _ in TEXTS})
    return KeywordLeg(load_postings(folder, revision=analysis_revision())).lexicon


def corrections(lexicon: Lexicon, typed: str, *, across: bool = True) -> dict[str, tuple[str, ...]]:
    found = corrected(parse_query(typed), lexicon, across=across).corrections
    return {correction.word: correction.used for correction in found}


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("goverment", {"goverment": ("government",)}),
        ("Goverment?", {"Goverment": ("government",)}),
        ("govrenmnet", {"govrenmnet": ("government",)}),
        ("particpacion", {"particpacion": ("participación",)}),
        ("trasparency", {"trasparency": ("transparency",)}),
        ("l'inovation", {"inovation": ("innovation",)}),
        ("открытстоь", {"открытстоь": ("открытость",)}),
        ("ofice bugdets", {"ofice": ("office",), "bugdets": ("budgets",)}),
        ("ofices", {"ofices": ("offices",)}),
        ("Ankarra", {"Ankarra": ("ankara",)}),
    ],
)
def test_words_that_no_text_has_get_the_nearest_ones(
    lexicon: Lexicon, typed: str, found: dict[str, tuple[str, ...]]
) -> None:
    assert corrections(lexicon, typed) == found


@pytest.mark.parametrize(
    "typed",
    [
        "government",
        "governments",
        "participaciones",
        "participacion",
        "Ankara'dan",
        "budg",
        "plna",
        "overnment",
        "gvrnmntt",
        "officce" + "s" * 3,
        "12346",
        "COP26y",
        "XX0009",
        '"goverment"',
        "x -goverment",
        "goverm*",
        "开放改府",
        "nonsenseword",
        "whose",
    ],
)
def test_other_words_are_left_as_they_are(lexicon: Lexicon, typed: str) -> None:
    assert corrections(lexicon, typed) == {}


def test_fewer_edits_come_first_then_more_rows(lexicon: Lexicon) -> None:
    assert corrections(lexicon, "transparancia") == {"transparancia": ("transparencia",)}
    assert corrections(lexicon, "offica") == {"offica": ("office",)}
    near = corrected(parse_query("transparenca"), lexicon, across=True).corrections[0].near
    assert near == (("fr", "transparence"), ("es", "transparencia"), ("en", "transparency"))
    near = corrected(parse_query("officex"), lexicon, across=True).corrections[0].near
    assert near == (("en", "offices"), ("en", "office"))


def test_the_id_of_a_commitment_is_not_corrected(lexicon: Lexicon) -> None:
    query = parse_query("goverment")
    known = type(query)(text=query.text, terms=query.terms, commitment_ids=("GOVERMENT",))
    assert corrected(known, lexicon, across=True).corrections == ()


def test_unless_across_a_word_is_corrected_only_into_languages_that_know_half_of_the_others(lexicon: Lexicon) -> None:
    assert corrections(lexicon, "goverment budgets", across=False) == {"goverment": ("government",)}
    assert corrections(lexicon, "goverment", across=False) == {"goverment": ("government",)}
    assert corrections(lexicon, "goverment of Tuvalu", across=False) == {"goverment": ("government",)}
    assert corrections(lexicon, "goverment ciudadana", across=False) == {}
    assert corrections(lexicon, "goverment ciudadana") == {"goverment": ("government",)}
    assert corrections(lexicon, "rejim goverment partisi", across=False) == {}


def test_a_correct_query_is_the_same_query(lexicon: Lexicon) -> None:
    query = parse_query("government transparency")
    assert corrected(query, lexicon, across=True) is query


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("gov*", "government"),
        ("gov* offic*", "government offices"),
        ("Particip* of gov*, e-gov*", "participación of government e-government"),
        ("l'innov*", "l'innovation"),
        ("gov", "gov"),
        ("zzz*", "zzz"),
        ("governor gov*", "governor government"),
    ],
)
def test_an_encoder_gets_the_most_frequent_word_that_starts_so(lexicon: Lexicon, typed: str, text: str) -> None:
    query = parse_query(typed)
    assert spelt_out(query, lexicon) == replace(query, text=text)


def test_what_is_looked_up_and_used_is_bounded(lexicon: Lexicon, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    search = Lexicon.near

    def counting(self: Lexicon, lang: str, word: str, edits: int) -> object:
        asked.append(word)
        return search(self, lang, word, edits)

    monkeypatch.setattr(Lexicon, "near", counting)
    typed = " ".join(f"govern{chr(97 + number)}ent" for number in range(26))
    found = corrected(parse_query(typed[:MAX_QUERY]), lexicon, across=True).corrections
    assert len(found) <= MAX_CORRECTIONS
    assert all(len(correction.near) <= MAX_NEAR for correction in found)
    assert len(asked) <= MAX_CORRECTIONS * len(lexicon.langs)
