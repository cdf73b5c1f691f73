from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.keyword_index import PART_WEIGHTS, KeywordEntry, KnownRows, write_keyword_index
from indexer.shared.analysis import NAMES_FIELD
from indexer.shared.errors import IndexStoreError
from indexer.shared.postings import Postings, load_postings

FILES = {
    "keyword.json",
    "term_bytes.npy",
    "term_starts.npy",
    "posting_starts.npy",
    "rows.npy",
    "weights.npy",
    "position_starts.npy",
    "positions.npy",
    "row_langs.npy",
    "lengths.npy",
}


def entry(row: int, text: str, *, lang: str = "en", title: str = "", institutions: str = "") -> KeywordEntry:
    return KeywordEntry(
        row=row, commitment_id=f"UK{row:04d}", lang=lang, title=title, institutions=institutions, text=text
    )


def revision_of(folder: Path) -> str:
    revision = json.loads((folder / "keyword.json").read_bytes())["revision"]
    assert isinstance(revision, str)
    return revision


def opened(folder: Path) -> Postings:
    return load_postings(folder, revision=revision_of(folder))


def postings_of(folder: Path, field: str, term: str) -> dict[int, tuple[float, list[int]]]:
    """Weight and positions of a term by row."""
    index = opened(folder)
    found = index.posting_list(index.vocabulary(field)[term.encode()])
    return {
        int(found.rows[number]): (float(found.weights[number]), found.positions_of(number).tolist())
        for number in range(len(found))
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "made" / "keyword"


def test_a_part_counts_by_its_weight_in_frequency_and_length(folder: Path) -> None:
    write_keyword_index(folder, [entry(0, "open data", title="open hub", institutions="data office")], ["en"])
    assert postings_of(folder, "words_en", "open") == {0: (PART_WEIGHTS["title"] + PART_WEIGHTS["text"], [0, 6])}
    assert opened(folder).lengths[:, 0].tolist() == [2 * sum(PART_WEIGHTS.values())] * 2


def test_parts_are_separated_so_that_no_phrase_spans_two(folder: Path) -> None:
    write_keyword_index(folder, [entry(0, "data", title="open")], ["en"])
    (open_at,) = postings_of(folder, "words_en", "open")[0][1]
    (data_at,) = postings_of(folder, "words_en", "data")[0][1]
    assert data_at - open_at > 1


def test_a_word_with_two_stems_has_both_but_counts_once_in_the_length(folder: Path) -> None:
    write_keyword_index(folder, [entry(0, "données", lang="fr")], ["fr"])
    assert set(opened(folder).vocabulary("words_fr")) == {b"don", b"donne"}
    assert opened(folder).lengths.tolist() == [[1], [1]]


def test_every_language_has_fields_of_its_own(folder: Path) -> None:
    write_keyword_index(folder, [entry(0, "nation"), entry(1, "nation", lang="fr"), entry(2, "nation")], ["fr", "en"])
    assert set(postings_of(folder, "words_en", "nation")) == {0, 2}
    assert set(postings_of(folder, "words_fr", "nation")) == {1}
    assert opened(folder).langs == ("en", "fr")
    assert opened(folder).row_langs.tolist() == [0, 1, 0]


def test_regional_tags_share_the_fields_of_their_language(folder: Path) -> None:
    write_keyword_index(folder, [entry(0, "governo", lang="pt-BR"), entry(1, "governo", lang="pt")], ["pt", "pt-BR"])
    assert set(postings_of(folder, "words_pt", "govern")) == {0, 1}


def test_pairs_of_characters_have_no_surface(folder: Path) -> None:
    write_keyword_index(folder, [entry(0, "开放政府", lang="zh")], ["zh"])
    assert set(opened(folder).vocabulary("words_zh")) == {pair.encode() for pair in ("开放", "放政", "政府")}
    assert opened(folder).vocabulary("surface_zh") == {}


def test_the_commitment_id_is_one_term_without_case(folder: Path) -> None:
    write_keyword_index(folder, [entry(0, "")], ["en"])
    assert set(opened(folder).vocabulary("id")) == {b"uk0000"}


def test_only_the_documented_files_are_written(folder: Path) -> None:
    write_keyword_index(folder, [entry(0, "open data")], ["en"])
    assert {path.name for path in folder.iterdir()} == FILES


def test_no_file_holds_pickles_or_running_text(folder: Path) -> None:
    write_keyword_index(folder, [entry(row, "confidential passage of the text") for row in range(300)], ["en"])
    for path in folder.iterdir():
        data = path.read_bytes()
        assert data.startswith(b"\x93NUMPY" if path.suffix == ".npy" else b"{")
        assert b"confidential passage" not in data
        assert b"whoosh" not in data


def test_the_same_entries_give_the_same_bytes(tmp_path: Path) -> None:
    entries = [entry(row, f"word{row % 7} données {row}", lang="fr") for row in range(50)]
    write_keyword_index(tmp_path / "one", entries, ["fr"])
    write_keyword_index(tmp_path / "two", iter(entries), ["fr"])
    for name in FILES:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_an_index_of_no_chunks_can_be_written_and_opened(folder: Path) -> None:
    write_keyword_index(folder, [], [])
    assert len(opened(folder).row_langs) == 0


@pytest.mark.parametrize("entries", [[entry(1, "")], [entry(0, ""), entry(0, "")], [entry(0, "", lang="fr")]])
def test_rows_out_of_order_and_languages_not_announced_are_programming_errors(
    folder: Path, entries: list[KeywordEntry]
) -> None:
    with pytest.raises(ValueError, match="was expected"):
        write_keyword_index(folder, entries, ["en"])
    assert not (folder / "keyword.json").exists()


def test_a_missing_index_is_an_error_that_names_the_folder(tmp_path: Path) -> None:
    with pytest.raises(IndexStoreError, match=rf"{tmp_path.name}.*rebuild"):
        load_postings(tmp_path, revision="")


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_cut_file_is_an_error(folder: Path, name: str) -> None:
    write_keyword_index(folder, [entry(row, "open government data") for row in range(20)], ["en"])
    revision = revision_of(folder)
    data = (folder / name).read_bytes()
    (folder / name).write_bytes(data[: len(data) // 2])
    with pytest.raises(IndexStoreError, match="rebuild"):
        load_postings(folder, revision=revision)


@pytest.mark.parametrize("name", sorted(FILES - {"keyword.json"}))
def test_an_array_of_another_length_or_type_is_an_error(folder: Path, name: str) -> None:
    write_keyword_index(folder, [entry(0, "open data")], ["en"])
    np.save(folder / name, np.zeros(99, dtype=np.float64))
    with pytest.raises(IndexStoreError, match="damaged"):
        load_postings(folder, revision=revision_of(folder))


def test_an_index_made_by_other_word_rules_is_an_error(folder: Path) -> None:
    write_keyword_index(folder, [entry(0, "open data")], ["en"])
    with pytest.raises(IndexStoreError, match=r"rules.*rebuild"):
        load_postings(folder, revision="another")


def test_words_written_as_names_are_kept_for_all_languages_together(folder: Path) -> None:
    entries = [
        entry(0, "the Hillsborough panel"),
        entry(1, "el caso Hillsborough", lang="es", title="Sobre Madrid", institutions="Oficina, Madrid"),
        entry(2, "Hillsborough first"),
    ]
    write_keyword_index(folder, entries, ["en", "es"])
    assert set(postings_of(folder, NAMES_FIELD, "hillsborough")) == {0, 1}
    assert set(postings_of(folder, NAMES_FIELD, "madrid")) == {1}
    assert b"panel" not in opened(folder).vocabulary(NAMES_FIELD)


def test_the_terms_that_start_with_some_letters_are_those_of_a_search_through_all(folder: Path) -> None:
    words = "do dog dogma dogs don données донор 数据 ÿ dog\u0301"
    write_keyword_index(folder, [entry(0, words), entry(1, "dogs of Spain", lang="es")], ["en", "es"])
    index = opened(folder)
    for field in (*index.fields, "words_xx"):
        for start in ("", "d", "do", "dog", "dogs", "dz", "д", "数", "ÿ", "\U0010ffff"):
            expected = [number for term, number in index.vocabulary(field).items() if term.startswith(start.encode())]
            assert list(index.terms_starting(field, start)) == expected, (field, start)
            assert all(index.term(number).decode().startswith(start) for number in expected)


TEXTS = st.lists(
    st.tuples(
        st.sampled_from(["en", "fr", "zh"]), st.sampled_from(["", "open data", "données", "开放政府", "of Data"])
    ),
    max_size=6,
    unique=True,
)


@given(before=TEXTS, after=TEXTS)
def test_rows_taken_over_give_the_same_bytes_as_rows_made_anew(
    tmp_path_factory: pytest.TempPathFactory, before: Sequence[tuple[str, str]], after: Sequence[tuple[str, str]]
) -> None:
    after = sorted(after, key=lambda one: before.index(one) if one in before else len(one[1]))
    base = tmp_path_factory.mktemp("keyword")
    old, anew = ([entry(row, text, lang=lang) for row, (lang, text) in enumerate(texts)] for texts in (before, after))
    anew = [replace(one, commitment_id=one.text + one.lang) for one in anew]
    old = [replace(one, commitment_id=one.text + one.lang) for one in old]
    langs = {lang for lang, _ in after}
    write_keyword_index(base / "before", old, {lang for lang, _ in before})
    write_keyword_index(base / "anew", anew, langs)
    rows = np.array([before.index(one) if one in before else -1 for one in after], dtype=np.int64)
    known = KnownRows(postings=opened(base / "before"), rows=rows)
    write_keyword_index(base / "updated", [one for one in anew if rows[one.row] < 0], langs, known)
    for name in FILES:
        assert (base / "updated" / name).read_bytes() == (base / "anew" / name).read_bytes(), name
