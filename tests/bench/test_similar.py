from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from bench.similar import MEASURES, SETS, _document, compose, hits, similar_table
from evaluation.cache import CachedEncoder
from indexer.pipeline import index_documents
from indexer.readers.sources import ReadResult
from tests.fakes import FakeEncoder

TEXTS = {f"a{number:02d}": dict.fromkeys(("en", "fr", "es"), f"right{number} to thing{number}") for number in range(12)}
"""The same words in every language, so that the fake encoder sees translations as the same."""


def test_commitments_hold_most_of_their_theme_and_each_theme_is_there_in_each_language() -> None:
    documents, themes = compose(TEXTS, np.random.default_rng(0))
    assert [one.commitment_id for one in documents] == sorted(themes)
    assert len(documents) == 9
    for one in documents:
        assert 2 <= len(one.sections) <= 10
        assert one.facts.country == one.lang
        assert all(
            one.text[part.start : part.end] in {text[one.lang] for text in TEXTS.values()} for part in one.sections
        )


def test_the_same_draw_gives_the_same_commitments() -> None:
    first, again, other = (compose(TEXTS, np.random.default_rng(seed))[0] for seed in (1, 1, 2))
    assert first == again != other


def test_every_measure_finds_what_is_said_in_the_same_words_and_nothing_that_is_on_no_theme_of_its_own(
    tmp_path: Path,
) -> None:
    names = sorted(TEXTS)
    documents = tuple(
        _document(f"{lang}-{start}", lang, [TEXTS[name][lang] for name in names[start : start + 3]])
        for lang in ("en", "es", "fr")
        for start in (0, 3, 6)
    )
    index_documents(ReadResult(documents=documents, rejected=(), sources=()), index=tmp_path, encoder=FakeEncoder())
    found = hits(tmp_path, {one.commitment_id: int(one.commitment_id[-1]) for one in documents})
    assert found.tolist() == [[1.0] * len(MEASURES)] * 9
    assert hits(tmp_path, {one.commitment_id: number for number, one in enumerate(documents)}).max() == 0


def test_the_table_has_a_row_for_each_set_with_the_share_of_each_measure(tmp_path: Path) -> None:
    for name in SETS:
        rows = [{"id": f"{n:02d}.{lang}", "lang": lang, "text": f"text{n}"} for n in range(48) for lang in ("en", "fr")]
        folder = tmp_path / name
        folder.mkdir()
        (folder / "corpus.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
        (folder / "queries.jsonl").write_text('{"id": "q", "lang": "en", "text": "text1"}', encoding="utf-8")
        (folder / "qrels.tsv").write_text("q\t01.fr\t1\n", encoding="utf-8")
    head, _, *lines = similar_table(tmp_path, CachedEncoder(FakeEncoder(), tmp_path))
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in (head, *lines)]
    assert cells[0][2:-1] == [*MEASURES]
    assert [row[:2] for row in cells[1:]] == [["udhr_en2x", "90"], ["xquad_para", "18"]]
    for row in cells[1:]:
        assert all(0 <= float(share) <= 1 for share in row[2:-1])
