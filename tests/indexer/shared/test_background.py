from __future__ import annotations

from indexer.shared.background import background_revision, read_background


def test_the_background_holds_as_many_different_texts_as_it_says() -> None:
    texts = read_background()
    assert len(texts) == len(set(texts)) == 120
    assert texts[0] == "How long does rice have to cook?"
    assert texts[-1] == "vitendawili na majibu"


def test_every_text_of_the_background_is_short_and_clean() -> None:
    for text in read_background():
        assert text == " ".join(text.split())
        assert 2 < len(text) < 80


def test_its_revision_is_a_digest() -> None:
    assert len(background_revision()) == 16
    assert set(background_revision()) <= set("0123456789abcdef")
