"""What is taken away from the web application, read back by the libraries of those who take it."""

from __future__ import annotations

import csv
import io
import json
import re
from urllib.parse import parse_qs, urlsplit

import bibtexparser
import feedparser
import pytest
import rispy
from flask.testing import FlaskClient

from tests.searchapp.web.fakes import CORPUS, INFO, NOTHING, FakeSearcher
from tests.searchapp.web.markup import each, only, parse, text_of, words_of

SEARCH = "/api/v1/search?q=innovation"
IDS = list(dict.fromkeys(one.commitment_id for one in CORPUS))


def rows(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True))


def ids_in(form: str, data: bytes) -> list[str]:
    """The IDs of the commitments in a file, in its order."""
    if form == "csv":
        return [row["id"] for row in rows(data)]
    if form == "jsonl":
        return [json.loads(line)["commitment"]["id"] for line in data.decode().splitlines()]
    if form == "ris":
        return [record["note"] for record in rispy.loads(data.decode())]
    if form == "bib":
        return [str(entry["number"]) for entry in bibtexparser.parse_string(data.decode()).entries]
    return [entry.id.rpartition("/")[2] for entry in feedparser.parse(data).entries]


@pytest.mark.parametrize("form", ["csv", "jsonl", "ris", "bib"])
def test_the_whole_result_is_taken_away_whatever_the_page(client: FlaskClient, form: str) -> None:
    response = client.get(f"{SEARCH}&limit=2&offset=4&format={form}")
    assert ids_in(form, response.data) == IDS
    assert response.headers["Content-Disposition"] == f'attachment; filename="concord-innovation.{form}"'
    assert "charset=utf-8" in response.content_type


@pytest.mark.parametrize("form", ["csv", "jsonl", "ris", "bib", "atom"])
def test_filters_and_mode_are_those_of_the_search(client: FlaskClient, searcher: FakeSearcher, form: str) -> None:
    response = client.get(f"{SEARCH}&country=CA&year_from=2015&mode=semantic&fold=false&format={form}")
    found = client.get(f"{SEARCH}&country=CA&year_from=2015&limit=100").get_json()
    expected = [hit["commitment"]["id"] for hit in found["hits"]]
    if form == "atom":
        assert set(ids_in(form, response.data)) == set(expected[:3])
    else:
        assert ids_in(form, response.data) == expected
    assert (searcher.asked[0].mode, searcher.asked[0].fold) == ("semantic", False)


@pytest.mark.parametrize("form", ["csv", "jsonl", "ris", "bib", "atom"])
def test_an_empty_result_is_a_file_without_entries(client: FlaskClient, form: str) -> None:
    response = client.get(f"/api/v1/search?q={NOTHING}&format={form}")
    assert response.status_code == 200
    assert ids_in(form, response.data) == []


def test_csv_is_as_rfc_4180_and_excel_want_it(client: FlaskClient) -> None:
    data = client.get(f"{SEARCH}&format=csv").data
    assert data.startswith(b"\xef\xbb\xbfrank,score,id,")
    assert data.endswith(b"\r\n")
    assert data.count(b"\r\n") == len(IDS) + 1
    [french] = [row for row in rows(data) if row["id"] == "UK0066"]
    assert "\n\n" in french["passage"]
    assert french["url"] == CORPUS[0].url
    [spanish] = [row for row in rows(data) if row["id"] == "SEO0002"]
    assert spanish["url"] == "http://localhost/commitments/SEO0002?lang=es"


@pytest.mark.parametrize("form", ["csv", "jsonl", "ris", "bib", "atom"])
def test_hostile_text_stays_text(client: FlaskClient, form: str) -> None:
    response = client.get(f"{SEARCH}&format={form}")
    text = response.data.decode()
    assert "\x00" not in text
    if form != "jsonl":  # which has each text as it is, in escapes
        assert "\u202e" not in text
    assert "javascript:" not in text


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("a%22%3B%20filename%3D%22x.exe", "concord-a-filename-x-exe.csv"),
        ("../../x%0D%0ASet-Cookie:%20a", "concord-x-set-cookie-a.csv"),
        ("%D8%A7%D9%84", "concord-search.csv"),
    ],
)
def test_a_filename_is_safe_whatever_the_query(client: FlaskClient, query: str, name: str) -> None:
    response = client.get(f"/api/v1/search?q={query}&format=csv")
    assert response.headers["Content-Disposition"] == f'attachment; filename="{name}"'


