"""What holds for every page: valid HTML, accessible structure, harmless foreign text, a strict policy, contrast."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise
from pathlib import Path
from xml.etree.ElementTree import Element

import pytest
from flask.testing import FlaskClient

from searchapp import web
from searchapp.web import create_app
from tests.searchapp.web.fakes import HOSTILE, FakeSearcher
from tests.searchapp.web.markup import each, only, parse, text_of

WEB = Path(web.__file__).parent
PAGES = (
    "/",
    "/?q=",
    "/?q=innovation",
    "/?q=innovation&country=CA&lang=en&year_from=2012&limit=3&offset=3",
    "/?q=innovation&mode=keyword",
    "/?q=zzzz&country=CA",
    "/?q=innovation&offset=999",
    "/?q=innovation&year_from=1800",
    "/commitments/UK0066",
    "/commitments/JO0021",
    "/commitments/XX0001",
    "/commitments/XX0002",
    "/commitments/UK0066?lang=fi",
    "/commitments/UK0066/similar",
    "/commitments/JO0021/similar?per_country=false&limit=100",
    "/commitments/UK0066/similar?country=GB&lang=fr",
    "/commitments/XX0001/similar",
    "/?q=innovation&index=0123456789abcdef&encoder=other",
    "/?q=innovation&index=3f9a1c0de7b24586",
    "/compare?id=UK0066&id=SEO0002&id=JO0021",
    "/compare?id=JO0021&id=XX0001&id=CA0001&id=TW0003&id=UK0066&id=SEO0002&lang=en",
    "/compare",
    "/compare?id=UK0066",
    "/compare?id=UK0066&id=XX0002&id=JO0021",
    "/?q=chocolate+cake",
    "/?country=CA&sort=oldest",
    "/?q=innovation&comparable=true&institution=Cabinet+Office",
    "/overview",
    "/overview?q=innovation",
    "/overview?q=innovation&country=CA",
    "/overview?q=zzzz",
    "/overview?year_from=1800",
    "/about",
    "/nothing",
)
HOSTILE_URLS = (
    "/?q=%3Cscript%3Ealert(1)%3C/script%3E%20%7B%7B1337*1337%7D%7D%20%E2%80%AEdesrever%00",
    "/?q=innovation&mode=%3Cscript%3E%7B%7B1337*1337%7D%7D",
    "/?q=innovation&lang=en",
    "/commitments/XX0001",
    "/commitments/XX0001/similar",
    "/overview?q=%3Cscript%3Ealert(1)%3C/script%3E%20%7B%7B1337*1337%7D%7D",
    "/overview?q=innovation&year_to=1999",
    "/overview?institution=%3Cscript%3E%7B%7B1337*1337%7D%7D",
    "/commitments/UK0066/similar?per_country=false&lang=en",
    "/compare?id=XX0001&id=UK0066",
    "/compare?id=XX0001&id=%3Cscript%3E%7B%7B1337*1337%7D%7D%E2%80%AE%00",
    "/?q=%7B%7B1337*1337%7D%7D&index=3f9a1c0de7b24587&encoder=%3Cscript%3E%7B%7B1337*1337%7D%7D%E2%80%AE",
    "/commitments/%3Cscript%3E%7B%7B1337*1337%7D%7D%E2%80%AE%00",
    "/%3Cscript%3E%7B%7B1337*1337%7D%7D",
)

every_page = pytest.mark.parametrize("url", PAGES)


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    return create_app({"SEARCHER": FakeSearcher()}).test_client()


def tree_of(client: FlaskClient, url: str) -> Element:
    return parse(client.get(url).text)


@every_page
def test_the_html_is_valid_and_ids_are_unique(client: FlaskClient, url: str) -> None:
    ids = Counter(element.get("id") for element in tree_of(client, url).iter() if element.get("id"))
    assert [name for name, count in ids.items() if count > 1] == []


@every_page
def test_landmarks_and_one_h1_and_a_skip_link(client: FlaskClient, url: str) -> None:
    tree = tree_of(client, url)
    assert only(tree, "html").get("lang") == "en"
    assert text_of(only(only(tree, "head"), "title")).strip() != ""
    assert text_of(only(tree, "h1")).strip() != ""
    for landmark in ("main", "header", "footer"):
        assert len([one for one in only(tree, "body") if one.tag == landmark]) == 1
    first = next(element for element in only(tree, "body").iter("a"))
    assert first.get("href") == "#" + only(tree, "main").get("id", "")
    assert len(list(each(tree, "form", role="search"))) <= 1


@every_page
def test_headings_skip_no_level(client: FlaskClient, url: str) -> None:
    levels = [int(element.tag[1]) for element in tree_of(client, url).iter() if re.fullmatch("h[1-6]", element.tag)]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


@every_page
def test_every_input_has_a_label_and_every_reference_a_target(client: FlaskClient, url: str) -> None:
    tree = tree_of(client, url)
    labelled = {label.get("for") for label in each(tree, "label")}
    for field in each(tree, "input"):
        assert field.get("type") == "hidden" or field.get("id") in labelled
    ids = {element.get("id") for element in tree.iter()}
    for element in tree.iter():
        for name in ("aria-labelledby", "aria-describedby", "form", "for"):
            assert element.get(name) is None or element.get(name) in ids, (element.tag, name)
        if element.get("href", "").startswith("#"):
            assert element.get("href", "")[1:] in ids


@every_page
def test_no_page_needs_more_than_its_own_stylesheet(client: FlaskClient, url: str) -> None:
    tree = tree_of(client, url)
    assert list(tree.iter("script")) == list(tree.iter("style")) == []
    for element in tree.iter():
        assert not [name for name in element.attrib if name == "style" or name.startswith("on")], element.tag
        for name in ("src", "href"):
            if element.tag in {"link", "img"} and element.get(name) and element.get("rel") != "alternate":
                assert element.get(name, "").startswith("/static/")
                with client.get(element.get(name, "")) as response:
                    assert response.status_code == 200


@pytest.mark.parametrize("url", [*PAGES, "/static/concord.css", "/api/v1/search?q=hub", "/api/v1/search", "/healthz"])
def test_every_answer_carries_the_security_headers(client: FlaskClient, url: str) -> None:
    with client.get(url) as response:
        headers = response.headers
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'self';")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize("url", HOSTILE_URLS)
def test_hostile_text_is_shown_harmless(client: FlaskClient, url: str) -> None:
    response = client.get(url)
    assert list(parse(response.text).iter("script")) == []
    for harmful in ("<script", "\x00", "\u202e", "1787569", "\x1b"):
        assert harmful not in response.text
    assert "{{1337*1337}}" in response.text or url == "/%3Cscript%3E%7B%7B1337*1337%7D%7D"


def test_hostile_values_stand_in_elements_that_isolate_their_direction(client: FlaskClient) -> None:
    tree = tree_of(client, "/commitments/XX0001")
    parents = {child: parent for parent in tree.iter() for child in parent}
    holders = [one for one in tree.iter() if "desrever" in (one.text or "") and one.tag != "title"]
    assert len(holders) > 10
    for holder in holders:
        chain = [holder]
        while chain[-1].tag not in {"bdi", "body"} and chain[-1].get("dir") is None:
            chain.append(parents[chain[-1]])
        assert chain[-1].tag != "body", text_of(holder)


def test_the_text_of_a_hostile_document_is_otherwise_kept(client: FlaskClient) -> None:
    shown = HOSTILE.replace("\u202e", "").replace("\x00", "\ufffd")
    assert text_of(only(tree_of(client, "/commitments/XX0001"), "h1")) == f"Hostile {shown}"


def test_a_script_address_never_becomes_a_link(client: FlaskClient) -> None:
    tree = tree_of(client, "/commitments/XX0001")
    assert "javascript:alert(1)" in text_of(tree)
    assert [link for link in each(tree, "a") if "javascript" in link.get("href", "")] == []


# Contrast (WCAG 2.2, 1.4.3 and 1.4.11)


def palettes() -> list[dict[str, str]]:
    css = (WEB / "static" / "concord.css").read_text(encoding="utf-8")
    light, dark = re.findall(r":root \{(.*?)\}", css, re.DOTALL)[:2]
    variables = [dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block)) for block in (light, dark)]
    assert variables[0].keys() == variables[1].keys()
    return variables


def luminance(colour: str) -> float:
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_contrast_is_computed_as_wcag_does() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("front", "back", "least"),
    [
        ("ink", "paper", 7),
        ("ink", "raised", 7),
        ("ink", "wash", 7),
        ("ink", "word", 4.5),
        ("ink", "meaning", 7),
        ("soft", "paper", 4.5),
        ("soft", "wash", 4.5),
        ("accent", "paper", 4.5),
        ("accent", "wash", 4.5),
        ("accent-strong", "wash", 4.5),
        ("on-accent", "accent", 4.5),
        ("on-accent", "accent-strong", 4.5),
        ("warn", "paper", 4.5),
        ("edge", "paper", 3),
        ("edge", "raised", 3),
    ],
)
def test_colours_have_enough_contrast(scheme: int, front: str, back: str, least: float) -> None:
    palette = palettes()[scheme]
    assert contrast(palette[front], palette[back]) >= least
