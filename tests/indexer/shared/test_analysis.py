from __future__ import annotations

import sys
import tomllib
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import Stemmer
from hypothesis import example, given, settings
from hypothesis import strategies as st

from indexer.shared import analysis
from indexer.shared.analysis import MAX_TERM, analysis_revision, last_word, spans_of, tokens
from indexer.shared.word_forms import stem

DATA = Path(__file__).parents[3] / "indexer" / "shared" / "data"
LANGS = ["en", "fr", "es", "tr", "ar", "hi", "zh", "th", "und"]


def terms(text: str, lang: str = "und") -> list[str]:
    return [token.term for token in tokens(text, lang)]


def covered(text: str, lang: str) -> list[str]:
    return [text[token.start : token.end] for token in tokens(text, lang)]


def found_by(word: str, typed: str, lang: str) -> bool:
    """Whether a typed word finds a word of a text, as in search and highlighting."""
    (there,) = tokens(word, lang)
    (query,) = tokens(typed, lang)
    return bool({there.term, there.stem} & {query.term, query.stem})


@pytest.mark.parametrize("lang", ["fr", "en", "es", "und"])
@pytest.mark.parametrize("text", ["d'innovation", "d’innovation", "D‘INNOVATION", "l'innovation", "qu'innovation"])
def test_an_elided_article_is_cut_off_in_every_language(text: str, lang: str) -> None:
    assert terms(text, lang) == terms("innovation", lang)
    assert [word.lower() for word in covered(text, lang)] == ["innovation"]


@pytest.mark.parametrize(
    ("text", "lang", "words"),
    [
        ("dell'amministrazione", "it", ["amministrazione"]),
        ("government's", "en", ["government"]),
        ("Türkiye'nin", "tr", ["Türkiye"]),
        ("aujourd'hui", "fr", ["aujourd'hui"]),
        ("об'єкт", "uk", ["об'єкт"]),
        ("O'Brien", "en", ["O'Brien"]),
        ("'quoted'", "en", ["quoted"]),
    ],
)
def test_apostrophes_part_words_only_where_they_mark_elision_or_a_suffix(
    text: str, lang: str, words: list[str]
) -> None:
    assert covered(text, lang) == words


def test_an_apostrophe_inside_a_word_is_not_part_of_its_term() -> None:
    assert terms("об'єкт", "uk") == terms("об’єкт", "uk") == terms("обєкт", "uk")


@pytest.mark.parametrize(
    ("lang", "word"),
    [
        ("es", "participación"),
        ("fr", "numérique"),
        ("fr", "données"),
        ("fr", "développées"),
        ("fr", "cœur"),
        ("pt", "participações"),
        ("it", "responsabilità"),
        ("ro", "învățământului"),
        ("cs", "veřejných"),
        ("pl", "środków"),
        ("tr", "şeffaflığı"),
        ("tr", "katılım"),
        ("de", "Bürgerbeteiligung"),
        ("de", "Maßnahmen"),
        ("el", "διαφάνεια"),
        ("ca", "administració"),
        ("hu", "közösségi"),
        ("vi", "chính"),
        ("und", "Łódź"),
    ],
)
def test_a_word_typed_without_accents_has_the_same_term(lang: str, word: str) -> None:
    decomposed = unicodedata.normalize("NFD", word)
    plain = "".join(char for char in decomposed if not unicodedata.combining(char))
    for letter, base in {"ß": "ss", "œ": "oe", "ı": "i", "ł": "l", "Ł": "L"}.items():
        plain = plain.replace(letter, base)
    assert plain != word
    assert terms(plain, lang) == terms(word, lang) == terms(decomposed, lang) == terms(word.upper(), lang)


@pytest.mark.parametrize(
    ("lang", "word", "typed"),
    [
        ("en", "commitments", "commitment"),
        ("es", "participación", "participaciones"),
        ("es", "participaciones", "participacion"),
        ("fr", "donnée", "données"),
        ("fr", "publiée", "publier"),
        ("pt", "participação", "participações"),
        ("ca", "acció", "accions"),
        ("ro", "educație", "educației"),
        ("cs", "finančních", "finančními"),
        ("de", "Bürger", "Bürgern"),
        ("ru", "открытость", "открытости"),
        ("ru", "правительство", "правительств"),
        ("ar", "الشفافية", "شفافية"),
        ("ar", "الحكومات", "حكومة"),
        ("el", "κυβέρνηση", "κυβέρνησης"),
        ("hi", "सरकारों", "सरकार"),
        ("tr", "yıllar", "yıl"),
        ("sr", "влада", "vlade"),
        ("fa", "دولت‌ها", "دولت"),
        ("nb", "kommunene", "kommune"),
        ("pt-BR", "cidadãos", "cidadão"),
    ],
)
def test_a_word_is_found_by_its_other_inflections(lang: str, word: str, typed: str) -> None:
    assert found_by(word, typed, lang)
    assert found_by(typed, word, lang)