def test_a_head_request_tells_the_kind_of_file(client: FlaskClient) -> None:
    response = client.head(f"{SEARCH}&format=ris")
    assert response.content_type == "application/x-research-info-systems; charset=utf-8"
    assert response.data == b""


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("q=a&format=xml", "format"),
        ("q=a&format=csv&format=ris", "format"),
        ("format=csv", "q"),
        ("q=a&format=csv&year_from=1800", "year_from"),
        ("q=a&format=csv&x=1", "x"),
        ("q=a&index=xyz", "index"),
        ("q=a&index=" + "a" * 65, "index"),
        ("q=a&index=3f9a1c0de7b24586&index=3f9a1c0de7b24587", "index"),
        ("q=a&index=3f9a1c0de7b24586&encoder=" + "x" * 201, "encoder"),
    ],
)
def test_what_can_not_be_had_is_a_problem_with_its_field(client: FlaskClient, query: str, field: str) -> None:
    response = client.get(f"/api/v1/search?{query}")
    assert (response.status_code, response.content_type) == (400, "application/problem+json")
    assert json.loads(response.data)["field"] == field


def test_the_feed_has_strong_and_fair_hits_and_says_where_it_is(client: FlaskClient) -> None:
    response = client.get(f"{SEARCH}&limit=5&format=atom")
    assert response.content_type == "application/atom+xml; charset=utf-8"
    assert "Content-Disposition" not in response.headers
    read = feedparser.parse(response.data)
    assert not read.bozo
    assert [entry.id for entry in read.entries] == [
        f"http://localhost/commitments/{name}" for name in ("JO0021", "SEO0002", "UK0066")
    ]
    assert read.feed.updated == INFO.built_at
    links = {link.rel: link.href for link in read.feed.links}
    assert links == {
        "self": "http://localhost/api/v1/search?q=innovation&format=atom",
        "alternate": "http://localhost/?q=innovation",
    }
    assert feedparser.parse(client.get(links["self"]).data).feed.id == read.feed.id


FEED = "Atom feed of the strong and fair matches"


def test_the_result_page_links_every_format_and_announces_the_feed(client: FlaskClient) -> None:
    tree = parse(client.get("/?q=innovation&country=CA&limit=5&offset=5").text)
    block = only(tree, "section", class_="take")
    links = {text_of(link): link.get("href", "") for link in each(block, "a") if not link.get("class")}
    assert list(links) == ["CSV", "JSON Lines", "RIS", "BibTeX", FEED]
    for name, url in links.items():
        assert client.get(url).status_code == 200, name
    assert len(rows(client.get(links["CSV"]).data)) == 18
    feed = only(tree, "link", rel="alternate", type="application/atom+xml")
    assert feed.get("href") == links[FEED]


def test_without_a_result_there_is_nothing_to_take_away_but_a_feed_to_wait_with(client: FlaskClient) -> None:
    tree = parse(client.get(f"/?q={NOTHING}").text)
    assert list(each(tree, "section", class_="take")) == []
    assert len(list(each(tree, "link", rel="alternate"))) == 1


def test_filters_alone_can_be_taken_away_and_cited_too(client: FlaskClient) -> None:
    for form in ("csv", "jsonl", "ris", "bib"):
        response = client.get(f"/api/v1/search?country=CA&format={form}")
        assert len(ids_in(form, response.data)) == 18
        assert response.headers["Content-Disposition"] == f'attachment; filename="concord-search.{form}"'
    feed = feedparser.parse(client.get("/api/v1/search?country=CA&format=atom").data)
    assert feed.feed.title == "Concord: filtered commitments"
    cited = words_of(only(parse(client.get("/?country=CA").text), "section", class_="take"))
    assert "Concord: all commitments with these filters; Country: Canada. 18 commitments found" in cited


# Permalinks


def permalink(client: FlaskClient, url: str) -> str:
    tree = parse(client.get(url).text)
    [link] = each(only(tree, "section", class_="take"), "a", class_="long")
    assert text_of(link) == link.get("href")
    return text_of(link)


