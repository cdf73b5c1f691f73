from __future__ import annotations

import pickle
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple, NoReturn

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.keyword_index import KeywordEntry, write_keyword_index
from indexer.shared.analysis import Token, analysis_revision
from indexer.shared.errors import IndexStoreError, QueryError
from indexer.shared.postings import load_postings
from searchapp.held import Held
from searchapp.search import keyword
from searchapp.search.keyword import KeywordLeg
from searchapp.search.lexicon import Lexicon
from searchapp.search.query import MAX_QUERY, MAX_TERMS, Correction, Query, parse_query
from searchapp.search.spelling import corrected

Build = Callable[..., KeywordLeg]

PASSAGES = [
    ("en", "An innovation hub for open data in public administration"),
    ("en", "Open government and the right to information"),
    ("en", "Budget transparency for citizens, the open budget"),
    ("fr", "Un centre d'innovation et de données ouvertes"),
    ("es", "Participación ciudadana y gobierno abierto"),
    ("zh", "推进开放政府建设"),
    ("ru", "Обеспечение открытости правительства"),
    ("ar", "تعزيز الشفافية في الحكومة"),
]


def entry(row: int, lang: str, text: str, **given: str) -> KeywordEntry:
    parts = {"commitment_id": f"XX{row:04d}", "title": "", "institutions": "", **given}
    return KeywordEntry(row=row, lang=lang, text=text, **parts)


def opened(folder: Path, entries: Iterable[KeywordEntry]) -> KeywordLeg:
    entries = list(entries)
    write_keyword_index(folder, entries, {one.lang for one in entries})
    return KeywordLeg(load_postings(folder, revision=analysis_revision()))


@pytest.fixture
def build(tmp_path: Path) -> Build:
    def build_texts(*texts: str, lang: str = "en") -> KeywordLeg:
        return opened(tmp_path, [entry(row, lang, text) for row, text in enumerate(texts)])

    return build_texts


@pytest.fixture(scope="module")
def leg(tmp_path_factory: pytest.TempPathFactory) -> KeywordLeg:
    folder = tmp_path_factory.mktemp("passages")
    return opened(folder, [entry(row, lang, text) for row, (lang, text) in enumerate(PASSAGES)])


class Run(NamedTuple):
    """The rows that match, the best first, and their scores."""

    rows: npt.NDArray[np.int64]
    scores: npt.NDArray[np.float32]


def search(leg: KeywordLeg, query: Query) -> Run:
    scores = leg.run(query).scores
    rows = np.flatnonzero((scores > 0) & leg.required_rows(query) & ~leg.excluded_rows(query))
    rows = rows[np.argsort(-scores[rows], kind="stable")]
    return Run(rows=rows, scores=scores[rows])


def rows(leg: KeywordLeg, typed: str) -> list[int]:
    found: list[int] = search(leg, parse_query(typed)).rows.tolist()
    return found


def scores(leg: KeywordLeg, typed: str) -> dict[int, float]:
    run = search(leg, parse_query(typed))
    return dict(zip(run.rows.tolist(), run.scores.tolist(), strict=True))


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("innovation", {0, 3}),
        ("INNOVATIONS", {0, 3}),
        ("l'innovation", {0, 3}),
        ("participacion", {4}),
        ("participaciones", {4}),
        ("donnees", {3}),
        ("开放", {5}),
        ("открытость", {6}),
        ("الشفافيه شفافية", {7}),
        ("budgets", {2}),
        ("or", set()),
        ("nonsense", set()),
    ],
)
def test_words_find_passages_of_every_language(leg: KeywordLeg, typed: str, found: set[int]) -> None:
    assert set(rows(leg, typed)) == found


@pytest.mark.parametrize(
    ("lang", "text", "typed"),
    [
        ("ja", "データの公開を進める", "公開"),
        ("ko", "열린 정부를 위한 계획", "정부"),
        ("th", "ข้อมูลเปิดของรัฐบาล", "รัฐบาล"),
        ("km", "រដ្ឋាភិបាលបើកចំហ", "រដ្ឋាភិបាល"),
    ],
)
def test_words_are_found_inside_unspaced_text(build: Build, lang: str, text: str, typed: str) -> None:
    assert rows(build(text, lang=lang), typed) == [0]


def test_the_exact_accented_word_ranks_above_the_folded_one(build: Build) -> None:
    leg = build("el gasto publico local", "el gasto público local", lang="es")
    assert rows(leg, "público") == [1, 0]
    assert rows(leg, "publico") == [0, 1]


