from __future__ import annotations

from dataclasses import replace
from urllib.parse import quote
from xml.etree.ElementTree import Element

import pytest
from flask import Flask
from flask.testing import FlaskClient

from indexer.shared.errors import ConcordError, EncoderError, IndexMissingError, QueryError
from indexer.shared.records import Milestone
from searchapp.web import create_app
from tests.searchapp.web.fakes import CORPUS, MISSPELT, UNLIKE, WEAKLY, FakeSearcher, document
from tests.searchapp.web.markup import each, only, parse, text_of, words_of


def page(client: FlaskClient, url: str, *, status: int = 200) -> Element:
    response = client.get(url)
    assert response.status_code == status
    assert response.content_type == "text/html; charset=utf-8"
    return parse(response.text)


def hits(tree: Element) -> list[Element]:
    return list(each(only(tree, "ol", class_="hits"), "article"))


def failing_client(error: ConcordError) -> FlaskClient:
    return create_app({"SEARCHER": FakeSearcher(error=error)}).test_client()


# The form


def test_the_start_page_is_the_form_with_examples_in_several_languages(
    client: FlaskClient, searcher: FakeSearcher
) -> None:
    tree = page(client, "/")
    assert only(tree, "input", name="q").get("value") == ""
    examples = list(each(only(tree, "ul", class_="examples"), "a"))
    assert {example.get("lang") for example in examples} >= {"en", "fr", "es", "ar", "zh"}
    assert {example.get("dir") for example in examples if example.get("lang") == "ar"} == {"rtl"}
    for example in examples:
        assert client.get(example.get("href", "")).status_code == 200
    assert [asked.query for asked in searcher.asked] == [text_of(example) for example in examples]


@pytest.mark.parametrize("query_string", ["q=", "q=%20%20", "q=%00", "q=&mode=keyword&limit=20"])
def test_a_blank_query_is_the_form_with_a_hint(client: FlaskClient, searcher: FakeSearcher, query_string: str) -> None:
    tree = page(client, f"/?{query_string}")
    assert "Type what you are looking for" in words_of(only(tree, "p", class_="notice"))
    assert searcher.asked == []


def test_an_absent_query_gives_no_hint(client: FlaskClient) -> None:
    assert list(each(page(client, "/"), "p", class_="notice")) == []


def test_a_blank_query_keeps_mode_order_and_page_size(client: FlaskClient) -> None:
    tree = page(client, "/?q=&mode=keyword&sort=newest&limit=20")
    hidden = {field.get("name"): field.get("value") for field in each(tree, "input", type="hidden")}
    assert hidden == {"limit": "20", "sort": "newest"}
    assert "checked" in only(tree, "input", id="mode-keyword").attrib


def test_each_mode_is_explained_in_one_line(client: FlaskClient) -> None:
    tree = page(client, "/")
    for mode in ("hybrid", "semantic", "keyword"):
        radio = only(tree, "input", type="radio", value=mode)
        assert len(words_of(only(tree, "p", id=radio.get("aria-describedby", "")))) > 20


def test_parameters_nobody_knows_are_ignored_on_pages(client: FlaskClient) -> None:
    assert client.get("/?utm_source=x").status_code == 200
    assert client.get("/?q=hub&utm_source=x").status_code == 200
    assert client.get("/commitments/UK0066?utm_source=x").status_code == 200


# Results


def test_the_count_is_announced_and_in_the_title(client: FlaskClient) -> None:
    tree = page(client, "/?q=innovation")
    assert words_of(only(tree, "p", role="status")) == (
        "23 commitments found: 1 strong, 2 fair, 20 weak; showing 1\u201310."
    )
    assert text_of(only(tree, "title")) == "innovation \u2013 23 found \u2013 Concord"
    assert words_of(only(tree, "h1")) == "Results for “innovation”"
    assert words_of(only(page(client, "/?q=innovation&country=GB"), "p", role="status")) == (
        "1 commitment found: 1 strong."
    )


def test_a_hit_says_in_words_how_strong_it_is(client: FlaskClient) -> None:
    badges = [only(hit, "span", class_="strength") for hit in hits(page(client, "/?q=innovation"))]
    assert [words_of(badge) for badge in badges[:4]] == ["Strong match", "Fair match", "Fair match", "Weak match"]


