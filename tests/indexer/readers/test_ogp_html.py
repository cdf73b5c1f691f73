from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from indexer.parsing import parse_page
from indexer.readers.ogp_html import page_lines
from indexer.readers.sources import read_sources
from indexer.shared.records import Document
from tests.indexer.readers.saved_pages import saved_page

SEEDS = sorted((Path(__file__).parents[3] / "seeds").glob("*.txt"))


def only(path: Path) -> Document:
    result = read_sources([path])
    assert [str(error) for error in result.rejected] == []
    [document] = result.documents
    return document


def unsourced(document: Document) -> dict[str, object]:
    return dataclasses.asdict(dataclasses.replace(document, source=""))


@pytest.mark.parametrize("seed", SEEDS, ids=lambda path: path.name[:3])
def test_a_page_saved_as_html_gives_the_same_record_as_its_dump(seed: Path, tmp_path: Path) -> None:
    dump = seed.read_text(encoding="utf-8")
    page = tmp_path / "page.html"
    page.write_text(saved_page(dump), encoding="utf-8")
    assert "<li>" in page.read_text()
    assert unsourced(only(page)) == unsourced(parse_page(dump, source="dump"))


@pytest.mark.parametrize(
    ("charset", "written_as"),
    [("windows-1252", "cp1252"), ("iso-8859-1", "cp1252"), ("utf-8", "utf-8-sig"), ("utf-8", "utf-16")],
)
def test_the_encoding_comes_from_the_mark_or_the_meta_element(charset: str, written_as: str, tmp_path: Path) -> None:
    html = saved_page(SEEDS[0].read_text(encoding="utf-8"), charset=charset)
    raw = html.replace("&eacute;", "é").replace("&rsquo;", "’")
    (tmp_path / "page.htm").write_bytes(raw.encode(written_as))
    document = only(tmp_path / "page.htm")
    assert unsourced(document) == unsourced(parse_page(SEEDS[0].read_text(encoding="utf-8"), source=""))


def test_only_visible_text_is_read() -> None:
    html = (
        "<body><nav>Menu</nav><script>x()</script><style>p{}</style><p hidden>Secret</p><template>T</template>"
        "<p>One&nbsp;<b>bold</b>&amp;plain,\n  wrapped<!-- no --></p><select><option>A</option></select>"
        "<div>Two</div><div>Three<br>Four</div><footer>Foot</footer></body>"
    )
    assert page_lines(html) == "One bold&plain, wrapped\n\nTwo\nThree\nFour"


def test_nested_lists_keep_their_marks() -> None:
    html = "<ol start=3><li>a<ul><li>b</li><li>- c</li></ul></li><li>5 d</li><li>11.2. e</li></ol><p>f</p>"
    assert page_lines(html) == "3. a\n• b\n- c\n4. 5 d\n11.2. e\n\nf"


def test_cells_of_a_row_stand_on_one_line() -> None:
    assert page_lines("<table><tr><th>Status:</th><td>Active</td></tr><tr><td>x</table>") == "Status: Active\nx"


def test_deep_nesting_is_no_trouble() -> None:
    assert page_lines("<div>" * 5_000 + "deep") == "deep"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "holds no text"),
        (b"<html><body><p>Hello</p></body></html>", "not a commitment page"),
        (b"<meta charset=klingon><p>Hello", "unknown encoding 'klingon'"),
        (b"<p>R\xe9sum\xe9", "not UTF-8: byte 0xe9 at offset 4"),
    ],
)
def test_a_bad_page_is_named_with_its_reason(content: bytes, expected: str, tmp_path: Path) -> None:
    (tmp_path / "bad.html").write_bytes(content)
    [error] = read_sources([tmp_path / "bad.html"]).rejected
    assert str(error).startswith(f"{tmp_path}/bad.html")
    assert expected in str(error)