def test_the_exact_inflection_ranks_above_another(build: Build) -> None:
    leg = build("budgets of towns", "budget of towns")
    assert rows(leg, "budget") == [1, 0]
    assert rows(leg, "budgets") == [0, 1]


def test_an_n_with_tilde_is_another_letter_in_spanish(build: Build) -> None:
    leg = build("cada año", "el ano", lang="es")
    assert rows(leg, "año") == [0]
    assert rows(leg, "ano") == [1]


def test_a_word_in_the_title_counts_more_than_one_in_the_text(tmp_path: Path) -> None:
    leg = opened(
        tmp_path,
        [
            entry(0, "en", "budget money", title="health care", institutions="ministry office"),
            entry(1, "en", "health care", title="budget money", institutions="ministry office"),
            entry(2, "en", "money care", title="health ministry", institutions="budget office"),
        ],
    )
    found = scores(leg, "budget")
    assert rows(leg, "budget") == [1, 0, 2]
    assert found[0] == found[2]


def test_equal_scores_are_ordered_by_row(build: Build) -> None:
    leg = build(*["open data"] * 40)
    assert rows(leg, "open data") == list(range(40))


def test_scores_follow_the_formula(build: Build) -> None:
    leg = build("data data portal", "road", "road")
    idf = np.log(1 + (3 + 10 - 1 + 0.5) / (1 + 0.5))
    average = (3 + 1 + 1) / 3
    tf_part = 2 * 2.2 / (2 + 1.2 * (1 - 0.75 + 0.75 * 3 / average))
    assert scores(leg, "data")[0] == pytest.approx((1 + keyword.SURFACE_WEIGHT) * idf * tf_part, rel=1e-6)


def test_a_word_counts_by_the_rarer_of_its_term_and_stem_alone(build: Build) -> None:
    leg = build("données ouvertes", "un don", "le don", lang="fr")  # données is found by don and, more rarely, by donne
    found = scores(leg, "données")
    assert found[0] == pytest.approx(scores(leg, "ouvertes")[0], rel=1e-6)
    assert 0 < found[1] < found[0]
    idf = np.log(1 + (3 + 10 - 1 + 0.5) / (1 + 0.5))
    assert leg.run(parse_query("données")).bounds["fr"] == pytest.approx(
        (1 + keyword.SURFACE_WEIGHT) * idf * 2.2, rel=1e-6
    )


def test_the_size_of_another_language_changes_no_score(tmp_path: Path) -> None:
    few = [entry(0, "es", "gobierno abierto"), entry(1, "es", "gasto")]
    many = [entry(row, "en", "government and abierto") for row in range(2, 60)]
    alone, among = opened(tmp_path / "alone", few), opened(tmp_path / "among", [*few, *many])
    assert scores(alone, "gobierno") == scores(among, "gobierno")


def test_a_rare_word_of_a_small_language_is_neither_buried_nor_favoured(tmp_path: Path) -> None:
    english = [entry(row, "en", f"hertie school number{row}" if row == 0 else f"town{row}") for row in range(200)]
    leg = opened(tmp_path, [*english, entry(200, "es", "la escuela hertie de gobierno")])
    found = scores(leg, "hertie")
    assert 0.2 * found[0] < found[200] < found[0]


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("innova*", {0, 3}),
        ("INNOVA*", {0, 3}),
        ("innovation*", {0, 3}),
        ("l'innov*", {0, 3}),
        ("innovative*", set()),
        ("particip*", {4}),
        ("participación*", {4}),
        ("participacion*", {4}),
        ("donné*", {3}),
        ("donne*", {3}),
        ("открыт*", {6}),
        ("شفاف*", {7}),
        ("الشفاف*", {7}),
        ("开放*", {5}),
        ("放开*", set()),
        ("zzz*", set()),
        ("budge* hub", {0, 2}),
        ("open -innova*", {1, 2}),
        ("open -inno* -budg*", {1}),
        ("open -zzz*", {0, 1, 2}),
        ("innovation -donn*", {0}),
    ],
)
def test_a_prefix_finds_what_starts_so_in_every_language(leg: KeywordLeg, typed: str, found: set[int]) -> None:
    assert set(rows(leg, typed)) == found


def test_a_prefix_reaches_beyond_the_stem_and_over_accents_inside_it(build: Build) -> None:
    leg = build("sociedades democráticas", "una democracia", "el demócrata", lang="es")
    assert set(rows(leg, "democrátic*")) == set(rows(leg, "democratic*")) == {0}
    assert set(rows(leg, "democra*")) == {0, 1, 2}