@pytest.mark.parametrize("query", [UNLIKE, WEAKLY])
def test_when_nothing_is_comparable_the_nearest_are_shown_as_such(client: FlaskClient, query: str) -> None:
    tree = page(client, f"/?q={query}")
    assert words_of(only(tree, "p", role="status")) == (
        "Nothing comparable found. The nearest, for what they are worth:"
    )
    assert {words_of(only(hit, "span", class_="strength")) for hit in hits(tree)} == {"Weak match"}
    assert "describe the idea" in words_of(only(tree, "div", class_="nothing"))


def test_each_strength_is_explained(client: FlaskClient) -> None:
    explained = [words_of(one) for one in each(page(client, "/about"), "span", class_="strength")]
    assert explained == ["Strong match", "Fair match", "Weak match"]


def test_a_hit_tells_language_title_place_and_year(client: FlaskClient) -> None:
    hit = hits(page(client, "/?q=ideas&country=KR"))[0]
    assert words_of(only(hit, "p", class_="facts-line")) == "Language: Spanish Seoul, South Korea 2017 SEO0002"
    title = next(each(only(hit, "h2"), "a"))
    assert text_of(title) == "Incubadoras para la participación ciudadana"
    assert (title.get("lang"), title.get("dir")) == ("es", "ltr")
    assert title.get("href") == "/commitments/SEO0002?lang=es"


def test_a_passage_is_in_its_own_language_and_direction(client: FlaskClient) -> None:
    passages = [only(hit, "p", class_="passage") for hit in hits(page(client, "/?q=innovation"))]
    assert [(one.get("lang"), one.get("dir")) for one in passages[:4]] == [
        ("fr", "ltr"),
        ("es", "ltr"),
        ("ar", "rtl"),
        ("zh", "ltr"),
    ]


def test_words_and_meaning_are_marked_apart(client: FlaskClient) -> None:
    passage = only(hits(page(client, "/?q=innovation&country=GB"))[0], "p", class_="passage")
    marks = [(mark.get("class"), text_of(mark)) for mark in each(passage, "mark")]
    assert marks[0] == ("semantic", "Nous allons créer un centre d'")
    assert marks[1] == ("word", "innovation")
    assert marks[2][0] == "semantic"
    assert marks[2][1].startswith(" anticorruption")
    assert marks[2][1].endswith("société civile.")


@pytest.mark.parametrize(
    ("query_string", "kinds"),
    [
        ("q=innovation", ["word", "semantic"]),
        ("q=innovation&mode=keyword", ["word"]),
        ("q=innovation&mode=semantic", ["semantic"]),
    ],
)
def test_the_key_explains_the_marks_that_occur(client: FlaskClient, query_string: str, kinds: list[str]) -> None:
    key = only(page(client, f"/?{query_string}"), "p", class_="key")
    assert [mark.get("class") for mark in each(key, "mark")] == kinds


def test_a_passage_shows_its_whole_text(client: FlaskClient) -> None:
    passage = only(hits(page(client, "/?q=innovation&country=GB"))[0], "p", class_="passage")
    section = CORPUS[0].sections[0]
    assert words_of(passage) == " ".join(CORPUS[0].text[section.start : section.end].split())


def test_a_hit_links_its_section_and_its_other_languages(client: FlaskClient) -> None:
    hit = hits(page(client, "/?q=innovation&country=GB"))[0]
    links = {text_of(link): link.get("href", "") for link in each(hit, "a")}
    assert links["Description"] == "/commitments/UK0066?lang=fr#section-description"
    assert links["English"] == "/commitments/UK0066?lang=en"
    url, _, anchor = links["Description"].partition("#")
    only(page(client, url), "h2", id=anchor)


def test_a_hit_says_why_it_matched_with_both_scores(client: FlaskClient) -> None:
    hit = hits(page(client, "/?q=innovation&country=GB"))[0]
    reasons = [words_of(line) for line in each(only(hit, "details", class_="why"), "dd")]
    assert reasons == ["The same meaning, and your words", "0.69 cosine", "3.21 BM25F", "innovation", "0.70"]


@pytest.mark.parametrize(
    ("query_string", "reasons"),
    [
        ("q=innovation&lang=zh", ["The same meaning", "0.69 cosine", "none in common", "0.70"]),
        ("q=innovation&mode=keyword&country=GB", ["Your words", "not used", "3.21 BM25F", "innovation", "0.70"]),
    ],
)
def test_a_leg_that_did_not_match_is_said_to(client: FlaskClient, query_string: str, reasons: list[str]) -> None:
    why = only(hits(page(client, f"/?{query_string}"))[0], "details", class_="why")
    assert [words_of(line) for line in each(why, "dd")] == reasons