@pytest.mark.parametrize(
    ("lang", "one", "other"),
    [
        ("es", "año", "ano"),
        ("es", "caña", "cana"),
        ("gl", "ano", "año"),
        ("sv", "får", "far"),
        ("sv", "böta", "bota"),
        ("fi", "säde", "sade"),
        ("da", "køn", "kon"),
        ("nb", "være", "vare"),
        ("ru", "мой", "мои"),
        ("ru", "йод", "иод"),
        ("uk", "їжа", "іжа"),
        ("hi", "कल", "काल"),
        ("th", "มา", "ม้า"),
    ],
)
def test_letters_of_their_own_are_kept_apart(lang: str, one: str, other: str) -> None:
    assert [(token.term, token.stem) for token in tokens(one, lang)] != [
        (token.term, token.stem) for token in tokens(other, lang)
    ]


@pytest.mark.parametrize(
    ("lang", "one", "other"),
    [
        ("en", "El Niño", "El Nino"),
        ("de", "Göteborg", "Goteborg"),
        ("ru", "объём", "объем"),
        ("de", "Straße", "STRASSE"),
        ("tr", "ışık", "IŞIK"),
        ("tr", "İstanbul", "istanbul"),
        ("ar", "حُكُومَة", "حكومة"),
        ("ar", "حكـــومة", "حكومة"),
        ("ar", "٢٠١٨", "2018"),
        ("he", "שָׁלוֹם", "שלום"),
        ("fa", "كتاب", "کتاب"),
        ("el", "ΔΗΜΟΣ", "δήμος"),
        ("en", "Ｆｕｌｌ", "full"),
        ("en", "inno\u00advation", "innovation"),
    ],
)
def test_variants_of_letters_make_no_difference(lang: str, one: str, other: str) -> None:
    assert terms(one, lang) == terms(other, lang) != []


@pytest.mark.parametrize("lang", ["zh", "en", "es"])
def test_unspaced_scripts_give_overlapping_pairs_whatever_the_language(lang: str) -> None:
    assert covered("开放政府", lang) == terms("开放政府", lang) == ["开放", "放政", "政府"]


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("税", ["税"]),
        ("2018年の計画", ["2018", "年の", "の計", "計画"]),
        ("データ", ["デー", "ータ"]),
        ("열린 정부", ["열린", "정부"]),
        ("รัฐบาล", ["รัฐ", "ฐบ", "บา", "าล"]),
        ("ລັດ", ["ລັດ"]),
        ("\u110b\u1167\u11af\u1105\u1175\u11ab", ["\u110b\u1167\u11af\u1105\u1175\u11ab"]),  # 열린, decomposed
        ("ｶﾞｲﾄﾞ", ["ｶﾞｲ", "ｲﾄﾞ"]),
        ("ខ្មែរ", ["ខ្មែ", "មែរ"]),
        ("မြန်မာ", ["မြန်", "န်မာ"]),
        ("AI政策", ["AI", "政策"]),
        ("政府、开放", ["政府", "开放"]),
    ],
)
def test_pairs_are_of_whole_characters_and_end_at_other_scripts(text: str, pairs: list[str]) -> None:
    assert covered(text, "und") == pairs


def test_half_width_and_decomposed_characters_give_the_pairs_of_the_usual_ones() -> None:
    assert terms("ｶﾞｲﾄﾞ") == terms("ガイド")
    assert terms(unicodedata.normalize("NFD", "열린")) == terms("열린")


def test_an_invisible_space_between_words_changes_no_pair() -> None:
    assert terms("រដ្ឋា\u200bភិបាល", "km") == terms("រដ្ឋាភិបាល", "km")


def test_a_pair_has_no_surface_and_a_word_has() -> None:
    assert [token.surface for token in tokens("政府 Données", "fr")] == ["", "données"]


