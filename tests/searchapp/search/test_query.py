from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.shared.analysis import tokens
from indexer.shared.errors import QueryError
from searchapp.search.local_query import in_language
from searchapp.search.query import (
    MAX_CLAUSES,
    MAX_QUERY,
    MAX_TERMS,
    Correction,
    Query,
    QueryFields,
    parse_query,
    plain_query,
    respelt,
)


def reason(text: str) -> str:
    with pytest.raises(QueryError) as caught:
        parse_query(text)
    assert caught.value.field == "q"
    return caught.value.reason


def test_words_are_terms() -> None:
    assert parse_query("  open   data ") == Query(text="open data", terms=("open", "data"))


def test_quotes_make_phrases_that_stay_in_the_text() -> None:
    query = parse_query('portal "open data" budget')
    assert query == Query(text="portal open data budget", terms=("portal", "budget"), phrases=("open data",))


@pytest.mark.parametrize("typed", ["“open data”", "„open data“", "«open data»", "« open data »", '"open data"'])
def test_every_kind_of_double_quote_quotes(typed: str) -> None:
    assert parse_query(typed).phrases == ("open data",)


def test_a_quote_inside_a_word_quotes_nothing() -> None:
    assert parse_query('צה"ל ארה"ב').terms == ('צה"ל', 'ארה"ב')


def test_a_minus_before_a_word_or_phrase_excludes_it() -> None:
    query = parse_query('innovation -health -"open data"')
    assert query == Query(text="innovation", terms=("innovation",), excluded=("health", "open data"))


@pytest.mark.parametrize("typed", ["e-government", "2016-18", "a - b", "--health", "data -", "x –health"])
def test_other_minuses_exclude_nothing(typed: str) -> None:
    assert parse_query(typed).excluded == ()


def test_known_fields_are_taken_out_of_the_text() -> None:
    query = parse_query("budget lang:FR lang:pt-BR country:kr year:2016 year:2016-2018 id:uk0066 Country:GB")
    assert query.text == "budget"
    assert query.terms == ("budget",)
    assert query.fields == QueryFields(
        lang=("fr", "pt"), country=("KR", "GB"), year=((2016, 2016), (2016, 2018)), id=("UK0066",)
    )


@pytest.mark.parametrize(
    "typed",
    ["a:b", "title:budget", "lang:", "lang:française", "country:france", "year:soon", "year:20", "https://x.org"],
)
def test_unknown_fields_and_values_are_plain_text(typed: str) -> None:
    assert parse_query(typed) == Query(text=typed, terms=(typed,))


@pytest.mark.parametrize(
    "typed", ["or", "not", "AND", "hub NOT NOT x", "[a TO [a TO", "a AND (b", "x^2 ~y", "(((a", "a || b", "<script>"]
)
def test_operators_of_other_engines_are_plain_text(typed: str) -> None:
    assert parse_query(typed).text == typed
    assert parse_query(typed).terms == tuple(word for word in typed.split() if any(map(str.isalnum, word)))


@pytest.mark.parametrize("typed", ['"open data', 'open data"', 'open "" data', '"', '""', '"""', "“open data"])
def test_a_lone_or_empty_quote_is_plain_text(typed: str) -> None:
    if any(map(str.isalnum, typed)):
        query = parse_query(typed)
        assert (len(query.terms), query.phrases) == (2, ())
    else:
        assert reason(typed).startswith("there is no word")


@pytest.mark.parametrize(
    ("typed", "prefixes"),
    [
        ("transpar*", ("transpar",)),
        ("Públ* and con*", ("Públ", "con")),
        ("(transpar*),", ("transpar",)),
        ("e-gov*", ("e-gov",)),
        ("l'innov*", ("l'innov",)),
        ("2016*", ("2016",)),
        ("прозр* شفاف*", ("прозр", "شفاف")),
        ("id:UK00*", ("id:UK00",)),
    ],
)
def test_a_star_at_the_end_of_a_word_makes_it_a_prefix(typed: str, prefixes: tuple[str, ...]) -> None:
    query = parse_query(typed)
    assert query.prefixes == prefixes
    assert query.commitment_ids == ()
    assert "*" not in query.text
    assert all(prefix in query.text for prefix in prefixes)


