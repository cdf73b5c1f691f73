from __future__ import annotations

from xml.etree.ElementTree import Element

import pytest
from flask.testing import FlaskClient

from tests.searchapp.web.markup import each, only, parse, text_of, words_of

THREE = "/compare?id=UK0066&id=SEO0002&id=JO0021"


def page(client: FlaskClient, url: str, *, status: int = 200) -> Element:
    response = client.get(url)
    assert response.status_code == status
    return parse(response.text)


def row(tree: Element, name: str) -> Element:
    [found] = [one for one in each(tree, "tr") if words_of(next(iter(one))).startswith(name)]
    return found


def cells(line: Element) -> list[str]:
    return [words_of(cell) for cell in each(line, "td")]


def test_facts_stand_row_by_row_under_the_commitments(client: FlaskClient) -> None:
    tree = page(client, THREE)
    heads = list(each(tree, "th", scope="col"))
    assert [words_of(head)[-30:] for head in heads][1:] == [
        "entre d'innovation anticorruption"[-30:],
        "Incubadoras para la participación ciudadana"[-30:],
        "مركز للابتكار والبيانات المفتوحة"[-30:],
    ]
    assert cells(row(tree, "Country")) == ["United Kingdom", "Seoul, South Korea", "Jordan"]
    assert cells(row(tree, "Ambition")) == ["High", "not stated", "not stated"]
    assert cells(row(tree, "Milestones"))[0].startswith("4.1 Mettre en place")
    assert cells(row(tree, "Likeness")) == ["the first", "0.10", "0.20"]
    for line in each(only(tree, "table"), "tr"):
        count = sum(int(cell.get("colspan", "1")) for cell in line)
        assert count == 4, words_of(line)


def test_rows_that_differ_say_so_in_words(client: FlaskClient) -> None:
    tree = page(client, THREE)
    assert "differs" in words_of(row(tree, "Action plan cycle"))
    assert "differs" not in words_of(row(tree, "Ambition"))  # only one is known
    assert "differs" not in words_of(row(tree, "Lead institution"))  # words of the sources
    assert "differs" not in words_of(row(page(client, "/compare?id=CA0001&id=CA0002"), "Country"))


def test_passages_stand_side_by_side_in_their_languages_with_links_to_their_places(client: FlaskClient) -> None:
    line = row(page(client, THREE), "Passage 1")
    assert [passage.get("lang") for passage in each(line, "p", class_="passage")] == ["fr", "es", "ar"]
    for link in each(line, "a"):
        target, _, anchor = link.get("href", "").partition("#")
        assert any(one.get("id") == anchor for one in page(client, target).iter())
    assert words_of(line).count("Similarity 0.46") == 2


def test_the_table_scrolls_by_itself_with_the_keyboard_too(client: FlaskClient) -> None:
    region = only(page(client, THREE), "div", class_="scroller")
    assert (region.get("role"), region.get("tabindex")) == ("region", "0")
    assert text_of(only(region, "caption", id=region.get("aria-labelledby", ""))) == "Commitments side by side"


def test_one_can_lead_with_another_leave_one_out_and_take_the_table_away(client: FlaskClient) -> None:
    tree = page(client, THREE)
    links = {words_of(link): link.get("href", "") for link in each(tree, "a")}
    assert links["Put JO0021 first"] == "/compare?id=JO0021&id=UK0066&id=SEO0002"
    assert links["Leave out UK0066"] == "/compare?id=SEO0002&id=JO0021"
    assert "Put UK0066 first" not in links
    assert links["CSV"] == "/api/v1/compare?id=UK0066&id=SEO0002&id=JO0021&format=csv"
    for name in ("Put JO0021 first", "Leave out UK0066", "CSV", "JSON"):
        assert client.get(links[name]).status_code == 200
    two = {words_of(link) for link in each(page(client, links["Leave out UK0066"]), "a")}
    assert not any(name.startswith("Leave out") for name in two)