def test_misspelt_words_are_named_with_what_was_searched_for_and_a_search_for_the_right_ones(
    client: FlaskClient,
) -> None:
    line = only(page(client, f"/?q={quote(MISSPELT)}&mode=keyword&country=GB&offset=10"), "p", class_="corrections")
    assert words_of(line) == (
        "Nothing has “inovation” or “seuol”; searched for “innovation”, “innovative”, and “seoul” too."
        " Did you mean: innovation in seoul"
    )
    link = only(line, "a")
    assert link.get("href") == "/?q=innovation+in+seoul&mode=keyword&country=GB"
    assert {element.tag for element in line.iter()} == {"p", "bdi", "a"}


def test_nothing_is_said_of_words_that_are_known(client: FlaskClient) -> None:
    assert list(each(page(client, "/?q=innovation"), "p", class_="corrections")) == []


def test_notes_of_the_searcher_are_shown(client: FlaskClient) -> None:
    assert words_of(only(page(client, "/?q=note"), "p", class_="notice")) == "The hub is new."


def test_filters_have_counts_and_are_part_of_the_search_form(client: FlaskClient) -> None:
    tree = page(client, "/?q=innovation&country=KR&year_from=2012")
    box = only(tree, "input", type="checkbox", name="country", value="KR")
    assert "checked" in box.attrib
    assert box.get("form") == only(tree, "form", role="search").get("id")
    assert words_of(only(tree, "label", **{"for": box.get("id", "")})) == "South Korea 1 commitment"
    assert only(tree, "input", name="year_from").get("value") == "2012"
    assert only(tree, "input", name="year_to").get("value") == ""


def test_a_chip_removes_its_filter(client: FlaskClient) -> None:
    tree = page(client, "/?q=innovation&country=CA&lang=en")
    chips = {words_of(chip): chip.get("href", "") for chip in each(only(tree, "ul", class_="chips"), "a")}
    assert chips == {
        "Remove filter: Country: Canada \u00d7": "/?q=innovation&lang=en",
        "Remove filter: Language: English \u00d7": "/?q=innovation&country=CA",
        "Remove all": "/?q=innovation",
    }


def test_total_and_filters_stay_the_same_on_every_page(client: FlaskClient) -> None:
    url, seen, filters = "/?q=innovation", [], set()
    while url:
        tree = page(client, url)
        assert words_of(only(tree, "p", role="status")).startswith("23 commitments found")
        filters.add(words_of(only(tree, "aside")))
        seen += [text_of(only(hit, "h2")) for hit in hits(tree)]
        url = next((link.get("href", "") for link in each(tree, "a", rel="next")), "")
    assert len(seen) == len(set(seen)) == 23
    assert len(filters) == 1
    assert only(tree, "ol", class_="hits").get("start") == "21"
    assert only(tree, "a", rel="prev").get("href") == "/?q=innovation&offset=10"


def test_a_page_beyond_the_last_says_so_and_leads_back(client: FlaskClient) -> None:
    tree = page(client, "/?q=innovation&offset=500")
    assert "23 commitments found. This page is beyond the last" in words_of(only(tree, "p", role="status"))
    assert [link.get("href") for link in each(tree, "a") if text_of(link) == "Go to the first page"] == [
        "/?q=innovation"
    ]


def test_nothing_found_says_so_and_leads_on(client: FlaskClient) -> None:
    tree = page(client, "/?q=zzzz&country=CA")
    assert words_of(only(tree, "p", role="status")) == "Nothing comparable found."
    ways = [link.get("href") for link in each(only(tree, "div", class_="nothing"), "a")]
    assert ways == ["/?q=zzzz", "/?q=zzzz&mode=semantic&country=CA", "/?q=zzzz&mode=keyword&country=CA"]
    assert "checked" in only(tree, "input", name="country", value="CA").attrib


def test_the_form_keeps_what_was_asked(client: FlaskClient) -> None:
    tree = page(client, "/?q=%22data%20hub%22%20-health&mode=semantic&limit=20")
    assert only(tree, "input", name="q").get("value") == '"data hub" -health'
    assert "checked" in only(tree, "input", id="mode-semantic").attrib
    assert only(tree, "input", name="limit").get("value") == "20"


# What can't be searched


