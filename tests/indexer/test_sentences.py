from __future__ import annotations

import pytest

from indexer.sentences import sentence_spans


def cut(text: str, lang: str) -> list[str]:
    return [text[start:end] for start, end in sentence_spans(text, 0, len(text), lang)]


@pytest.mark.parametrize(
    ("lang", "text", "expected"),
    [
        ("fr", "Le hub est prêt. Il ouvre l'été prochain !", ["Le hub est prêt.", "Il ouvre l'été prochain !"]),
        ("es", "¿Qué es? Es un plan.", ["¿Qué es?", "Es un plan."]),
        ("zh", "政府公布合同。公民参与决策。", ["政府公布合同。", "公民参与决策。"]),
        ("hi", "यह योजना है। यह नई है।", ["यह योजना है।", "यह नई है।"]),
        ("en", "One line\nAnother line", ["One line", "Another line"]),
        ("en", "", []),
        ("en", " \n ", []),
    ],
)
def test_sentences_end_where_a_reader_would_end_them(lang: str, text: str, expected: list[str]) -> None:
    assert cut(text, lang) == expected


def test_offsets_count_code_points_inside_the_given_part() -> None:
    text = "Évaluation 😀 à part. Deuxième phrase répétée. Deuxième phrase répétée."
    spans = sentence_spans(text, 11, len(text), "fr")
    assert [text[start:end] for start, end in spans] == [
        "😀 à part.",
        "Deuxième phrase répétée.",
        "Deuxième phrase répétée.",
    ]


def test_an_unknown_language_is_cut_by_general_rules() -> None:
    assert cut("One. Two.", "xx") == ["One.", "Two."]