def test_a_prefix_scores_like_one_word_whatever_the_forms(build: Build) -> None:
    leg = build("budget budget road", "budgets road town", "budgetary town town", "road", "town")
    idf = np.log(1 + (5 + 10 - 3 + 0.5) / (3 + 0.5))
    average = (3 + 3 + 3 + 1 + 1) / 5
    norm = 1.2 * (1 - 0.75 + 0.75 * 3 / average)
    found = scores(leg, "budg*")
    assert found == pytest.approx({0: idf * 2 * 2.2 / (2 + norm), 1: idf * 2.2 / (1 + norm), 2: idf * 2.2 / (1 + norm)})
    assert leg.run(parse_query("budg*")).bounds["en"] == pytest.approx(idf * 2.2)


def test_an_excluded_prefix_needs_the_word_before_it_too(build: Build) -> None:
    leg = build("open e-government", "open government", "open e-mail")
    assert rows(leg, "open -e-gov*") == [1, 2]


def test_a_prefix_stands_for_the_most_frequent_words_and_an_exclusion_for_all(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [f"town prefix{chr(97 + number)}" for number in range(5)]
    leg = build(*texts, "town prefixa", "town prefixb")
    monkeypatch.setattr(Lexicon.rows_starting, "__defaults__", (2,))
    assert set(rows(leg, "prefix*")) == {0, 1, 5, 6}
    assert rows(leg, "town -prefix*") == []


def near(typed: str, *words: tuple[str, str, str]) -> Query:
    """A query with corrections: what is typed, a language, and a word of it."""
    corrections = tuple(Correction(word=word, near=((lang, used),)) for word, lang, used in words)
    return replace(parse_query(typed), corrections=corrections)


def test_a_word_used_for_a_misspelt_one_counts_less_than_it_would_itself(build: Build) -> None:
    leg = build("open budget", "open road", "road")
    exact, corrected = search(leg, parse_query("budget")), search(leg, near("buget", ("buget", "en", "budget")))
    assert corrected.rows.tolist() == exact.rows.tolist() == [0]
    by_stem = exact.scores[0] / (1 + keyword.SURFACE_WEIGHT)
    assert corrected.scores[0] == pytest.approx(keyword.NEAR_WEIGHT * by_stem, rel=1e-6)
    assert rows(leg, "road buget") == [2, 1]
    both = search(leg, near("open buget", ("buget", "en", "budget")))
    assert both.rows.tolist() == [0, 1]


def test_a_word_used_for_a_misspelt_one_is_searched_for_in_its_language_only(leg: KeywordLeg) -> None:
    assert search(leg, near("inovation", ("inovation", "fr", "innovation"))).rows.tolist() == [3]


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ('"open data"', {0}),
        ('"right to information"', {1}),
        ('"right information"', {1}),
        ('"data open"', set()),
        ('"government open"', set()),
        ('"donnees ouvertes"', {3}),
        ('"开放政府"', {5}),
        ('"放开"', set()),
        ('budget "open government"', {1}),
        ('"open government" "right to information"', {1}),
        ('"open government" "open data"', set()),
        ('"budget"', {2}),
    ],
)
def test_a_quoted_phrase_is_required(leg: KeywordLeg, typed: str, found: set[int]) -> None:
    assert set(rows(leg, typed)) == found


def test_a_phrase_of_stop_words_is_not_required_where_they_are_stop_words(leg: KeywordLeg) -> None:
    required = leg.required_rows(parse_query('"to the"'))
    assert [bool(value) for value in required] == [lang == "en" for lang, _ in PASSAGES]


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("open -budget", {0, 1}),
        ("open -budgets", {0, 1}),
        ('open -"open data"', {1, 2}),
        ("open -e-government", {0, 1, 2}),
        ("innovation -données", {0}),
        ("开放 -政府", set()),
    ],
)
def test_excluded_words_and_phrases_remove_rows(leg: KeywordLeg, typed: str, found: set[int]) -> None:
    assert set(rows(leg, typed)) == found


def test_an_excluded_word_removes_its_other_inflections(build: Build) -> None:
    assert rows(build("duas participações abertas", "dados abertos", lang="pt"), "abertos -participação") == [1]


def test_required_and_excluded_rows_do_not_depend_on_the_words(leg: KeywordLeg) -> None:
    query = parse_query('nonsense "open data" -budget')
    assert np.flatnonzero(leg.required_rows(query)).tolist() == [0]
    assert np.flatnonzero(leg.excluded_rows(query)).tolist() == [2]
    plain = parse_query("nonsense")
    assert leg.required_rows(plain).all()
    assert not leg.excluded_rows(plain).any()


