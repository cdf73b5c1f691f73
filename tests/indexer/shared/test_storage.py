from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from indexer.shared.errors import IndexFormatError, IndexMissingError, IndexStoreError
from indexer.shared.manifest import FORMAT_VERSION
from indexer.shared.storage import current_digest, damaged_files, open_generation
from tests.conftest import BuildIndex
from tests.fakes import FakeEncoder, document


def test_an_index_gives_back_the_documents_it_was_built_from(build: BuildIndex) -> None:
    built = [document("UK0002", "Second one."), document("UK0001", "Première ñ 中.", lang="fr")]
    generation = open_generation(build(built))
    assert [generation.document(row) for row in range(2)] == sorted(built, key=lambda one: one.document_id)
    assert generation.chunk(0, generation.document(0)).text == "Première ñ 中."


def test_a_missing_index_is_not_an_empty_one(tmp_path: Path) -> None:
    with pytest.raises(IndexMissingError, match="concord index"):
        open_generation(tmp_path)


@pytest.mark.parametrize("pointer", ["", "../../etc/passwd", "g" * 16, "0" * 15, "\x00" * 16])
def test_a_pointer_that_is_no_digest_is_refused(tmp_path: Path, pointer: str) -> None:
    (tmp_path / "current").write_text(pointer, encoding="ascii")
    with pytest.raises(IndexStoreError):
        open_generation(tmp_path)


def test_every_file_that_is_cut_short_or_missing_is_named(build: BuildIndex) -> None:
    index = build([document("UK0001", "Some text.")])
    folder = open_generation(index).folder
    for name in open_generation(index).manifest.files:
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content[:-1])
        with pytest.raises(IndexStoreError, match=Path(name).name):
            open_generation(index)
        (folder / name).unlink()
        with pytest.raises(IndexStoreError, match=Path(name).name):
            open_generation(index)
        (folder / name).write_bytes(content)
    open_generation(index)


@pytest.mark.parametrize(
    ("version", "told"), [(FORMAT_VERSION + 1, "newer Concord.*update Concord"), (FORMAT_VERSION - 1, "rebuild")]
)
def test_another_format_is_refused_with_what_to_do(build: BuildIndex, version: int, told: str) -> None:
    index = build([document("UK0001", "Some text.")])
    folder = open_generation(index).folder
    manifest = (folder / "manifest.json").read_text()
    changed = manifest.replace(f'"format_version": {FORMAT_VERSION}', f'"format_version": {version}, "unknown": 1')
    (folder / "manifest.json").write_text(changed)
    with pytest.raises(IndexFormatError, match=told):
        open_generation(index)
    with pytest.raises(IndexFormatError, match=told):
        damaged_files(folder)


def test_the_digest_depends_on_content_not_on_time(build: BuildIndex, tmp_path: Path) -> None:
    one = build([document("UK0001", "Some text.")], index=tmp_path / "a")
    same = build([document("UK0001", "Some text.")], index=tmp_path / "b")
    other = build([document("UK0001", "Other text.")], index=tmp_path / "c")
    assert current_digest(one) == current_digest(same) != current_digest(other)


def test_the_previous_generation_is_kept_and_older_ones_are_pruned(build: BuildIndex) -> None:
    digests = [current_digest(build([document("UK0001", f"Text {number}.")])) for number in range(3)]
    index = build([document("UK0001", "Text 2.")])
    assert sorted(folder.name for folder in (index / "generations").iterdir()) == sorted(digests[1:])


def test_embeddings_are_mapped_unit_vectors(build: BuildIndex) -> None:
    generation = open_generation(build([document("UK0001", "Some text."), document("UK0002", "More text.")]))
    assert isinstance(generation.embeddings, np.memmap)
    assert np.allclose(np.linalg.norm(generation.embeddings, axis=1), 1, atol=1e-5)


def test_the_sentences_of_a_chunk_are_spans_of_its_text_with_a_unit_vector_each(build: BuildIndex) -> None:
    texts = ["Première phrase 𝐀. Deuxième.", "一。二。三。", "One sentence only"]
    langs = ["fr", "zh", "en"]
    generation = open_generation(
        build([document(f"UK000{row}", text, lang=langs[row]) for row, text in enumerate(texts)])
    )
    found = [generation.sentences(row) for row in range(3)]
    cut = [[text[start:end] for start, end in one.spans] for text, one in zip(texts, found, strict=True)]
    assert cut == [["Première phrase 𝐀.", "Deuxième."], ["一。", "二。", "三。"], ["One sentence only"]]
    for one in found:
        assert one.embeddings.codes.dtype == np.int8
        assert one.embeddings.codes.shape == (len(one.spans), FakeEncoder.dim)
    second = FakeEncoder().encode_queries(["二。"])[0]
    assert np.allclose(found[1].embeddings.floats()[1], second, atol=5e-3)


def test_sentences_that_do_not_fit_the_chunks_are_refused(build: BuildIndex) -> None:
    index = build([document("UK0001", "Some text. It goes on.")])
    file = open_generation(index).folder / "sentences.offsets.npy"
    np.save(file, np.array([0, 1], dtype="<u8"))
    with pytest.raises(IndexStoreError, match="don't fit its manifest"):
        open_generation(index)


def test_positions_that_do_not_fit_the_documents_are_refused(
    build: BuildIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("indexer.pipeline.lay_out", lambda *_: np.zeros((2, 2), dtype=np.float32))
    with pytest.raises(IndexStoreError, match="don't fit"):
        build([document("UK0001", "Some text.")])


def test_a_generation_from_before_there_were_positions_opens_without(
    build: BuildIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("indexer.pipeline.POSITIONS_FILE", "something-else.npy")
    generation = open_generation(build([document("UK0001", "Some text.")]))
    assert generation.positions is None
    assert generation.document(0).commitment_id == "UK0001"
