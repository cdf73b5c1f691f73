from __future__ import annotations

import pytest

from searchapp.search.results import Highlight, Passage
from searchapp.web.text import paragraphs, segments, sentence, shown


def cut(text: str, *highlights: Highlight) -> list[tuple[str, str | None]]:
    passage = Passage(chunk_id="x", section="description", lang="fr", text=text, highlights=highlights)
    return [(piece.text, piece.kind) for piece in segments(passage)]


def test_a_passage_without_highlights_is_one_piece() -> None:
    assert cut("un centre") == [("un centre", None)]


def test_an_empty_passage_has_no_pieces() -> None:
    assert cut("") == []


def test_highlights_are_cut_out_by_code_points() -> None:
    assert cut(
        "\U0001d4b3é hub 中心", Highlight(start=3, end=6, kind="word"), Highlight(start=7, end=9, kind="semantic")
    ) == [
        ("\U0001d4b3é ", None),
        ("hub", "word"),
        (" ", None),
        ("中心", "semantic"),
    ]


def test_a_word_wins_over_the_sentence_around_it() -> None:
    sentence_around = Highlight(start=0, end=13, kind="semantic")
    assert cut("the data hub.", sentence_around, Highlight(start=4, end=8, kind="word")) == [
        ("the ", "semantic"),
        ("data", "word"),
        (" hub.", "semantic"),
    ]


def test_touching_highlights_of_one_kind_are_one_piece() -> None:
    assert cut("abcd", Highlight(start=0, end=2, kind="word"), Highlight(start=2, end=4, kind="word")) == [
        ("abcd", "word")
    ]


@pytest.mark.parametrize(("start", "end"), [(-5, 3), (2, 99), (3, 3), (5, 2), (40, 50)])
def test_highlights_beyond_the_text_lose_none_of_it(start: int, end: int) -> None:
    assert "".join(text for text, _ in cut("abcde", Highlight(start=start, end=end, kind="semantic"))) == "abcde"


def test_text_is_shown_without_control_characters_and_overrides() -> None:
    assert shown("a\x00b\u202ec\u202d\x85\n\td") == "a\ufffdbc\ufffd\n\td"


def test_only_plain_text_is_changed_when_shown() -> None:
    assert shown(7) == 7
    assert shown(None) is None


def test_paragraphs_are_separated_by_blank_lines() -> None:
    assert paragraphs("one\nline\n \n\ntwo\n\n") == ["one\nline", "two"]


def test_a_reason_becomes_a_sentence() -> None:
    assert sentence("there is none") == "There is none."
    assert sentence("Gone.") == "Gone."
