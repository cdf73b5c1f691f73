from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.shared.word_forms import number
from searchapp.search.highlights import nearest_sentence, sentence_highlight, word_highlights
from searchapp.search.query import Correction, parse_query
from searchapp.search.results import Highlight

Mark = Callable[[np.ndarray, np.ndarray], tuple[Highlight, ...]]


def marked(text: str, lang: str, query: str) -> list[str]:
    return [text[span.start : span.end] for span in word_highlights(text, lang, parse_query(query))]


@pytest.mark.parametrize(
    ("text", "lang", "query", "spans"),
    [
        ("Un centre d'innovation publique", "fr", "innovation hub", ["innovation"]),
        ("Un centre d’INNOVATION publique", "en", "innovation hub", ["INNOVATION"]),
        ("La participación ciudadana", "es", "participacion", ["participación"]),
        ("PARTICIPACION CIUDADANA", "es", "participación", ["PARTICIPACION"]),
        ("Les commitments of 2016-18", "en", "commitment 2016", ["commitments", "2016"]),
        ("Обеспечение открытости власти", "ru", "открытость", ["открытости"]),
        ("تعزيز الشفافية والمساءلة", "ar", "شفافية", ["الشفافية"]),
        ("El año y el ano", "es", "año", ["año"]),
        ("The right to information", "en", "the to right", ["right"]),
        ("nothing here", "en", "hub", []),
        ("", "en", "hub", []),
    ],
)
def test_words_are_marked_across_accents_inflection_and_elision(
    text: str, lang: str, query: str, spans: list[str]
) -> None:
    assert marked(text, lang, query) == spans


@pytest.mark.parametrize(
    ("text", "lang", "query", "spans"),
    [
        ("推进开放政府建设", "zh", "开放政府", ["开放政府"]),
        ("推进开放的政府", "zh", "开放政府", ["开放", "政府"]),
        ("열린 정부를 위한", "ko", "열린 정부", ["열린", "정부"]),
        ("データの公開", "ja", "データ", ["データ"]),
        ("ข้อมูลเปิดของรัฐบาล", "th", "รัฐบาล", ["รัฐบาล"]),
    ],
)
def test_pairs_that_touch_become_one_span(text: str, lang: str, query: str, spans: list[str]) -> None:
    assert marked(text, lang, query) == spans


def test_a_phrase_is_marked_as_a_whole_and_its_words_nowhere_else() -> None:
    text = "Open data: the data that are open. Open the data!"
    assert marked(text, "en", '"open data"') == ["Open data", "Open the data"]
    assert marked("data, then open", "en", '"open data"') == []


def test_a_word_beside_a_phrase_is_marked_everywhere() -> None:
    assert marked("data hub, open data, data", "en", '"open data" data') == ["data", "open data", "data"]


def test_a_phrase_is_found_over_stop_words() -> None:
    assert marked("the right to information act", "en", '"right to information"') == ["right to information"]


def test_a_phrase_of_one_word_is_marked_like_the_word() -> None:
    assert marked("duas participações", "pt", '"participação"') == ["participações"]


def test_excluded_words_are_not_marked() -> None:
    assert marked("open data", "en", "open -data") == ["open"]
    assert marked("open data", "en", "open -dat*") == ["open"]


@pytest.mark.parametrize(
    ("text", "lang", "query", "spans"),
    [
        ("Transparency, transparent; apparent", "en", "transpar*", ["Transparency", "transparent"]),
        ("La participación y los participantes", "es", "Particip*", ["participación", "participantes"]),
        ("Sociedades democráticas", "es-MX", "democratic*", ["democráticas"]),
        ("d'innovation et l’INNOVATEUR", "fr", "innova*", ["innovation", "INNOVATEUR"]),
        ("تعزيز الشفافية والمساءلة", "ar", "شفاف*", ["الشفافية"]),
        ("推进开放政府建设", "zh", "开放*", ["开放"]),
        ("The theory", "en", "the*", ["theory"]),
        ("In 2016 and 2017", "en", "201*", ["2016", "2017"]),
        ("the e-government and e-mail", "en", "e-gov*", ["e", "government", "e"]),
    ],
)
def test_all_words_that_a_prefix_finds_are_marked(text: str, lang: str, query: str, spans: list[str]) -> None:
    assert marked(text, lang, query) == spans


def test_words_used_for_a_misspelt_one_are_marked_in_their_language() -> None:
    correction = Correction(word="goverment", near=(("en", "government"),))
    query = replace(parse_query("goverment"), corrections=(correction,))
    text = "Governments govern"
    assert [text[span.start : span.end] for span in word_highlights(text, "en-GB", query)] == ["Governments", "govern"]
    assert word_highlights(text, "fr", query) == ()


@pytest.mark.parametrize(
    ("lang", "text"), [("fr", "dix mille, 10 000 €"), ("en", "10,000 people"), ("ar", "١٠٬٠٠٠ دينار")]
)
def test_a_number_is_marked_however_it_is_written(lang: str, text: str) -> None:
    (span,) = word_highlights(text, lang, parse_query("10.000"))
    assert number(text[span.start : span.end]) == "10000"


def test_spans_count_code_points() -> None:
    (span,) = word_highlights("𝐀👍 données", "fr", parse_query("donnees"))
    assert (span.start, span.end, span.kind) == (3, 10, "word")


@settings(deadline=None, database=None)
@given(st.text(max_size=200), st.sampled_from(["en", "fr", "zh", "th", "ar"]), st.data())
def test_spans_lie_in_the_text_in_order_and_apart(text: str, lang: str, data: st.DataObject) -> None:
    typed = data.draw(st.sampled_from([word for word in text.split() if word.isalpha()] or ["data"]))
    spans = word_highlights(text, lang, parse_query(f'{typed[:90]} "open data" e'))
    edges = [edge for span in spans for edge in (span.start, span.end)]
    assert edges == sorted(set(edges))
    assert all(0 <= edge <= len(text) for edge in edges)


def nearest(*cosines: float, mark: Mark = sentence_highlight) -> list[tuple[int, int]]:
    """The span marked for a query that is so similar to the sentences [0, 10), [10, 20) and so on."""
    spans = np.array([(10 * row, 10 * row + 10) for row in range(len(cosines))], dtype=np.int32).reshape(-1, 2)
    found = mark(spans, np.array(cosines, dtype=np.float32))
    assert all(one.kind == "semantic" for one in found)
    return [(one.start, one.end) for one in found]


def test_the_sentence_nearest_to_the_query_is_marked() -> None:
    assert nearest(0.1, 0.2, 0.6, 0.15) == [(20, 30)]
    assert nearest(-0.3, -0.3, -0.3, -0.1) == [(30, 40)]


def test_no_sentence_is_marked_where_none_stands_out() -> None:
    assert nearest(0.5, 0.5, 0.5) == []
    assert nearest(0.5, 0.5, 0.5, 0.1) == []


def test_one_or_two_sentences_have_nothing_to_stand_out_from() -> None:
    assert nearest() == nearest(0.9) == nearest(0.9, 0.1) == []


def test_the_nearest_sentence_is_marked_whether_or_not_it_stands_out_but_never_a_passage_whole() -> None:
    assert nearest(0.5, 0.51, 0.5, 0.5, mark=nearest_sentence) == [(10, 20)]
    assert nearest(0.1, 0.9, mark=nearest_sentence) == [(10, 20)]
    assert nearest(0.9, mark=nearest_sentence) == nearest(mark=nearest_sentence) == []
