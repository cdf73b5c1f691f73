"""A generation in a database: few statements, nothing of a request in them, and only the right to read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import psycopg
import pytest
from psycopg import errors

from bench.service.made_up import MadeUpEncoder
from cluster.layout import READER
from cluster.server import Server
from indexer import postgresql
from indexer.shared.errors import EngineDownError, QueryError
from searchapp.engines.embedded import EmbeddedEngine
from searchapp.engines.opening import Folder
from searchapp.engines.postgresql import database as database_module
from searchapp.engines.postgresql.database import Database
from searchapp.engines.postgresql.engine import PostgresEngine
from searchapp.engines.postgresql.store import DatabaseStore
from searchapp.search.results import CompareRequest, Filters, Mode, SearchRequest, SimilarRequest
from searchapp.search.searcher import Searcher
from tests.answers import LANGS, assert_same_answers, index_of, made_up_documents, publish

pytestmark = pytest.mark.postgres

ENCODER = MadeUpEncoder()
DOCUMENTS = made_up_documents(60)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return index_of(DOCUMENTS, tmp_path_factory.mktemp("made-up") / "index", ENCODER)


@pytest.fixture(scope="module")
def address(new_prepared_url: Callable[[], str], folder: Path) -> str:
    """A database with sixty commitments, several times changed before."""
    made = new_prepared_url()
    for start in (40, 20):
        publish(DOCUMENTS[start:], folder.parent / "before", made, ENCODER)
    publish(DOCUMENTS, folder, made, ENCODER)
    return made


@pytest.fixture
def store(address: str) -> Iterator[DatabaseStore]:
    opened = DatabaseStore(address)
    yield opened
    opened.close()


@pytest.fixture
def searcher(store: DatabaseStore) -> Searcher:
    found = Searcher.open(store, encoder=ENCODER)
    found.warm_up()
    return found


@pytest.fixture
def engines(folder: Path, store: DatabaseStore) -> tuple[EmbeddedEngine, PostgresEngine]:
    one = Folder(folder).open()
    assert isinstance(one, EmbeddedEngine)
    return one, store.open()


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts of all statements from here on."""
    texts: list[str] = []
    real = Database.rows

    def rows(self: Database, statement: psycopg.sql.Composed, parameters: object) -> object:
        texts.append(statement.as_string())
        return real(self, statement, parameters)  # type: ignore[arg-type]

    monkeypatch.setattr(Database, "rows", rows)
    return texts


def tables(statements: list[str]) -> list[str]:
    return [text.partition("concord.")[2].split()[0].strip('"') for text in statements]


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("hybrid", ["postings", "chunks_0", "sentences", "documents", "sentences"]),
        ("keyword", ["postings", "documents"]),
    ],
)
def test_a_page_costs_few_statements(
    searcher: Searcher, statements: list[str], mode: Mode, expected: list[str]
) -> None:
    page = searcher.search(SearchRequest(query="open data portal", mode=mode, limit=10))
    assert len(page.hits) == 10
    assert tables(statements) == expected
    statements.clear()
    searcher.search(SearchRequest(query="open data portal", mode=mode, limit=10))
    assert not {"postings", "documents"} & set(tables(statements))


def test_similar_and_compare_read_all_passages_at_once(searcher: Searcher, statements: list[str]) -> None:
    assert len(searcher.similar(SimilarRequest(commitment_id="XX0001")).hits) == 3
    comparisons = [table for table in tables(statements) if table == "chunks_0"]
    assert sorted(tables(statements)) == sorted([*comparisons, "chunks", "chunks", "documents", "sentences"])
    statements.clear()
    searcher.compare(CompareRequest(commitment_ids=("XX0010", "XX0011", "XX0012", "XX0013")))
    assert tables(statements).count("documents") == tables(statements).count("sentences") == 1


