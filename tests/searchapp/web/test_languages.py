from __future__ import annotations

from urllib.parse import parse_qs, urlsplit
from xml.etree.ElementTree import Element

import pytest
from flask.testing import FlaskClient

from searchapp.web.languages import LANGUAGES
from tests.searchapp.web.fakes import MISSPELT
from tests.searchapp.web.markup import each, only, parse, text_of, words_of

PAGES = (
    "/",
    "/?q=innovation&country=CA",
    "/?q=zzzz",
    f"/?q={MISSPELT}",
    "/?q=innovation&year_from=1800",
    "/overview?q=innovation",
    "/commitments/UK0066",
    "/commitments/UK0066/similar",
    "/compare?id=UK0066&id=SEO0002",
    "/compare?id=UK0066",
    "/about",
    "/nothing",
)
FILTERS = {"en": "Filters", "fr": "Filtres", "es": "Filtros", "pt": "Filtros"}


def page(client: FlaskClient, url: str, accepts: str = "") -> Element:
    return parse(client.get(url, headers={"Accept-Language": accepts} if accepts else {}).text)


@pytest.mark.parametrize(
    ("accepts", "url", "lang"),
    [
        ("", "/", "en"),
        ("fr-CA, en;q=0.8", "/", "fr"),
        ("pt-BR", "/", "pt"),
        ("es", "/", "es"),
        ("ko, de;q=0.9", "/", "en"),
        ("ko, de;q=0.9, es;q=0.1", "/", "es"),
        ("fr", "/?ui=es", "es"),
        ("fr", "/?ui=en", "en"),
        ("fr", "/?ui=xx", "fr"),
        ("", "/?ui=<script>", "en"),
        ("fr", "/?ui=", "fr"),
        ("es", "/no-such-page", "es"),
    ],
)
def test_the_address_decides_then_the_browser_then_english(
    client: FlaskClient, accepts: str, url: str, lang: str
) -> None:
    response = client.get(url, headers={"Accept-Language": accepts})
    assert parse(response.text).get("lang") == response.headers["Content-Language"] == lang
    assert "Accept-Language" in response.headers["Vary"]


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("url", PAGES)
def test_every_page_is_there_in_every_language(client: FlaskClient, url: str, lang: str) -> None:
    tree = page(client, f"{url}{'&' if '?' in url else '?'}ui={lang}")
    assert tree.get("lang") == lang
    assert "%(" not in text_of(tree)
    assert len(list(each(tree, "h1"))) == 1


@pytest.mark.parametrize(("lang", "filters"), FILTERS.items())
def test_pages_speak_the_language_and_name_codes_in_it(client: FlaskClient, lang: str, filters: str) -> None:
    tree = page(client, f"/?q=innovation&ui={lang}")
    assert words_of(only(tree, "h2", id="filters-title")) == filters
    germany = {"en": "South Korea", "fr": "Corée du Sud", "es": "Corea del Sur", "pt": "Coreia do Sul"}[lang]
    assert germany in words_of(only(tree, "aside", id="filters"))


@pytest.mark.parametrize("url", PAGES)
def test_a_language_in_the_address_is_handed_on_by_every_link_and_form(client: FlaskClient, url: str) -> None:
    tree = page(client, f"{url}{'&' if '?' in url else '?'}ui=fr")
    for link in each(tree, "a"):
        href = urlsplit(link.get("href", ""))
        inside = not href.netloc and href.path and not href.path.startswith(("/api/", "/static/"))
        if inside and not link.get("hreflang"):
            assert parse_qs(href.query)["ui"] == ["fr"], link.get("href")
    for form in each(tree, "form"):
        assert only(form, "input", type="hidden", name="ui").get("value") == "fr"


def test_a_language_of_the_browser_stays_out_of_addresses(client: FlaskClient) -> None:
    tree = page(client, "/?q=innovation", "fr")
    assert tree.get("lang") == "fr"
    links = [link for link in each(only(tree, "main"), "a") if link.get("href", "").startswith("/")]
    assert links
    assert not any("ui=" in link.get("href", "") for link in links)


def test_one_can_switch_the_language_and_stay_on_the_page(client: FlaskClient) -> None:
    tree = page(client, "/?q=innovation&country=CA&country=GB&ui=fr&year_to=2019")
    switch = next(one for one in each(tree, "nav") if "languages" in one.get("class", ""))
    links = {link.get("hreflang"): link.get("href", "") for link in each(switch, "a")}
    assert list(links) == ["en", "es", "pt"]
    assert parse_qs(urlsplit(links["es"]).query) == {
        "q": ["innovation"],
        "country": ["CA", "GB"],
        "year_to": ["2019"],
        "ui": ["es"],
    }
    assert text_of(next(one for one in each(switch, "span") if one.get("aria-current"))) == "Français"
    assert urlsplit(
        next(link.get("href", "") for link in each(page(client, "/commitments/UK0066?ui=fr"), "a", hreflang="pt"))
    ).path == ("/commitments/UK0066")


def test_numbers_dates_and_plurals_follow_the_language(client: FlaskClient) -> None:
    told = words_of(only(page(client, "/about?ui=fr"), "main"))
    assert "31 janvier 2026" in told
    assert "1 000" in told
    one = words_of(only(page(client, "/?q=innovation&country=GB&ui=es"), "p", role="status"))
    several = words_of(only(page(client, "/?q=innovation&ui=es"), "p", role="status"))
    assert one.startswith("1 compromiso ")
    assert several.startswith("23 compromisos ")


def test_programs_get_english_whatever_the_browser_prefers(client: FlaskClient) -> None:
    response = client.get("/api/v1/search?q=innovation", headers={"Accept-Language": "fr"})
    assert response.get_json()["facets"]["country"][0]["label"] == "Canada"
    labels = {one["label"] for one in response.get_json()["facets"]["country"]}
    assert "South Korea" in labels
    assert "Content-Language" not in response.headers
    csv = client.get("/api/v1/search?q=innovation&format=csv", headers={"Accept-Language": "fr"}).text
    assert "South Korea" in csv
    assert "Corée" not in csv


def test_a_request_in_one_language_leaves_no_trace_in_the_next(client: FlaskClient) -> None:
    page(client, "/?ui=fr")
    assert page(client, "/").get("lang") == "en"
    assert (
        client.get("/api/v1/search?q=innovation").get_json()["hits"][0]["commitment"]["country"]["name"]
        != "Royaume-Uni"
    )
