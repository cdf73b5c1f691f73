from __future__ import annotations

from itertools import pairwise

import pytest

from indexer.chunking import MAX_WORDS, MIN_WORDS, TokenLimit, chunk_document, passage_text
from indexer.shared.records import Document, Section
from indexer.shared.words import count_words
from tests.fakes import document

SENTENCE = "The ministry will publish every contract on one portal before the end of the year. "
CHINESE = "政府将在年底之前在一个门户网站上公布所有的公共采购合同。"


def sections(*bodies: tuple[str, str]) -> Document:
    text, parts = "", []
    for kind, body in bodies:
        parts.append(Section(kind=kind, heading=kind.title(), start=len(text), end=len(text) + len(body)))
        text += body + "\n\n"
    base = document("UK0001", text)
    return Document(**{name: getattr(base, name) for name in base.__slots__} | {"sections": tuple(parts)})


def test_every_chunk_is_the_slice_that_it_names() -> None:
    whole = document("UK0001", (SENTENCE * 50).strip())
    for chunk in chunk_document(whole):
        assert whole.text[chunk.start : chunk.end] == chunk.text
        assert chunk.text == chunk.text.strip()


def test_long_text_is_cut_into_chunks_of_80_to_150_words_at_sentence_ends() -> None:
    chunks = chunk_document(document("UK0001", (SENTENCE * 50).strip()))
    assert len(chunks) > 3
    for chunk in chunks:
        assert MIN_WORDS <= count_words(chunk.text) <= MAX_WORDS
        assert chunk.text.endswith(".")


def test_chunks_cover_the_text_once() -> None:
    whole = document("UK0001", (SENTENCE * 50).strip())
    chunks = chunk_document(whole)
    assert chunks[0].start == 0
    assert chunks[-1].end == len(whole.text)
    for one, other in pairwise(chunks):
        assert whole.text[one.end : other.start].strip() == ""


def test_a_chunk_never_crosses_a_section() -> None:
    whole = sections(("description", SENTENCE * 3), ("midterm_review", SENTENCE * 12))
    assert [chunk.section for chunk in chunk_document(whole)] == ["description", "midterm_review", "midterm_review"]


def test_facts_and_notes_are_not_searched_unless_there_is_nothing_else() -> None:
    both = sections(("at_glance", SENTENCE), ("description", SENTENCE), ("notes", SENTENCE))
    assert [chunk.section for chunk in chunk_document(both)] == ["description"]
    only = sections(("at_glance", SENTENCE))
    assert [chunk.section for chunk in chunk_document(only)] == ["at_glance"]


def test_cuts_prefer_the_end_of_a_paragraph() -> None:
    paragraph = (SENTENCE * 6).strip()
    chunks = chunk_document(document("UK0001", "\n\n".join([paragraph] * 3)))
    assert [chunk.text for chunk in chunks] == [paragraph] * 3


@pytest.mark.parametrize("text", ["word " * 1000, "字" * 3000, CHINESE * 60, "x" * 5000])
def test_no_chunk_has_more_than_150_words_even_without_sentences(text: str) -> None:
    for chunk in chunk_document(document("UK0001", text.strip())):
        assert count_words(chunk.text) <= MAX_WORDS


def test_no_passage_exceeds_the_encoders_limit() -> None:
    limit = TokenLimit(count=lambda passages: [4 * count_words(passage) for passage in passages], limit=200)
    whole = document("UK0001", (SENTENCE * 50).strip())
    chunks = chunk_document(whole, limit)
    passages = [passage_text(whole, whole.sections[0], chunk.text) for chunk in chunks]
    assert max(limit.count(passages)) <= 200
    assert "".join(chunk.text for chunk in chunks).replace(" ", "") == whole.text.replace(" ", "")


def test_even_a_word_without_end_is_cut_to_the_encoders_limit() -> None:
    limit = TokenLimit(count=lambda passages: [len(passage) for passage in passages], limit=400)
    whole = document("UK0001", "x" * 5000)
    chunks = chunk_document(whole, limit)
    assert "".join(chunk.text for chunk in chunks) == whole.text
    assert max(limit.count([passage_text(whole, whole.sections[0], chunk.text) for chunk in chunks])) <= 400


def test_a_passage_carries_title_and_section_and_bounds_both() -> None:
    whole = document("UK0001", "Body.", title="word " * 500)
    passage = passage_text(whole, whole.sections[0], "Body.")
    assert passage.startswith("word word")
    assert "\nDescription\nBody." in passage
    assert count_words(passage) < 50


def test_chunk_ids_number_the_chunks_of_a_document() -> None:
    chunks = chunk_document(document("UK0001", (SENTENCE * 50).strip(), lang="en"))
    assert [chunk.chunk_id for chunk in chunks] == [f"UK0001.en#{number:03d}" for number in range(len(chunks))]


def test_an_empty_document_has_no_chunks() -> None:
    assert chunk_document(document("UK0001", "")) == []