def test_a_permalink_records_query_filters_index_and_encoder_but_no_page(client: FlaskClient) -> None:
    url = urlsplit(permalink(client, "/?q=innovation&country=CA&mode=semantic&limit=5&offset=5"))
    assert (url.scheme, url.netloc, url.path) == ("http", "localhost", "/")
    assert parse_qs(url.query) == {
        "q": ["innovation"],
        "country": ["CA"],
        "mode": ["semantic"],
        "index": [INFO.digest],
        "encoder": [INFO.encoder],
    }


def test_the_citation_names_search_filters_number_index_and_encoder(client: FlaskClient) -> None:
    tree = parse(client.get("/?q=innovation&country=CA").text)
    [cited] = [one for one in each(only(tree, "section", class_="take"), "p") if "Concord:" in text_of(one)]
    assert words_of(cited).startswith(
        "Concord: search for “innovation” (Meaning and words); Country: Canada. 18 commitments found. Index "
        f"{INFO.digest} of 31 January 2026, encoder {INFO.encoder}. http://localhost/?"
    )


def test_a_permalink_says_whether_the_index_has_changed_since(client: FlaskClient) -> None:
    url = permalink(client, "/?q=innovation")
    same = words_of(only(parse(client.get(url).text), "main"))
    assert "The index is the one that was cited" in same
    assert "has changed since this search" not in same
    tree = parse(client.get(url.replace(INFO.digest, "0123456789abcdef").replace("e5-small", "use")).text)
    said = words_of(only(tree, "p", class_="notice"))
    assert said.startswith(
        "The index has changed since this search was cited. It was 0123456789abcdef. The encoder was "
    )
    assert "bundled:use" in said
    assert f"It is now {INFO.digest}, built on 31 January 2026." in said


def test_without_a_permalink_nothing_is_said_of_the_index(client: FlaskClient) -> None:
    assert "was cited" not in words_of(only(parse(client.get("/?q=innovation").text), "main"))


def test_a_broken_permalink_is_a_problem_that_keeps_the_search(client: FlaskClient) -> None:
    response = client.get("/?q=innovation&index=broken")
    assert response.status_code == 400
    assert only(parse(response.text), "input", name="q").get("value") == "innovation"


def test_json_has_the_permalink_and_says_whether_the_index_has_changed(client: FlaskClient) -> None:
    answer = client.get(f"{SEARCH}&country=CA&offset=3").get_json()
    assert answer["permalink"] == (
        f"/?q=innovation&country=CA&index={INFO.digest}&encoder={INFO.encoder.replace(':', '%3A')}"
    )
    assert "pinned" not in answer
    for digest, changed in ((INFO.digest, False), ("0123456789abcdef", True)):
        pinned = client.get(f"{SEARCH}&index={digest}").get_json()["pinned"]
        assert pinned == {"index": digest, "encoder": None, "changed": changed}


# One commitment


def test_a_commitment_is_cited_on_its_page_and_in_files(client: FlaskClient) -> None:
    tree = parse(client.get("/commitments/UK0066?lang=en").text)
    block = only(tree, "section", class_="cite")
    assert "(2016). Anti-Corruption Innovation Hub (commitment UK0066, English)." in words_of(block)
    links = {text_of(link): link.get("href", "") for link in each(block, "a")}
    assert list(links) == ["RIS", "BibTeX", "Plain text"]
    [record] = rispy.loads(client.get(links["RIS"]).data.decode())
    assert (record["title"], record["language"]) == ("Anti-Corruption Innovation Hub", "en")
    [entry] = bibtexparser.parse_string(client.get(links["BibTeX"]).data.decode()).entries
    assert entry.key == "UK0066-en"
    plain = client.get(links["Plain text"])
    assert plain.data.decode().strip() in words_of(block)
    assert plain.headers["Content-Disposition"] == 'attachment; filename="concord-uk0066-en.txt"'