def test_a_prefix_can_be_all_there_is_and_its_text_is_encoded_without_the_star() -> None:
    assert parse_query("transpar* law") == Query(text="transpar law", terms=("law",), prefixes=("transpar",))
    assert parse_query("transpar*") == Query(text="transpar", terms=(), prefixes=("transpar",))


def test_a_prefix_can_be_excluded() -> None:
    assert parse_query("law -transpar*") == Query(text="law", terms=("law",), excluded_prefixes=("transpar",))
    assert reason("-transpar*") == "there are only words to leave out; add a word to search for"


@pytest.mark.parametrize("typed", ["开放*", "열린*", "ข้อ*", "open开放*"])
def test_where_words_are_cut_into_pairs_a_star_changes_nothing(typed: str) -> None:
    assert parse_query(f"a {typed}") == parse_query(f"a {typed.removesuffix('*')}")
    assert parse_query(f"a -{typed}") == parse_query(f"a -{typed.removesuffix('*')}")


@pytest.mark.parametrize("typed", ["tr*", "5*", "e-g*", "a -tr*", "(tr*)", "l'a*"])
def test_a_star_after_fewer_than_three_letters_is_refused(typed: str) -> None:
    word = typed.rsplit(maxsplit=1)[-1].removeprefix("-")
    message = f"at least 3 letters must stand before a star, as in innova*; this is {word!r}"
    assert reason(typed) == message


@pytest.mark.parametrize("typed", ["inno*tion", "x -inno*tion", "2*3", "in**no*"])
def test_a_star_inside_a_word_is_refused(typed: str) -> None:
    word = typed.rsplit(maxsplit=1)[-1].removeprefix("-")
    assert reason(typed) == f"a star can only end a word, as in innova*; this is {word!r}"


@pytest.mark.parametrize(
    "typed", ["open *", "**open**", "*open", "open **", "open.*", "* open *", '"open dat*"', "open*?*"]
)
def test_other_stars_are_punctuation(typed: str) -> None:
    query = parse_query(typed)
    assert (query.prefixes, query.excluded_prefixes) == ((), ())
    assert [token.term for token in in_language(query, "en").words][:1] == ["open"]


def test_a_prefix_is_read_in_each_language_and_not_stemmed() -> None:
    query = parse_query("e-Año* x")
    assert in_language(query, "es").prefixes == ("año",)
    assert in_language(query, "fr").prefixes == ("ano",)
    assert {token.term for token in in_language(query, "en").loose} == {"e", "x"}
    (excluded,) = in_language(parse_query("x -e-gov*"), "en").excluded_prefixes
    assert (excluded.start, [token.term for token in excluded.before]) == ("gov", ["e"])


@pytest.mark.parametrize("typed", ["10 000", "report of 1 000 000,5", "a 10 000 b", "10 000?"])
def test_digits_in_groups_are_one_word(typed: str) -> None:
    assert "10" not in parse_query(typed).terms
    assert parse_query(typed) == plain_query(typed)
    assert len(in_language(parse_query(typed), "und").words) == len(
        typed.replace("10 000", "n").replace("1 000 000,5", "n").split()
    )


@pytest.mark.parametrize("typed", ["*", "?!", "-", "...", "🙂", "[] ()", "-*", '-""'])
def test_punctuation_alone_is_nothing_to_search_for(typed: str) -> None:
    assert reason(typed) == f"there is no word to search for in {typed!r}"


@pytest.mark.parametrize("typed", ["", "   ", "\n\t"])
def test_an_empty_query_says_what_to_do(typed: str) -> None:
    assert reason(typed) == "type some words to search for"


@pytest.mark.parametrize("typed", ["-health", "-health country:FR", "-heal* year:2018"])
def test_exclusions_without_words_say_what_is_missing(typed: str) -> None:
    assert reason(typed) == "there are only words to leave out; add a word to search for"


def test_filters_alone_ask_for_all_that_passes_them() -> None:
    assert parse_query("country:FR year:2018").browses
    assert not parse_query("country:FR id:UK0066").browses
    assert not parse_query("country:FR portal").browses