@pytest.mark.parametrize(
    ("query_string", "message"),
    [
        ("q=hub&year_from=1800", "From year: “1800” is not a whole number from 1990 to 2100."),
        ("q=hub&mode=fuzzy", "Way of searching: “fuzzy” is not one of hybrid, keyword, semantic."),
        ("q=hub&limit=0", "Results per page: “0” is not a whole number from 1 to 100."),
        ("q=hub&offset=-1", "First result: “-1” is not a whole number from 0 to 10000."),
        ("q=hub&country=FRA", "Country: “FRA” is not an ISO 3166 code such as FR."),
        ("q=a&q=b", "Search text: is given 2 times; expected once."),
        ("mode=fuzzy", "Way of searching: “fuzzy” is not one of hybrid, keyword, semantic."),
    ],
)
def test_what_cannot_be_asked_is_a_400_page_that_names_it(
    client: FlaskClient, searcher: FakeSearcher, query_string: str, message: str
) -> None:
    tree = page(client, f"/?{query_string}", status=400)
    assert words_of(only(tree, "p", role="alert")) == message
    assert searcher.asked == []


def test_a_400_page_keeps_the_rest_of_the_search_and_points_at_the_field(client: FlaskClient) -> None:
    tree = page(client, "/?q=hub&country=KR&year_from=1800&year_to=2020", status=400)
    assert only(tree, "input", name="q").get("value") == "hub"
    assert "checked" in only(tree, "input", name="country", value="KR").attrib
    assert only(tree, "input", name="year_to").get("value") == "2020"
    at_fault = only(tree, "input", name="year_from")
    assert at_fault.get("aria-invalid") == "true"
    assert only(tree, "p", id=at_fault.get("aria-describedby", "")).get("role") == "alert"


def test_a_query_that_is_too_long_is_kept_to_be_shortened(client: FlaskClient) -> None:
    tree = page(client, "/?q=" + "x" * 5000, status=400)
    assert "is 5,000 characters long; expected at most 1,000" in words_of(only(tree, "p", role="alert"))
    field = only(tree, "input", name="q")
    assert field.get("value") == "x" * 5000
    assert field.get("aria-invalid") == "true"


def test_a_query_that_the_searcher_refuses_is_a_400_page() -> None:
    tree = page(failing_client(QueryError("has no word in it", field="q")), "/?q=%22%22", status=400)
    assert words_of(only(tree, "p", role="alert")) == "Search text: has no word in it."


# A commitment


def test_a_commitment_is_shown_whole(client: FlaskClient) -> None:
    tree = page(client, "/commitments/UK0066?lang=fr")
    title = only(tree, "h1")
    assert (text_of(title), title.get("lang"), title.get("dir")) == ("Centre d'innovation anticorruption", "fr", "ltr")
    for section in CORPUS[0].sections:
        placed = only(tree, "section", aria_labelledby=f"section-{section.kind}")
        heading, prose = only(placed, "h2"), only(placed, "div", class_="prose")
        assert (text_of(heading), heading.get("lang")) == (section.heading, "fr")
        assert (prose.get("lang"), prose.get("dir")) == ("fr", "ltr")
        assert words_of(prose) == " ".join(CORPUS[0].text[section.start : section.end].split())
    steps = [words_of(step) for step in each(only(tree, "ul", class_="milestones"), "li")]
    assert steps[0] == "4.1 Mettre en place un pôle d'innovation"


def test_milestones_that_a_section_already_tells_are_not_listed_again() -> None:
    told = document("M1", "en", "M", {"milestones": ("Milestones", "1. Open it")})
    told = replace(told, milestones=(Milestone(number="1", text="Open it"),))
    tree = page(create_app({"SEARCHER": FakeSearcher((told,))}).test_client(), "/commitments/M1")
    assert words_of(only(tree, "main")).count("Open it") == 1


def test_a_repeated_section_is_numbered() -> None:
    one = document("N1", "fr", "N", {"notes": ("Notes", "Un."), "description": ("Description", "Deux.")})
    one = replace(one, sections=(*one.sections, one.sections[0]))
    tree = page(create_app({"SEARCHER": FakeSearcher((one,))}).test_client(), "/commitments/N1")
    assert [words_of(only(tree, "h2", id=f"section-notes{end}")) for end in ("", "-2")] == ["Notes", "Notes (2)"]


def test_a_foreign_heading_has_its_english_name_below(client: FlaskClient) -> None:
    tree = page(client, "/commitments/UK0066?lang=fr")
    assert [text_of(gloss) for gloss in each(tree, "p", class_="gloss")] == ["IRM midterm review"]


