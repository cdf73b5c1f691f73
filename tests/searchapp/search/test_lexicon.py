from __future__ import annotations

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from indexer.keyword_index import KeywordEntry, write_keyword_index
from indexer.shared.analysis import analysis_revision, tokens
from indexer.shared.postings import load_postings
from searchapp.search.keyword import KeywordLeg
from searchapp.search.lexicon import Lexicon

TEXTS = [
    ("en", "Open budgets, the Budget office of Hillsborough; budget"),
    ("en", "budgetary 1,000 bugdet budge"),
    ("es", "El presupuesto abierto: 1.000 años de Hillsborough, la democrática"),
    ("ru", "открытый бюджет Hillsborough"),
    ("zh", "开放政府 open 2018"),
]

Build = Callable[[list[tuple[str, str]]], Lexicon]


@pytest.fixture
def build(tmp_path: Path) -> Build:
    def build_texts(texts: list[tuple[str, str]]) -> Lexicon:
        entries = [
            KeywordEntry(row=row, commitment_id=f"XX{row:04}", lang=lang, title="", institutions="", text=text)
            for row, (lang, text) in enumerate(texts)
        ]
        write_keyword_index(tmp_path, entries, {lang for lang, _ in texts})
        return KeywordLeg(load_postings(tmp_path, revision=analysis_revision())).lexicon

    return build_texts


@pytest.fixture
def lexicon(build: Build) -> Lexicon:
    return build(TEXTS)


def near(lexicon: Lexicon, lang: str, word: str, edits: int) -> dict[str, int]:
    return {one.word: one.edits for one in lexicon.near(lang, word, edits)}


def test_words_are_near_by_inserted_deleted_replaced_and_swapped_letters(lexicon: Lexicon) -> None:
    assert near(lexicon, "en", "budget", 1) == {"budget": 0, "budgets": 1, "bugdet": 1, "budge": 1}
    assert near(lexicon, "en", "budgit", 1) == {"budget": 1}
    assert near(lexicon, "en", "udget", 2) == {}
    assert near(lexicon, "en", "xyz", 2) == near(lexicon, "xx", "budget", 2) == {}


def test_accents_are_no_edits_and_words_keep_theirs(lexicon: Lexicon) -> None:
    assert near(lexicon, "es", "democratica", 0) == {"democrática": 0}
    assert near(lexicon, "es", "ano", 0) == {}


def test_numbers_are_near_nothing(lexicon: Lexicon) -> None:
    assert near(lexicon, "en", "1001", 2) == near(lexicon, "zh", "2017", 1) == {}


def test_near_words_tell_how_many_rows_have_them(build: Build) -> None:
    lexicon = build([("en", "budget budget"), ("en", "budget"), ("en", "budgie")])
    assert {one.word: one.rows for one in lexicon.near("en", "budget", 2)} == {"budget": 2, "budgie": 1}


@pytest.mark.parametrize(
    ("lang", "start", "weights"),
    [
        ("en", "budget", {0: 3.0, 1: 1.0}),
        ("en", "budgeta", {1: 1.0}),
        ("en", "budgets", {0: 1.0}),
        ("en", "open", {0: 1.0}),
        ("en", "1000", {1: 1.0}),
        ("es", "democratic", {2: 1.0}),
        ("es", "presup", {2: 1.0}),
        ("en", "zzz", {}),
        ("xx", "open", {}),
    ],
)
def test_rows_have_the_weight_of_their_most_frequent_term(
    lexicon: Lexicon, lang: str, start: str, weights: dict[int, float]
) -> None:
    rows, found = lexicon.rows_starting(lang, start)
    assert dict(zip(rows.tolist(), found.tolist(), strict=True)) == weights
    assert (rows.dtype, found.dtype) == (np.int32, np.float32)


def test_rows_that_start_so_are_those_of_a_search_through_all_texts(build: Build) -> None:
    chosen = random.Random(7)
    letters = "abé"
    texts = [("es", " ".join("".join(chosen.choices(letters, k=5)) for _ in range(4))) for _ in range(60)]
    lexicon = build(texts)
    for start in ("aaa", "abe", "eee", "bea", "abea"):
        expected = [
            row
            for row, (lang, text) in enumerate(texts)
            for words in [tokens(text, lang)]
            if any(w.term.startswith(start) or w.surface.replace("é", "e").startswith(start) for w in words)
        ]
        assert lexicon.rows_starting("es", start, limit=None)[0].tolist() == expected


def test_the_most_frequent_word_that_starts_so_is_found(build: Build) -> None:
    lexicon = build([("es", "público"), ("es", "publicar público"), ("es", "publicado pulpo"), ("fr", "public")])
    assert lexicon.most_frequent("es", "publi") == (2, "público")
    assert lexicon.most_frequent("fr", "publi") == (1, "public")
    assert lexicon.most_frequent("es", "zzz") == lexicon.most_frequent("xx", "publi") == (0, "")


def test_of_too_many_words_the_most_frequent_are_taken(build: Build) -> None:
    lexicon = build([("xx", "aaab"), ("xx", "aaac aaad"), ("xx", "aaac")])
    assert lexicon.rows_starting("xx", "aaa", limit=2)[0].tolist() == [1, 2]
    assert lexicon.rows_starting("xx", "aaa", limit=None)[0].tolist() == [0, 1, 2]


def test_rows_of_all_languages_have_a_word_written_so(lexicon: Lexicon) -> None:
    assert lexicon.rows_written("hillsborough").tolist() == [0, 2, 3]
    assert lexicon.rows_written("1000").tolist() == [1, 2]
    assert lexicon.rows_written("democratica").tolist() == lexicon.rows_written("").tolist() == []


def test_words_written_as_names_are_counted(lexicon: Lexicon) -> None:
    assert [lexicon.written_as_name(word) for word in ("hillsborough", "budget", "open", "zzz")] == [3, 1, 0, 0]


def test_a_word_is_known_by_its_term_or_stem(lexicon: Lexicon) -> None:
    (inflected,) = tokens("budgeting", "en")
    assert lexicon.has("en", inflected)
    assert not lexicon.has("es", inflected)
    assert not lexicon.has("xx", inflected)
    assert lexicon.frequency(inflected) == 1
    (unknown,) = tokens("zzz", "en")
    assert lexicon.frequency(unknown) == 0


def test_threads_that_share_a_lexicon_get_the_same_answers(lexicon: Lexicon) -> None:
    def ask(lang: str) -> object:
        return lexicon.near(lang, "budget", 2), lexicon.rows_starting(lang, "bud")[0].tolist()

    langs = [lang for lang, _ in TEXTS] * 20
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, langs)) == [ask(lang) for lang in langs]