def test_numbers_stay_whole_at_decimal_signs_and_part_at_hyphens() -> None:
    assert terms("2016-18, 11.1 and 10,000; 2016/17.", "en") == ["2016", "18", "11.1", "10000", "2016", "17"]


@pytest.mark.parametrize("lang", ["en", "fr", "ar", "hi", "zh", "th", "und"])
@pytest.mark.parametrize(
    ("same", "number"),
    [
        (["1000", "1,000", "1.000", "1 000", "1\u00a0000", "1\u202f000", "١٠٠٠", "١٬٠٠٠", "१,०००", "๑,๐๐๐"], "1000"),
        (["1234567", "1,234,567", "1.234.567", "1 234 567", "12,34,567", "۱٬۲۳۴٬۵۶۷"], "1234567"),
        (["2.5", "2,5", "٢٫٥", "٢,٥"], "2.5"),
        (["1234.5", "1,234.5", "1.234,5", "1 234,5", "١٬٢٣٤٫٥"], "1234.5"),
        (["0.125", "0,125", "٠٫١٢٥"], "0.125"),
        (["3.3.1.3"], "3.3.1.3"),
        (["12.05.2018"], "12.05.2018"),
        (["2016,2017"], "2016.2017"),
    ],
)
def test_a_number_has_one_form_however_it_is_written(lang: str, same: list[str], number: str) -> None:
    for written in same:
        (token,) = tokens(f"({written}),", lang)
        assert (token.term, token.stem, token.surface) == (number, number, number), written
        assert (token.start, token.end) == (1, 1 + len(written))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("in 2016 100 towns", ["in", "2016", "100", "towns"]),
        ("pages 12 3456", ["pages", "12", "3456"]),
        ("A1 000", ["a1", "000"]),
        ("100 200m", ["100", "200m"]),
        ("from 7 12 000 and 15", ["from", "7", "12000", "and", "15"]),
        ("100 200 300 400 500 600", ["100200300400500", "600"]),
    ],
)
def test_spaces_group_digits_by_three_only(text: str, found: list[str]) -> None:
    assert terms(text) == found


def test_a_long_row_of_digits_is_cut_like_any_word() -> None:
    assert terms("1" * 500) == ["1" * MAX_TERM]


@pytest.mark.parametrize(
    ("text", "lang", "last"),
    [
        ("transpar", "en", (0, "transpar")),
        ("Pública", "es", (0, "publica")),
        ("año", "es", (0, "año")),
        ("e-gov", "en", (2, "gov")),
        ("l'innov", "fr", (2, "innov")),
        ("the", "en", (0, "the")),
        ("running", "en", (0, "running")),
        ("1.000", "es", (0, "1000")),
        ("прозр", "ru", (0, "прозр")),
        ("شفاف", "ar", (0, "شفاف")),
        ("开放", "zh", (2, "")),
        ("정부", "ko", (2, "")),
        ("open开放", "en", (6, "")),
        ("", "en", (0, "")),
        ("!?", "en", (2, "")),
    ],
)
def test_the_last_word_is_folded_but_neither_stemmed_nor_dropped(text: str, lang: str, last: tuple[int, str]) -> None:
    assert last_word(text, lang) == last


def test_a_code_is_one_term_that_no_stemmer_touches() -> None:
    assert terms("UK0066 irm17", "tr") == ["uk0066", "irm17"]


@pytest.mark.parametrize(
    ("lang", "text", "left"),
    [
        ("en", "the right to information", ["right", "information"]),
        ("es", "acceso a la información", ["acceso", "información"]),
        ("fr", "accès à l'information", ["accès", "information"]),
        ("nb", "rett og plikt", ["rett", "plikt"]),
        ("vi", "và the", ["và", "the"]),
    ],
)
def test_stop_words_of_the_language_are_left_out(lang: str, text: str, left: list[str]) -> None:
    assert covered(text, lang) == left
    assert [token.position for token in tokens(text, lang)] == list(range(len(left)))


def test_a_stop_word_typed_without_its_accent_is_left_out_too() -> None:
    assert terms("está esta", "es") == []


def test_a_language_without_stemmer_is_only_folded() -> None:
    assert terms("Kêtkirina agahî", "ku") == ["ketkirina", "agahi"]


def test_long_words_are_cut() -> None:
    (token,) = tokens("x" * 100_000, "en")
    assert (len(token.term), len(token.surface), token.end) == (MAX_TERM, MAX_TERM, 100_000)


