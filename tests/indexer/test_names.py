from __future__ import annotations

import pytest

from indexer.names import written_as_names
from indexer.shared.analysis import tokens


def names(text: str, lang: str = "en") -> list[str]:
    return [token.surface for token in written_as_names(text, tokens(text, lang), lang)]


@pytest.mark.parametrize(
    ("text", "lang", "found"),
    [
        ("Documents of the Hillsborough Panel", "en", ["hillsborough", "panel"]),
        ("They met. Then Ana left.", "en", ["ana"]),
        ("a standard, ISO 26000", "en", ["iso"]),
        ("the task force (FATF)", "en", ["fatf"]),
        ("le plan d'Albanie et l’Europe", "fr", ["albanie", "europe"]),
        ("проект в Днепропетровске", "ru", ["днепропетровске"]),
        ("بوابة Open Data", "ar", ["open", "data"]),
        ("第一 Amazon 开放", "zh", ["amazon"]),
        ("all lower case", "en", []),
        ("First words. Second ones! Third? “Fourth” – Fifth\nSixth: Seventh", "en", []),
        ("", "en", []),
    ],
)
def test_words_with_a_capital_inside_of_a_sentence_are_written_as_names(text: str, lang: str, found: list[str]) -> None:
    assert names(text, lang) == found


def test_where_all_nouns_have_capitals_they_say_nothing() -> None:
    assert names("Der Plan der Stadt Berlin", "de") == names("Der Plan der Stadt Berlin", "de-AT") == []