@pytest.mark.parametrize("typed", ["UK0066", "uk0066", "(UK0066),", '"uk0066"'])
def test_a_commitment_id_is_recognised_and_is_a_word_too(typed: str) -> None:
    query = parse_query(typed)
    assert query.commitment_ids == ("UK0066",)
    assert query.text != ""


def test_an_id_field_alone_can_be_searched_for_but_not_encoded() -> None:
    query = parse_query("id:irm17-0001")
    assert (query.commitment_ids, query.text, query.terms) == (("IRM17-0001",), "", ())


@pytest.mark.parametrize("typed", ["covid-19", "2018", "G20", "open", "h2o", "COP26"])
def test_other_words_are_no_commitment_ids(typed: str) -> None:
    assert parse_query(typed).commitment_ids == ()


def test_control_and_invisible_characters_are_removed() -> None:
    assert parse_query("inno\x00va\u200btion\u202e\tdata\ud800").text == "innovation data"


def test_text_is_composed_and_keeps_the_joiners_of_persian() -> None:
    assert parse_query("e\u0301tat می\u200cخواهم").terms == ("état", "می\u200cخواهم")


def test_the_longest_query_is_read_and_a_longer_one_is_not() -> None:
    assert len(parse_query("a" * MAX_QUERY).text) == MAX_QUERY
    assert reason("a" * (MAX_QUERY + 1)) == "at most 1,000 characters are searched for, this has 1,001"


def test_words_after_the_last_that_counts_still_reach_the_encoder() -> None:
    words = [f"w{number}" for number in range(MAX_TERMS + 9)]
    query = parse_query(" ".join(words))
    assert query.terms == tuple(words[:MAX_TERMS])
    assert query.text.split() == words


def test_too_many_phrases_and_exclusions_are_an_error_not_ignored() -> None:
    assert len(parse_query("x " + "-y " * MAX_CLAUSES).excluded) == MAX_CLAUSES
    message = "at most 16 quoted phrases, exclusions and stars fit in one search"
    for one_more in ('"z"', "zzz*", "-zzz*"):
        assert reason("x " + "-y " * MAX_CLAUSES + one_more) == message


def test_each_language_reads_a_query_in_its_own_way() -> None:
    query = parse_query("die Daten")
    assert [token.term for token in in_language(query, "de").words] == ["dat"]
    assert [token.term for token in in_language(query, "en").words] == ["die", "daten"]


def test_repeated_words_are_looked_up_once() -> None:
    assert len(in_language(parse_query('data DATA "data" datas'), "en").words) == 1


def test_words_of_phrases_are_words_but_not_loose_ones() -> None:
    local = in_language(parse_query('hub "open data"'), "en")
    assert [token.term for token in local.loose] == ["hub"]
    assert {token.term for token in local.words} == {"hub", "open", "data"}


def test_a_long_text_without_spaces_is_looked_up_to_the_limit() -> None:
    typed = "".join(chr(0x4E00 + number) for number in range(MAX_QUERY))
    local = in_language(parse_query(f'"{typed[:-2]}"'), "zh")
    assert (len(local.words), len(local.phrases[0])) == (MAX_TERMS, MAX_TERMS)


PIECES = [*'"-:*[]()a1 \u0301é“”政', "lang:", "year:2018", " TO ", "id:", "open", "data* ", " -health", " 10 000 "]
ANY_TEXT = st.one_of(st.text(max_size=MAX_QUERY + 5), st.lists(st.sampled_from(PIECES), max_size=300).map("".join))


def clauses(query: Query) -> list[str]:
    return [*query.phrases, *query.excluded, *query.prefixes, *query.excluded_prefixes]


@settings(deadline=None, database=None)
@given(ANY_TEXT)
def test_any_text_gives_a_query_or_a_query_error(text: str) -> None:
    with suppress(QueryError):
        query = parse_query(text)
        assert query.text or query.fields.id or query.browses
        assert len(query.terms) <= MAX_TERMS
        assert len(clauses(query)) <= MAX_CLAUSES
        for lang in ("en", "zh", "tr"):
            local = in_language(query, lang)
            assert len(local.words) <= MAX_TERMS
            assert len(local.prefixes) + len(local.excluded_prefixes) <= MAX_CLAUSES
            assert all(local.prefixes)
            assert all(prefix.start for prefix in local.excluded_prefixes)