def test_many_marks_on_a_character_are_cut() -> None:
    assert all(len(token.term) <= MAX_TERM for token in tokens("政" + "\u0300" * 9_999 + "府", "zh"))


def test_offsets_count_code_points_of_the_text_as_given() -> None:
    assert covered("𝐀 e\u0301te\u0301s 👍🏽 données", "und") == ["𝐀", "e\u0301te\u0301s", "données"]


@settings(deadline=None, database=None)
@given(st.text(max_size=80), st.sampled_from(LANGS))
def test_every_text_gives_words_in_order_that_lie_in_it(text: str, lang: str) -> None:
    found = tokens(text, lang)
    assert [token.position for token in found] == list(range(len(found)))
    assert all(0 <= token.start < token.end <= len(text) for token in found)
    assert [token.start for token in found] == sorted({token.start for token in found})
    assert all(0 < len(token.term) <= MAX_TERM and token.stem for token in found)


@settings(deadline=None, database=None)
@given(st.text(alphabet="abcdeéèêëñçãõüöäåłßœ ", max_size=40), st.sampled_from(["fr", "es", "pt", "sv", "und"]))
def test_composed_and_decomposed_text_give_the_same_terms(text: str, lang: str) -> None:
    assert terms(text, lang) == terms(unicodedata.normalize("NFD", text), lang)


def test_threads_that_stem_at_the_same_time_get_the_same_stems() -> None:
    words = [f"{chr(97 + number % 26)}{chr(97 + number // 26)}nationalizations" for number in range(26 * 26)]
    alone = [stem(word, "en") for word in words]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(lambda word: stem(word, "en"), words)) == alone
    finally:
        sys.setswitchinterval(interval)


def test_every_stemmer_of_the_table_exists() -> None:
    table = tomllib.loads((DATA / "stemmers.toml").read_text(encoding="utf-8"))
    for algorithm in table.values():
        assert algorithm in Stemmer.algorithms()


def test_the_revision_is_that_of_tables_and_stemmers(monkeypatch: pytest.MonkeyPatch) -> None:
    before = analysis_revision()
    assert before == analysis_revision()
    assert len(before) == 16
    monkeypatch.setattr("indexer.shared.word_forms.version", lambda _: "another")
    assert analysis_revision() != before


PLAIN = "".join(filter(analysis._PLAIN_TEXT.fullmatch, map(chr, range(sys.maxunicode + 1))))
plain_texts = st.text(st.sampled_from(PLAIN) | st.sampled_from("aZé_ .,'\u2019\u02bc\u00ad\u00a0019"), max_size=30)


@pytest.mark.skipif(not analysis._RELIABLE, reason="Python's patterns aren't used before 3.11.5")
@given(plain_texts)
@settings(max_examples=500)
def test_the_pattern_for_plain_texts_finds_the_words_that_the_one_for_all_texts_does(text: str) -> None:
    found = [match.span() for match in analysis._PLAIN_WORD.finditer(text)]
    assert found == [match.span() for match in analysis._WORD_OR_RUN.finditer(text)]


@pytest.mark.skipif(not analysis._RELIABLE, reason="Python's patterns aren't used before 3.11.5")
def test_each_plain_character_is_read_alike_by_both_patterns() -> None:
    for pattern in ("{}", "a{}b", "1{}2", "a{0}{0}1", "1{}345"):
        for character in PLAIN:
            text = pattern.format(character)
            found = [match.span() for match in analysis._PLAIN_WORD.finditer(text)]
            assert found == [match.span() for match in analysis._WORD_OR_RUN.finditer(text)], ascii(text)


@given(plain_texts, st.sampled_from(["en", "fr", "und"]))
@example("from 1 000 000 to 2 000, 1 2", "en")
@example("l\u2019action d'un\nétat  public", "fr")
@example("word " + "very-long-" * 40 + " words", "en")
@settings(max_examples=500)
def test_words_found_piece_by_piece_are_those_of_the_whole_text(text: str, lang: str) -> None:
    found = tokens(text, lang)
    for words in (found, found[::2], found[1::2]):
        forms = {form for word in words for form in (word.term, word.stem)}
        same = [(word.start, word.end) for word in found if word.term in forms or word.stem in forms]
        assert spans_of(forms, text, lang) == same