def test_a_row_whose_id_was_typed_comes_first(tmp_path: Path) -> None:
    texts = ["uk0066 " * 50 + "hub", "hub", "another hub"]
    leg = opened(tmp_path, [entry(row, "en", text, commitment_id=f"UK006{5 + row}") for row, text in enumerate(texts)])
    assert rows(leg, "uk0066") == [1, 0]
    assert rows(leg, "hub UK0066")[0] == 1
    assert set(rows(leg, "hub UK0066")) == {0, 1, 2}


def test_an_id_field_is_a_filter(tmp_path: Path) -> None:
    leg = opened(tmp_path, [entry(row, "en", "hub", commitment_id=f"UK006{row}") for row in range(4)])
    assert rows(leg, "id:uk0062") == [2]
    assert rows(leg, "hub id:uk0062 id:UK0061") == [1, 2]
    assert rows(leg, "hub id:none") == []


def test_scores_are_one_for_each_row(leg: KeywordLeg) -> None:
    for typed in ("open", "nonsense"):
        found = leg.run(parse_query(typed)).scores
        assert found.dtype == np.float32
        assert found.shape == (len(PASSAGES),)
    assert not found.any()


def test_an_index_of_no_chunks_finds_nothing(tmp_path: Path) -> None:
    leg = opened(tmp_path, [])
    assert rows(leg, 'open "data" -x id:UK0066') == []
    assert leg.run(parse_query("open UK0066")).bounds == {}


def test_an_index_in_a_read_only_folder_can_be_searched(tmp_path: Path) -> None:
    folder = tmp_path / "keyword"
    opened(folder, [entry(0, "en", "open data")])
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    for path in (*folder.iterdir(), folder):
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        assert rows(KeywordLeg(load_postings(folder, revision=analysis_revision())), "data") == [0]
        assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == before
    finally:
        folder.chmod(0o755)


def test_a_missing_index_is_an_error_and_not_an_empty_one(tmp_path: Path) -> None:
    with pytest.raises(IndexStoreError):
        load_postings(tmp_path, revision=analysis_revision())


def test_an_index_made_by_other_word_rules_must_be_rebuilt(tmp_path: Path) -> None:
    opened(tmp_path, [entry(0, "en", "open data")])
    with pytest.raises(IndexStoreError, match="rebuild"):
        load_postings(tmp_path, revision="another")


def test_nothing_is_unpickled_in_opening_and_searching(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened(tmp_path, [entry(row, "en", f"open data {row}") for row in range(300)])

    def refuse(*_: object, **__: object) -> NoReturn:
        raise AssertionError("unpickled")

    loaders = (pickle.load, pickle.loads, pickle.Unpickler)
    modules = [sys.modules[name] for name in sorted(sys.modules) if name.partition(".")[0] == "whoosh"]
    bound = [
        (module, name) for module in [pickle, *modules] for name, value in vars(module).items() if value in loaders
    ]
    for module, name in bound:
        monkeypatch.setattr(module, name, refuse)
    assert len(bound) > len(loaders), "Whoosh binds some by name, which must be replaced, too"
    assert (
        rows(
            KeywordLeg(load_postings(tmp_path, revision=analysis_revision())),
            'open "open data" -299 -"data 298" XX0007',
        )[0]
        == 7
    )


def test_threads_that_share_a_leg_get_the_same_answers(leg: KeywordLeg) -> None:
    typed = [
        "innovation",
        '"open data"',
        "open -budget",
        "开放政府",
        "XX0002 open",
        "participación",
        "données hub",
    ] * 30
    alone = [rows(leg, each) for each in typed]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda each: rows(leg, each), typed)) == alone


HOSTILE = [
    "[a TO " * 166,
    "hub NOT NOT x",
    "or",
    "not",
    "AND",
    "a:b",
    "*",
    "* *:* a* *b",
    '"' * 999,
    '"a' * 500,
    "(" * 999,
    "a " * 500,
    "-a " * 300,
    '"' + "open data " * 99 + '"',
    "open~0.1 ^9999",
    "con* " * 200,
    "x " + "-con* " * 16,
    "aaa*" * 200,
    "{a TO b}",
    "\x00open",
    "政" * 1000,
    "e\u0301" * 500,
    "\ud800\udfff data",
    "x" * 5000,
]


@pytest.mark.parametrize("typed", HOSTILE)
def test_hostile_queries_are_answered_or_refused(leg: KeywordLeg, typed: str) -> None:
    with suppress(QueryError):
        assert len(rows(leg, typed)) <= len(PASSAGES)