def test_every_hit_of_a_result_is_read_by_the_fifty(searcher: Searcher, statements: list[str]) -> None:
    hits = list(searcher.all_hits(SearchRequest(query="water", mode="keyword")))
    blocks = -(-len(hits) // 50)
    assert blocks > 1
    assert tables(statements) == ["postings", *["documents"] * blocks]


def test_words_that_start_so_are_fetched_together(searcher: Searcher, statements: list[str]) -> None:
    searcher.search(SearchRequest(query="cou*", mode="keyword"))  # courts and council
    assert tables(statements) == [*["postings"] * len(LANGS), "documents"]


@pytest.mark.parametrize("mark", ["Robert'); drop table students; --", "%s%(x)s{x}", 'a"b\\c$$d', "nought\x00bell\x07"])
def test_nothing_of_a_request_stands_in_a_statement(searcher: Searcher, statements: list[str], mark: str) -> None:
    filters = Filters(lang=(mark,), country=(mark,), institution=(mark,), policy_area=(mark,))
    for query in (mark, f'"{mark}" water', f"water -{mark}", f"{mark}* open", f"id:{mark}"):
        for request in (SearchRequest(query=query), SearchRequest(query=query, filters=filters)):
            with suppress(QueryError):
                searcher.search(request)
    assert statements
    for word in ("students", "Robert", "%(x)s", "{x}", "$$d", "nought", "bell"):
        assert not [text for text in statements if word in text]


def test_engines_give_the_same_of_any_rows_in_any_order(engines: tuple[EmbeddedEngine, PostgresEngine]) -> None:
    embedded, database = engines
    query = ENCODER.encode_queries(["courts of Songdo"])[0]
    parts = np.stack([query, query[::-1]], axis=1)
    for rows in (np.array([5]), np.array([9, 2, 40, 7]), np.array([3, 3, 8, 3]), np.arange(len(embedded.chunks))):
        np.testing.assert_allclose(database.vectors(rows)[:, :384], embedded.vectors(rows)[:, :384], rtol=0)
        if len(set(rows.tolist())) == len(rows):
            known = embedded.chunks["lang"][rows] != embedded.manifest.langs.index("el")
            there, here = database.products(query, rows), embedded.products(query, rows)
            np.testing.assert_allclose(there[0], here[0], atol=1e-5)
            np.testing.assert_allclose(there[1][known], here[1][known], atol=1e-5)
        products, counts = database.sentence_products(rows, parts)
        expected, expected_counts = embedded.sentence_products(rows, parts)
        np.testing.assert_allclose(products, expected, atol=1e-5)
        assert counts.tolist() == expected_counts.tolist()
    for row in (0, 17):
        assert database.document(row) == embedded.document(row)
        assert database.sentences(row).spans.tolist() == embedded.sentences(row).spans.tolist()


def test_searches_that_walk_indexes_find_what_exact_ones_do(
    folder: Path, address: str, monkeypatch: pytest.MonkeyPatch, new_prepared_url: Callable[[], str]
) -> None:
    assert_same_answers(folder, address, ENCODER, exact_up_to=0)
    monkeypatch.setattr(postgresql, "EXACT_UP_TO", 0)
    indexed = new_prepared_url()
    for start in (20, 0):
        publish(DOCUMENTS[start:], folder.parent / "walked", indexed, ENCODER)
    with psycopg.connect(indexed) as connection:
        [(indexes,)] = connection.execute("select count(*) from pg_indexes where indexdef like '%hnsw%'").fetchall()
    assert indexes == 8
    assert_same_answers(folder.parent / "walked", indexed, ENCODER, exact_up_to=0)


def test_rows_that_are_gone_are_told_and_no_answer_is_made_of_the_others(
    new_prepared_url: Callable[[], str], tmp_path: Path
) -> None:
    address = new_prepared_url()
    publish(DOCUMENTS[:8], tmp_path / "index", address, ENCODER)
    store = DatabaseStore(address)
    old = Searcher.open(store, encoder=ENCODER)
    for count in (6, 4):
        publish(DOCUMENTS[:count], tmp_path / "index", address, ENCODER)
    everything = old.document_ids
    for mode in ("keyword", "semantic"):
        with pytest.raises(EngineDownError, match="are gone"):
            old.search(SearchRequest(query="open data portal water courts", mode=mode, limit=len(everything)))
    store.close()


def test_the_reading_role_needs_nothing_else_and_can_write_nothing(
    folder: Path, address: str, postgres_server: Server
) -> None:
    name = address.rpartition("/")[2]
    reader = postgres_server.url(name, user=READER, password="of the reader")
    assert_same_answers(folder, reader, ENCODER)
    with psycopg.connect(reader, autocommit=True) as connection:
        found = connection.execute(
            "select relname from pg_class where relnamespace = 'concord'::regnamespace and relkind in ('r', 'p')"
        ).fetchall()
        assert len(found) > 20
        for (table,) in found:
            for statement in ("delete from concord.{}", "truncate concord.{}", "drop table concord.{}"):
                with pytest.raises(errors.InsufficientPrivilege):
                    connection.execute(psycopg.sql.SQL(statement).format(psycopg.sql.Identifier(table)))
        for statement in (
            "insert into concord.answering (generation) values (1)",
            "update concord.answering set generation = 1",
            "create table concord.mine ()",
            "create table public.mine ()",
            "select nextval('concord.generation_numbers')",
            "create extension pg_trgm",
        ):
            with pytest.raises(errors.InsufficientPrivilege):
                connection.execute(statement.encode())


def test_a_search_that_has_to_wait_too_long_ends(
    searcher: Searcher, address: str, store: DatabaseStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.close()
    monkeypatch.setitem(database_module._SETTINGS, "statement_timeout", "250ms")
    request = SearchRequest(query="forest licence")
    with psycopg.connect(address) as blocker:
        blocker.execute("lock table concord.chunks in access exclusive mode")
        with pytest.raises(EngineDownError, match="a query took too long"):
            searcher.search(request)
    assert searcher.search(request).total