def test_facts_are_a_definition_list_with_the_unmapped_values(client: FlaskClient) -> None:
    facts = only(page(client, "/commitments/UK0066?lang=fr"), "dl", class_="facts")
    lines = {words_of(only(line, "dt")): [words_of(value) for value in each(line, "dd")] for line in each(facts, "div")}
    assert lines["Country"] == ["United Kingdom"]
    assert lines["Policy areas"] == ["Anti-Corruption Institutions", "Public Participation"]
    assert lines["Policy area as in the source"] == ["Technologie scientifique"]
    foreign = [span for span in each(facts, "span", lang="fr") if text_of(span) == "Réseau Omidyar"]
    assert len(foreign) == 1


def test_the_table_of_contents_leads_to_every_section(client: FlaskClient) -> None:
    tree = page(client, "/commitments/UK0066?lang=fr")
    anchors = [link.get("href", "")[1:] for link in each(only(tree, "nav", class_="contents"), "a")]
    sections = ["section-description", "section-midterm_review"]
    assert anchors == ["facts", *sections, "milestones", "similar", "others", "cite", "source"]
    for anchor in anchors:
        only(tree, "h2", id=anchor)


def test_other_commitments_of_the_country_are_listed_apart_and_folded(client: FlaskClient) -> None:
    others = only(page(client, "/commitments/UK0066?lang=fr"), "section", aria_labelledby="others")
    assert words_of(only(others, "h2")) == "Other commitments of this country, as listed on the page"
    details = only(others, "details")
    assert "open" not in details.attrib
    assert [words_of(entry) for entry in each(details, "li")] == [
        "Propriété effective UK0064, 2016, Lutte contre la corruption",
        "Ressources naturelles UK0065",
    ]


def test_a_commitment_can_be_read_in_each_of_its_languages(client: FlaskClient) -> None:
    tree = page(client, "/commitments/UK0066")
    versions = list(each(only(tree, "nav", class_="versions"), "a"))
    assert [(one.get("href"), one.get("aria-current")) for one in versions] == [
        ("/commitments/UK0066?lang=fr", "page"),
        ("/commitments/UK0066?lang=en", None),
    ]
    assert text_of(only(page(client, "/commitments/UK0066?lang=en"), "h1")) == "Anti-Corruption Innovation Hub"


def test_a_commitment_in_one_language_offers_no_switch(client: FlaskClient) -> None:
    tree = page(client, "/commitments/JO0021")
    assert list(each(tree, "nav", class_="versions")) == []
    assert only(tree, "h1").get("dir") == "rtl"


def test_the_source_is_linked(client: FlaskClient) -> None:
    source = only(page(client, "/commitments/UK0066?lang=fr"), "section", aria_labelledby="source")
    assert [link.get("href") for link in each(source, "a")] == [CORPUS[0].url, "/api/v1/commitments/UK0066"]
    assert "File UK0066.txt" in words_of(source)


def test_a_language_that_a_commitment_lacks_is_a_404_that_says_which_there_are(client: FlaskClient) -> None:
    tree = page(client, "/commitments/UK0066?lang=fi", status=404)
    assert "There is no version in Finnish; expected: French, English." in words_of(only(tree, "main"))


def test_a_language_that_is_none_is_a_400(client: FlaskClient) -> None:
    page(client, "/commitments/UK0066?lang=english", status=400)


# Those like it


SIMILAR = "/commitments/UK0066/similar"


def test_a_commitment_names_the_few_most_like_it_and_leads_to_the_rest(client: FlaskClient) -> None:
    section = only(page(client, "/commitments/UK0066?lang=en"), "section", aria_labelledby="similar")
    found = [next(each(one, "a")) for one in each(section, "h3")]
    assert [(one.get("href"), one.get("lang"), one.get("dir")) for one in found] == [
        ("/commitments/SEO0002?lang=es", "es", "ltr"),
        ("/commitments/JO0021?lang=ar", "ar", "rtl"),
        ("/commitments/TW0003?lang=zh", "zh", "ltr"),
    ]
    assert ["open" in one.attrib for one in each(section, "details")] == [True, False, False]
    [rest] = [one for one in each(section, "a") if one.get("href") == SIMILAR]
    assert text_of(rest) == "The best of all 5 other countries"


def test_a_commitment_that_nothing_is_like_says_so() -> None:
    alone = create_app({"SEARCHER": FakeSearcher(CORPUS[:2])}).test_client()
    section = only(page(alone, "/commitments/UK0066"), "section", aria_labelledby="similar")
    assert "Nothing comparable found in another country." in words_of(section)
    assert "Nothing comparable found in another country." in words_of(only(page(alone, SIMILAR), "p", role="status"))