def test_a_language_can_be_chosen_where_there_is_a_choice(client: FlaskClient) -> None:
    tree = page(client, f"{THREE}&lang=en")
    choices = list(each(only(tree, "nav", aria_label="Language versions"), "a"))
    assert [words_of(one) for one in choices] == [
        "Most alike",
        *(f"{name}, where there is one" for name in ("Arabic", "English", "Spanish", "French")),
    ]
    assert [words_of(one) for one in choices if one.get("aria-current")] == ["English, where there is one"]
    assert "Anti-Corruption Innovation Hub" in words_of(tree)
    without = page(client, "/compare?id=CA0001&id=CA0002")
    assert list(each(without, "nav", aria_label="Language versions")) == []


@pytest.mark.parametrize(
    ("query", "status", "said", "way_on"),
    [
        ("", 400, "No commitment is given; expected from 2 to 6.", None),
        ("?id=UK0066", 400, "Only one commitment is given; expected from 2 to 6.", "/commitments/UK0066/similar"),
        ("?id=UK0066&id=UK0066", 400, "“UK0066” is given twice;", "/commitments/UK0066/similar"),
        (
            "?" + "&".join(f"id=CA{number:04}" for number in range(1, 9)),
            400,
            "8 commitments are given; expected from 2 to 6.",
            "/compare?id=CA0001&id=CA0002&id=CA0003&id=CA0004&id=CA0005&id=CA0006",
        ),
        ("?id=UK0066&id=NOPE&id=JO0021", 404, "NOPE", "/compare?id=UK0066&id=JO0021"),
        ("?id=UK0066&id=JO0021&lang=12", 400, "“12” is not an ISO 639 code", "/compare?id=UK0066&id=JO0021"),
    ],
)
def test_what_can_not_be_compared_is_a_page_with_a_way_on(
    client: FlaskClient, query: str, status: int, said: str, way_on: str | None
) -> None:
    tree = page(client, f"/compare{query}", status=status)
    assert said in words_of(only(tree, "main"))
    addresses = [link.get("href") for link in each(only(tree, "main"), "a")]
    if way_on is None:
        assert addresses == []
        assert "tick two to six commitments" in words_of(only(tree, "main"))
    else:
        assert way_on in addresses
        assert client.get(way_on).status_code == 200
    assert len(list(each(tree, "form", role="search"))) == 1


def test_hits_can_be_ticked_and_compared_without_javascript(client: FlaskClient) -> None:
    tree = page(client, "/?q=innovation&limit=3")
    boxes = list(each(tree, "input", type="checkbox", name="id"))
    assert [box.get("value") for box in boxes] == ["UK0066", "SEO0002", "JO0021"]
    form = only(tree, "form", id="compare")
    assert (form.get("action"), form.get("method")) == ("/compare", "get")
    assert {box.get("form") for box in boxes} == {"compare"}
    for box in boxes:
        title = only(tree, "a", id=box.get("aria-describedby", ""))
        assert f"/commitments/{box.get('value')}" in title.get("href", "")


def test_the_language_of_the_pages_is_kept_when_hits_are_compared(client: FlaskClient) -> None:
    for url in ("/?q=innovation&ui=fr", "/commitments/UK0066/similar?ui=fr"):
        [field] = each(only(page(client, url), "form", id="compare"), "input", name="ui")
        assert field.get("value") == "fr"
    tree = page(client, f"{THREE}&ui=fr")
    links = {words_of(link): link.get("href", "") for link in each(tree, "a")}
    assert links["Placer JO0021 en premier"] == "/compare?id=JO0021&id=UK0066&id=SEO0002&ui=fr"
    assert client.get(links["CSV"]).status_code == 200
    assert only(page(client, "/compare?ui=fr", status=400), "input", name="ui").get("value") == "fr"


def test_comparable_commitments_are_ticked_to_stand_beside_the_one(client: FlaskClient) -> None:
    tree = page(client, "/commitments/UK0066/similar")
    assert only(only(tree, "form", id="compare"), "input", type="hidden").get("value") == "UK0066"
    assert len(list(each(tree, "input", type="checkbox", name="id"))) == 5


def test_the_page_of_a_commitment_compares_it_with_its_best_comparables(client: FlaskClient) -> None:
    [link] = [one for one in each(page(client, "/commitments/UK0066"), "a") if text_of(one) == "Compare with these"]
    assert link.get("href") == "/compare?id=UK0066&id=SEO0002&id=JO0021&id=TW0003"