@settings(deadline=None, database=None)
@given(ANY_TEXT)
def test_a_query_reads_the_same_however_its_spaces_are_typed(text: str) -> None:
    with suppress(QueryError):
        query = parse_query(text)
        tidied = parse_query(" ".join(text.split()))
        assert (tidied.terms, tidied.prefixes, tidied.fields) == (query.terms, query.prefixes, query.fields)
        assert [part.split() for part in clauses(tidied)] == [part.split() for part in clauses(query)]


def test_a_number_that_holds_the_word_to_correct_stays() -> None:
    assert respelt("000 0 000", [Correction(word="000", near=(("en", "zzzzz"),))]) == "zzzzz 0 000"


@settings(deadline=None, database=None)
@given(ANY_TEXT, st.data())
def test_correcting_a_word_leaves_all_else_as_it_was(text: str, data: st.DataObject) -> None:
    with suppress(QueryError):
        query = parse_query(text)
        words = [token for term in query.terms for token in tokens(term, "")] or None
        if words is None:
            return
        term = data.draw(st.sampled_from([term for term in query.terms if tokens(term, "")]))
        token = tokens(term, "")[0]
        word = term[token.start : token.end]
        again = parse_query(respelt(text, [Correction(word=word, near=(("en", "zzzzz"),))]))
        assert clauses(again) == clauses(query)
        assert again.fields == query.fields
        assert len(again.terms) == len(query.terms)


def test_a_corrected_query_keeps_its_phrases_exclusions_fields_and_stars() -> None:
    typed = "inovation “inovation hub” -inovation lang:fr inovation* (inovation), l'inovation preinovation id:inovation"
    corrections = [Correction(word="inovation", near=(("en", "innovation"), ("fr", "innovations")))]
    assert respelt(typed, corrections) == (
        'innovation "inovation hub" -inovation lang:fr inovation* (innovation), l\'innovation preinovation id:inovation'
    )
    assert respelt("any “thing”", []) == "any “thing”"


def test_the_words_used_for_a_misspelt_one_are_named_once_and_in_order() -> None:
    near = (("fr", "innovation"), ("en", "innovation"), ("en", "innovative"))
    assert Correction(word="inovation", near=near).used == ("innovation", "innovative")


def test_each_language_gets_its_own_words_for_a_misspelt_one() -> None:
    correction = Correction(word="datta", near=(("en", "data"), ("es", "datos"), ("en", "date")))
    query = replace(parse_query("datta"), corrections=(correction,))
    (english,), (spanish,) = (in_language(query, lang).near for lang in ("en-GB", "es"))
    assert [token.surface for token in english.tokens] == ["data", "date"]
    assert [token.surface for token in spanish.tokens] == ["datos"]
    assert (english.terms, spanish.terms) == ({"datta"}, {"datt"})
    assert in_language(query, "fr").near == ()


@pytest.mark.parametrize(
    "text",
    [
        'What is "open data"?',
        "data -health",
        "transpar* a* inno*tion *",
        '-"open data" -x',
        "lang:fr year:2016",
        "id:UK0066",
        "« données »: -non",
    ],
)
def test_in_a_plain_query_nothing_is_an_operator(text: str) -> None:
    query = plain_query(text)
    assert query.text == text
    assert query.phrases == ()
    assert query.excluded == ()
    assert query.prefixes == ()
    assert query.fields == QueryFields()


def test_a_plain_query_reads_words_as_a_typed_one_does() -> None:
    text = "Open  data – in\tSeoul, UK0066"
    assert plain_query(text) == parse_query(text)
    assert plain_query(text).commitment_ids == ("UK0066",)


def test_a_plain_query_may_be_of_any_length_of_which_some_words_are_looked_up() -> None:
    text = " ".join(f"word{number}" for number in range(1000))
    assert plain_query(text).text == text
    assert len(plain_query(text).terms) == MAX_TERMS


@pytest.mark.parametrize("text", ["", " ", "?", '" - "'])
def test_a_plain_query_with_nothing_to_search_for_is_refused(text: str) -> None:
    with pytest.raises(QueryError, match=r"^q: "):
        plain_query(text)