def test_where_none_stands_out_the_pages_say_so(client: FlaskClient, searcher: FakeSearcher) -> None:
    words = "None is more alike than others usually are."
    for url in ("/commitments/UK0066", SIMILAR):
        assert words not in words_of(only(page(client, url), "main"))
    searcher.likeness = -0.004
    for url in ("/commitments/UK0066", SIMILAR):
        shown = words_of(only(page(client, url), "main"))
        assert words in shown
        assert "Likeness -0.01" in shown
        assert "-0.00" not in shown


def test_passages_stand_side_by_side_in_their_languages_with_the_nearest_sentences_marked(client: FlaskClient) -> None:
    hit = hits(page(client, f"{SIMILAR}?country=JO"))[0]
    own, other = each(only(hit, "div", class_="pair"), "figure")
    for figure, lang, direction, place in ((own, "fr", "ltr", "United Kingdom"), (other, "ar", "rtl", "Jordan")):
        passage = only(figure, "p", class_="passage")
        assert (passage.get("lang"), passage.get("dir")) == (lang, direction)
        assert [mark.get("class") for mark in each(passage, "mark")] == ["semantic"]
        assert words_of(only(figure, "figcaption")).startswith(f"{place}: Description")
    link = next(each(own, "a")).get("href", "")
    assert link == "/commitments/UK0066?lang=fr#section-description"
    url, _, anchor = link.partition("#")
    only(page(client, url), "h2", id=anchor)


def test_the_page_of_those_like_one_says_how_many_and_offers_all(client: FlaskClient, searcher: FakeSearcher) -> None:
    tree = page(client, f"{SIMILAR}?limit=2")
    assert words_of(only(tree, "p", role="status")) == "The best of each of 5 other countries; showing the first 2."
    assert len(hits(tree)) == 2
    links = {text_of(link): link.get("href", "") for link in each(only(tree, "main"), "a")}
    assert links["Show all"] == f"{SIMILAR}?limit=5"
    assert links["Rank all commitments"] == f"{SIMILAR}?per_country=false&limit=2"
    everything = page(client, links["Rank all commitments"])
    assert words_of(only(everything, "p", role="status")).startswith("22 commitments of other countries")
    assert [asked.per_country for asked in searcher.asked_similar] == [True, False]


def test_all_of_a_country_are_a_link_away_and_its_filter_can_be_removed(client: FlaskClient) -> None:
    links = {words_of(link): link.get("href", "") for link in each(page(client, f"{SIMILAR}?lang=en"), "a")}
    assert links["All of Canada"] == f"{SIMILAR}?per_country=false&country=CA&lang=en"
    tree = page(client, links["All of Canada"])
    chips = {words_of(chip): chip.get("href", "") for chip in each(only(tree, "ul", class_="chips"), "a")}
    assert chips["Remove filter: Country: Canada \u00d7"] == f"{SIMILAR}?per_country=false&lang=en"
    assert chips["Remove all"] == f"{SIMILAR}?per_country=false"


def test_what_cannot_be_asked_of_those_like_one_is_a_400_page(client: FlaskClient, searcher: FakeSearcher) -> None:
    tree = page(client, f"{SIMILAR}?country=France", status=400)
    assert "“France” is not an ISO 3166 code such as FR." in words_of(only(tree, "main"))
    assert searcher.asked_similar == []


# About


def test_about_explains_modes_queries_and_errors_and_describes_the_index(client: FlaskClient) -> None:
    tree = page(client, "/about")
    text = words_of(only(tree, "main"))
    for promised in ("Meaning and words", "quotation marks", "minus sign", "year:2016-2018", "1,000 characters"):
        assert promised in text
    for shown in ("3f9a1c0de7b24586", "bundled:e5-small", "31 January 2026"):
        assert shown in text
    for problem in ("invalid-request", "not-found", "index-unavailable"):
        only(tree, "dt", id=f"problem-{problem}")


# Errors


def ways_on(tree: Element) -> set[str]:
    return {link.get("href", "") for link in each(only(tree, "main"), "a")}


@pytest.mark.parametrize(
    "url",
    [
        *("/nothing", "/commitments/", "/commitments/ZZ9999", "/commitments/%00%E2%80%AE", "/about/"),
        *("/commitments/ZZ9999/similar", "/commitments/UK0066/similar/"),
    ],
)
def test_what_is_not_there_is_a_404_page_with_a_way_on(client: FlaskClient, url: str) -> None:
    tree = page(client, url, status=404)
    assert {"/", "/about"} <= ways_on(tree)
    only(tree, "input", name="q")


