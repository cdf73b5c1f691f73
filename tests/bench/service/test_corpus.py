from __future__ import annotations

from pathlib import Path

from bench.service.corpus import make_documents
from bench.sets import ogp_knownitem
from evaluation.dataset import Dataset
from indexer.chunking import chunk_document
from indexer.shared.words import count_words
from tests.bench.fakes import write_sets
from tests.evaluation.fakes import write_set


def commitments(folder: Path) -> Dataset:
    write_set(
        folder / "ogp_knownitem_dev",
        documents=[
            {"id": "a", "lang": "en", "text": "A portal shows every budget. Schools publish what they buy."},
            {"id": "b", "lang": "es", "text": "El portal muestra cada presupuesto. " + "palabra " * 90 + "."},
        ],
        queries=[{"id": "q", "lang": "en", "text": "Open budgets"}],
        qrels=[("q", "a", 1)],
    )
    return ogp_knownitem(folder)


def test_there_are_as_many_chunks_as_asked_for(tmp_path: Path) -> None:
    dataset = ogp_knownitem(write_sets(tmp_path))
    for size in (1, 2, 7):
        chunks = [chunk for document in make_documents(dataset, size) for chunk in chunk_document(document)]
        assert len(chunks) == size
        assert all(80 <= count_words(chunk.text) < 150 for chunk in chunks)


def test_texts_are_sentences_and_titles_of_their_own_language(tmp_path: Path) -> None:
    documents = make_documents(commitments(tmp_path), 40)
    assert {document.lang for document in documents} == {"en", "es"}
    for document in documents:
        assert ("presupuesto." in document.text, "budget." in document.text) == (
            document.lang == "es",
            document.lang == "en",
        )
        assert "palabra palabra" not in document.text
        assert document.title == ("Open budgets" if document.lang == "en" else "El portal muestra cada presupuesto.")


def test_a_seed_makes_the_same_documents_in_order(tmp_path: Path) -> None:
    dataset = commitments(tmp_path)
    documents = make_documents(dataset, 30, seed=3)
    assert documents == make_documents(dataset, 30, seed=3)
    assert documents != make_documents(dataset, 30, seed=4)
    ids = [document.document_id for document in documents]
    assert ids == sorted(ids)
