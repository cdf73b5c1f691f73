from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from importlib.resources import files

import pytest

from indexer.languages import detect_language, language_code, languages_of, with_section_languages
from indexer.shared.records import Document, Section
from tests.fakes import document


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("The ministry will publish all of its contracts on one portal.", "en"),
        ("Le ministère publiera tous ses contrats sur un portail unique.", "fr"),
        ("El ministerio publicará todos sus contratos en un portal.", "es"),
        ("O ministério publicará todos os seus contratos em um portal.", "pt"),
        ("Міністерство оприлюднить усі договори на одному порталі.", "uk"),
        ("ستنشر الوزارة جميع عقودها على بوابة واحدة.", "ar"),
        ("המשרד יפרסם את כל החוזים שלו בפורטל אחד.", "he"),
        ("정부는 모든 계약을 하나의 포털에 공개한다.", "ko"),
        ("政府将在一个门户网站上公布所有合同。", "zh"),
        ("კანონის პროექტები ღია იქნება.", "ka"),
        ("ក្រសួងនឹងបោះពុម្ពកិច្ចសន្យាទាំងអស់", "km"),
        ("ក្រសួង", "km"),
    ],
)
def test_prose_is_recognised_without_help(text: str, lang: str) -> None:
    assert detect_language(text) == lang
    assert detect_language(text, likely={"en", "sq"}) == lang


@pytest.mark.parametrize(
    ("text", "country", "lang"),
    [
        ("e-Tax system", "AL", "en"),
        ("E-region pilot project", "UA", "en"),
        ("Portal Compranet", "MX", "es"),
        ("Regional administrative service centres", "UA", "en"),
        ("U-Gov system", "AL", "en"),
    ],
)
def test_a_short_title_stays_in_a_language_of_its_country(text: str, country: str, lang: str) -> None:
    assert detect_language(text, likely=languages_of(country)) == lang


def test_foreign_names_and_addresses_do_not_flip_a_text() -> None:
    spanish = "El portal publica los datos de cada ministerio"
    assert detect_language(f"{spanish} (Open Data Charter, Open Contracting Data Standard).") == "es"
    assert (
        detect_language(f"{spanish}: https://data.example.gov/this/is/the/open/data/portal/of/the/government") == "es"
    )


def test_a_foreign_preface_does_not_decide_over_a_long_text() -> None:
    def lines(lang: str) -> list[str]:
        return (files("indexer.shared") / "data" / "parallel_text" / f"{lang}.txt").read_text("utf-8").split("\n")

    preface = " ".join(line for line in lines("en")[:8] if not line.startswith("#"))
    assert detect_language(preface) == "en"
    assert detect_language(f"{preface} {' '.join(lines('es'))}") == "es"


@pytest.mark.parametrize("text", ["", "  \n", "123 – 45.6 %", "https://example.org/the-open-data-portal"])
def test_a_text_without_words_is_in_no_language(text: str) -> None:
    assert detect_language(text) is None


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("en", "en"),
        ("pt-BR", "pt"),
        ("zh_Hant", "zh"),
        ("EN", "en"),
        ("no", "nb"),
        ("Spanish", "es"),
        ("español", "es"),
        ("Français", "fr"),
        ("русский", "ru"),
        ("한국어", "ko"),
        ("xx", None),
        ("und", None),
        ("", None),
        ("Klingonisch", None),
    ],
)
def test_tags_and_names_of_languages_are_understood(text: str, code: str | None) -> None:
    assert language_code(text) == code


def test_countries_have_their_official_languages() -> None:
    assert {"es", "ca", "eu", "gl"} <= languages_of("ES")
    assert languages_of("MK") >= {"mk"}
    assert languages_of("PH") >= {"tl", "en"}
    assert languages_of(None) == languages_of("XX") == frozenset()


def test_the_detector_is_loaded_only_when_it_is_needed() -> None:
    program = "import sys, indexer.readers.sources, indexer.languages\nassert 'lingua' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)  # noqa: S603 (our own program)
    assert done.returncode == 0, done.stderr


ENGLISH = (
    "The ministry will publish every public contract on one portal before the year ends, and citizens may ask more. "
)
SPANISH = (
    "El ministerio publicará todos los contratos públicos en un solo portal antes de que termine el año, para todos. "
)
ARABIC = (
    "ستنشر الوزارة جميع العقود العامة على بوابة واحدة قبل نهاية العام، ويمكن للمواطنين طلب المزيد من المعلومات عنها. "
)


def in_sections(*bodies: str, lang: str) -> Document:
    text, sections = "", []
    for body in bodies:
        sections.append(Section(kind="description", heading="", start=len(text), end=len(text) + len(body)))
        text += body + "\n\n"
    return replace(document("FR0001", text, lang=lang), sections=tuple(sections))


def test_a_section_in_another_language_says_so() -> None:
    [marked] = with_section_languages([in_sections(ENGLISH * 4, SPANISH * 4, ARABIC * 4, lang="en")])
    assert [section.lang for section in marked.sections] == [None, "es", "ar"]


def test_short_and_mixed_sections_stay_in_their_documents_language() -> None:
    mixed = in_sections(SPANISH, ENGLISH * 3 + SPANISH + ENGLISH * 3, "N/A", lang="en")
    other = in_sections(ENGLISH * 4, lang="es")
    assert list(with_section_languages([mixed, other, mixed]))[::2] == [mixed, mixed]
    assert next(with_section_languages([mixed])) is mixed