@pytest.mark.parametrize("typed", ["open data budget " * 58, "".join(f"w{n} " for n in range(200)), "开放政府" * 250])
def test_the_words_that_are_looked_up_are_bounded(leg: KeywordLeg, monkeypatch: pytest.MonkeyPatch, typed: str) -> None:
    looked_up = []
    word_of = KeywordLeg._word

    def counting(self: KeywordLeg, lang: str, word: Token) -> keyword._Part:
        looked_up.append(word)
        return word_of(self, lang, word)

    monkeypatch.setattr(KeywordLeg, "_word", counting)
    search(leg, parse_query(typed[:MAX_QUERY]))
    assert 0 < len(looked_up) <= MAX_TERMS * len({lang for lang, _ in PASSAGES})


def test_words_are_kept_by_last_use_and_only_so_many_rows_of_them(build: Build) -> None:
    leg = build("budget report", "budget data", "budget data", "budget")
    expected = {typed: scores(leg, typed) for typed in ("budget", "data", "report", "nothing")}
    recent: Held[tuple[str, ...], keyword._Part] = Held(6, size=keyword._size)
    leg._words = recent
    for typed in ("budget", "report", "data", "nothing", "report", "budget"):
        assert scores(leg, typed) == expected[typed]
        assert sum(1 + len(part.rows) for part in recent._values.values()) <= 6
    assert [key[1] for key in recent._values] == ["budget"]


WORDS = ["open", "data", "budget", "données", "开放政府", "правительства", "UK0066", "XX0001", "the", '"open data"']
WORDS += ["innovatoin", "goverment", "particpación", "открытотсь", "inno*", "gov*", "pub*", "adm*"]


@settings(deadline=None, database=None)
@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=12).map(" ".join))
def test_no_score_exceeds_its_bound(leg: KeywordLeg, typed: str) -> None:
    query = corrected(parse_query(typed), leg.lexicon, across=True)
    run = search(leg, query)
    bound = leg.run(query).bounds
    assert set(bound) == {lang for lang, _ in PASSAGES}
    for row, score in zip(run.rows.tolist(), run.scores.tolist(), strict=True):
        assert 0 < score <= bound[PASSAGES[row][0]] * (1 + 1e-6)


def test_words_that_a_language_lacks_raise_its_bound(leg: KeywordLeg) -> None:
    one, two = leg.run(parse_query("innovation")).bounds, leg.run(parse_query("innovation nonsense")).bounds
    assert all(two[lang] > one[lang] for lang in one)


@pytest.mark.parametrize(
    ("typed", "whole", "part"),
    [
        ("open budgets", {2}, {0, 1}),  # in any form
        ("budget budget budget", {2}, set()),  # however often
        ('"open data" hub', {0}, {1, 2}),
        ("données ouvertes", {3}, set()),
        ("gobierno participacion", {4}, set()),
        ("innovation zebra", set(), {0, 3}),
        ("inno* hub", {0}, {3}),
        ("budg* zzz*", set(), {2}),
    ],
)
def test_coverage_tells_which_rows_have_all_words_and_which_some(
    leg: KeywordLeg, typed: str, whole: set[int], part: set[int]
) -> None:
    share = leg.run(parse_query(typed)).coverage.share
    assert set(np.flatnonzero(share > 0.999)) == whole
    assert set(np.flatnonzero((share > 0) & (share < 0.999))) == part


def test_a_word_near_a_misspelt_one_covers_it(build: Build) -> None:
    leg = build("open budget", "road", "open")
    share = leg.run(near("open buget", ("buget", "en", "budget"))).coverage.share
    weights = idf(2, rows=3), idf(1, rows=3)
    assert share.tolist() == pytest.approx([1, 0, weights[0] / sum(weights)])
    unknown = leg.run(near("open buget", ("buget", "fr", "budget"))).coverage.share
    assert unknown[0] == unknown[2] == pytest.approx(weights[0] / (weights[0] + idf(0, rows=3)))


def test_coverage_counts_words_by_how_rare_they_are(build: Build) -> None:
    leg = build("open data", "open budget", "open government", "open zebra")
    coverage = leg.run(parse_query("open zebra")).coverage
    assert coverage.share[0] < 0.5 < coverage.share[3]
    assert coverage.idf[0] == pytest.approx(idf(4, rows=4))
    assert coverage.idf[3] == pytest.approx(idf(4, rows=4) + idf(1, rows=4))


def idf(frequency: int, *, rows: int) -> float:
    return float(np.log(1 + (rows + keyword.PRIOR - frequency + 0.5) / (frequency + 0.5)))