@pytest.mark.parametrize(
    ("url", "status", "field"),
    [
        ("/api/v1/commitments/UK0066?format=csv", 400, "format"),
        ("/api/v1/commitments/UK0066?lang=fr", 400, "lang"),
        ("/api/v1/commitments/UK0066?format=ris&lang=fi", 404, "lang"),
        ("/api/v1/commitments/UK0066?format=ris&lang=f%00", 400, "lang"),
        ("/api/v1/commitments/XX9?format=bib", 404, "commitment_id"),
    ],
)
def test_a_reference_that_can_not_be_had_is_a_problem(client: FlaskClient, url: str, status: int, field: str) -> None:
    response = client.get(url)
    assert (response.status_code, json.loads(response.data)["field"]) == (status, field)


# Comparisons


def test_a_comparison_as_csv_is_the_one_in_json(client: FlaskClient) -> None:
    url = "/api/v1/compare?id=UK0066&id=SEO0002&id=XX0001"
    response = client.get(f"{url}&format=csv")
    assert response.headers["Content-Disposition"] == 'attachment; filename="concord-compare-uk0066-seo0002-xx0001.csv"'
    table = rows(response.data)
    assert list(table[0]) == ["row", "field", "differs", "UK0066", "SEO0002", "XX0001"]
    by_field = {row["field"]: row for row in table}
    answer = client.get(url).get_json()
    assert list(answer) == ["query", "took_ms", "commitments", "facts", "passages", "index"]
    for fact in answer["facts"]:
        row = by_field[fact["field"]]
        assert row["differs"] == ("yes" if fact["differs"] else "no")
        if fact["field"] not in {"country", "lead_institutions"}:
            assert [row[name] for name in list(row)[3:]] == ["; ".join(values) for values in fact["values"]]
    assert by_field["milestones"]["UK0066"].splitlines()[0] == "4.1 Mettre en place un pôle d'innovation"
    assert by_field["passage"]["UK0066"] == answer["passages"][0]["own"]["text"]
    assert by_field["passage"]["SEO0002"] == answer["passages"][0]["nearest"][0]["passage"]["text"]
    assert by_field["semantic"]["SEO0002"] == "0.4568"
    assert (by_field["likeness"]["UK0066"], by_field["likeness"]["SEO0002"]) == ("", "0.1000")


def test_a_comparison_in_json_names_each_commitment_with_its_facts(client: FlaskClient) -> None:
    answer = client.get("/api/v1/compare?id=UK0066&id=SEO0002&lang=EN").get_json()
    assert answer["query"] == {"id": ["UK0066", "SEO0002"], "lang": "en"}
    first, second = answer["commitments"]
    assert (first["lang"], first["also_in"], first["likeness"]) == ("en", ["fr"], None)
    assert (second["lang"], second["likeness"]) == ("es", 0.1)
    assert first["facts"]["completion_midterm"] == "limited"
    differing = {fact["field"] for fact in answer["facts"] if fact["differs"]}
    assert differing == {"country", "year", "policy_areas"}


@pytest.mark.parametrize(
    ("query", "status", "field"),
    [
        ("", 400, "id"),
        ("id=UK0066", 400, "id"),
        ("id=UK0066&id=UK0066", 400, "id"),
        ("&".join(f"id=CA{number:04}" for number in range(1, 8)), 400, "id"),
        ("id=UK0066&id=" + "x" * 101, 400, "id"),
        ("id=UK0066&id=JO+0021", 400, "id"),
        ("id=UK0066&id=JO0021%00", 400, "id"),
        ("id=UK0066&id=NOPE", 404, "commitment_id"),
        ("id=UK0066&id=JO0021&lang=12", 400, "lang"),
        ("id=UK0066&id=JO0021&format=ris", 400, "format"),
        ("id=UK0066&id=JO0021&limit=3", 400, "limit"),
    ],
)
def test_a_comparison_that_can_not_be_made_is_a_problem(
    client: FlaskClient, query: str, status: int, field: str
) -> None:
    response = client.get(f"/api/v1/compare?{query}")
    assert (response.status_code, response.content_type) == (status, "application/problem+json")
    assert json.loads(response.data)["field"] == field


def test_files_are_sent_as_they_are_written(client: FlaskClient) -> None:
    response = client.get(f"{SEARCH}&format=jsonl", buffered=False)
    assert response.content_length is None
    assert re.match(rb'\{"rank": 1, ', next(iter(response.response)))
    response.close()