def test_a_wrong_method_is_a_405_page_that_says_which_are_right(client: FlaskClient) -> None:
    response = client.post("/")
    assert response.status_code == 405
    assert response.headers["Allow"] == "GET, HEAD, OPTIONS"
    assert "/" in ways_on(parse(response.text))


@pytest.mark.parametrize("error", [IndexMissingError("/srv/secret: no index"), EncoderError("/srv/secret: no encoder")])
@pytest.mark.parametrize("url", ["/?q=hub", "/commitments/UK0066", "/commitments/UK0066/similar"])
def test_a_broken_index_is_a_503_page_and_never_no_results(
    error: ConcordError, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    response = failing_client(error).get(url)
    assert response.status_code == 503
    tree = parse(response.text)
    assert "not an empty result" in words_of(only(tree, "main"))
    assert "found" not in words_of(only(tree, "main"))
    assert {"/", "/about", ""} <= ways_on(tree)
    assert "secret" not in response.text
    assert "/srv/secret" in caplog.text


def test_a_failure_is_a_500_page_without_its_reason(app: Flask, searcher: FakeSearcher) -> None:
    app.config["PROPAGATE_EXCEPTIONS"] = False
    searcher.error = ZeroDivisionError("secret")  # type: ignore[assignment]
    response = app.test_client().get("/?q=hub")
    assert response.status_code == 500
    assert "secret" not in response.text
    assert {"/", "/about"} <= ways_on(parse(response.text))


@pytest.mark.parametrize("url", ["/", "/?q=hub", "/commitments/UK0066", "/about", "/nothing"])
def test_head_answers_like_get_without_a_body(client: FlaskClient, url: str) -> None:
    head, get = client.head(url), client.get(url)
    assert (head.status_code, head.data) == (get.status_code, b"")
    assert head.headers["Content-Type"] == get.headers["Content-Type"]


def test_a_hit_links_to_the_near_duplicates_folded_into_it(client: FlaskClient) -> None:
    folded = client.get("/?q=innovation&country=GB").get_data(as_text=True)
    assert 'href="/commitments/UK0067"' in folded
    assert "Nearly the same text in" in folded
    apart = client.get("/?q=innovation&country=GB&fold=false").get_data(as_text=True)
    assert "Nearly the same text in" not in apart


# Browsing and the overview


def test_filters_without_a_query_list_what_passes_them_without_strengths(client: FlaskClient) -> None:
    tree = page(client, "/?q=&country=CA")
    assert words_of(only(tree, "h1")) == "All commitments so filtered"
    assert "18 commitments found; showing 1–10." in words_of(only(tree, "p", role="status"))
    assert not list(each(tree, "span", class_="strength"))
    assert not list(each(tree, "details", class_="why"))


def test_the_overview_links_each_count_to_the_search_for_it(client: FlaskClient) -> None:
    tree = page(client, "/overview")
    assert "23 commitments. They are from 5 countries." in words_of(only(tree, "p", class_="lead"))
    heat = only(tree, "table", class_="heat")
    cells = {link.get("title"): link.get("href", "") for link in each(heat, "a") if link.get("title")}
    assert cells["Jordan, Open Data: 1 commitment"] == "/?country=JO&policy_area=open-data"
    for chart in ("tiles", "years"):
        links = list(each(only(tree, "svg", class_=chart), "a"))
        assert links
        for link in links:
            label = words_of(only(link, "title"))
            count = int(label.rpartition(": ")[2].split()[0])
            found = words_of(only(page(client, link.get("href", "")), "p", role="status"))
            assert found.startswith(f"{count} commitment")
    assert [words_of(one) for one in each(only(tree, "svg", class_="years"), "text") if one.get("class")] == [
        str(year) for year in range(1999, 2021)
    ]


def test_the_overview_of_a_search_asks_for_comparable_matches_only(client: FlaskClient, searcher: FakeSearcher) -> None:
    tree = page(client, "/overview?q=innovation&country=CA&mode=keyword&offset=30&limit=3")
    asked = searcher.asked[-1]
    assert (asked.query, asked.mode, asked.filters.country, asked.comparable) == (
        "innovation",
        "keyword",
        ("CA",),
        True,
    )
    links = {words_of(link): link.get("href") for link in each(tree, "a")}
    assert links["List these commitments"] == "/?q=innovation&mode=keyword&country=CA&comparable=true"
    assert links["Remove filter: Country: Canada ×"] == "/overview?q=innovation&mode=keyword"
    form = only(only(tree, "form", class_="ask"), "input", type="hidden", name="country")
    assert form.get("value") == "CA"


def test_every_chart_has_a_table_behind_it(client: FlaskClient) -> None:
    tree = page(client, "/overview")
    tables = list(each(tree, "table", class_="counts"))
    assert [words_of(next(each(table, "th"))) for table in tables] == ["Country", "Year", "Policy area"]
    assert [words_of(next(each(row, tag))) for row in [list(each(tables[0], "tr"))[1]] for tag in ("th", "td")] == [
        "Canada",
        "18",
    ]


def test_the_map_by_meaning_shows_the_hits_as_links_and_as_a_table(client: FlaskClient) -> None:
    tree = page(client, "/overview?q=innovation")
    svg = only(tree, "svg", class_="meaning")
    assert only(svg, "path").get("d", "").count("M") == len(CORPUS)
    assert {element.get("id") for element in tree.iter()} >= {svg.get("aria-labelledby"), svg.get("aria-describedby")}
    circles = [(words_of(only(link, "title")), link.get("href"), link.get("class")) for link in each(svg, "a")]
    assert circles[::-1] == [  # the best is drawn last
        (
            "\u2068Centre d'innovation anticorruption\u2069 (United Kingdom): Strong match",
            "/commitments/UK0066?lang=fr",
            "strong",
        ),
        (
            "\u2068Incubadoras para la participación ciudadana\u2069 (South Korea): Fair match",
            "/commitments/SEO0002?lang=es",
            "fair",
        ),
        ("\u2068مركز للابتكار والبيانات المفتوحة\u2069 (Jordan): Fair match", "/commitments/JO0021?lang=ar", "fair"),
    ]
    rows = [list(row) for row in each(only(tree, "table", class_="listed"), "tr")][1:]
    assert [words_of(one) for one in rows[2]] == ["مركز للابتكار والبيانات المفتوحة", "Jordan", "Fair match"]
    link = only(rows[2][0], "a")
    assert (link.get("href"), link.get("lang"), link.get("dir")) == ("/commitments/JO0021?lang=ar", "ar", "rtl")
    assert "Only the best 3 matches are shown." in words_of(only(tree, "p", id="meaning-hint"))


def test_without_a_query_the_map_by_meaning_names_policy_areas_and_counts_them(client: FlaskClient) -> None:
    tree = page(client, "/overview")
    svg = only(tree, "svg", class_="meaning")
    assert not list(each(svg, "a"))
    assert [words_of(name) for name in each(svg, "text")] == ["Public Participation", "Anti-Corruption Institutions"]
    table = list(each(tree, "table", class_="counts"))[-1]
    assert [[words_of(one) for one in row] for row in each(table, "tr")][1:] == [
        ["Public Participation", "3"],
        ["Anti-Corruption Institutions", "1"],
    ]
    assert next(each(table, "a")).get("href") == "/?policy_area=public-participation"


def test_without_places_there_is_no_map_by_meaning() -> None:
    searcher = FakeSearcher()
    searcher.has_map = False
    tree = page(create_app({"SEARCHER": searcher}).test_client(), "/overview?q=innovation")
    assert not list(each(tree, "svg", class_="meaning"))
    assert "Map by meaning" not in words_of(tree)


def test_what_can_not_be_overviewed_says_why(client: FlaskClient) -> None:
    tree = page(client, "/overview?year_from=99", status=400)
    assert "From year: “99” is not a whole number" in words_of(only(tree, "p", role="alert"))


def test_a_country_without_a_tile_is_in_the_table() -> None:
    one = replace(CORPUS[0], facts=replace(CORPUS[0].facts, country="FK"))
    tree = page(create_app({"SEARCHER": FakeSearcher((one,))}).test_client(), "/overview")
    assert "Falkland Islands" in words_of(next(iter(each(tree, "table", class_="counts"))))


# Comparable matches only


def test_only_strong_and_fair_matches_are_a_parameter_that_stays(client: FlaskClient, searcher: FakeSearcher) -> None:
    tree = page(client, "/?q=innovation&comparable=true")
    assert searcher.asked[-1].comparable
    assert only(tree, "input", type="hidden", name="comparable").get("value") == "true"
