"""Publishing to PostgreSQL: the same answers as from the folder, at the cost of what has changed, or none at all."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from bench.service.made_up import MadeUpEncoder
from cluster.server import Server
from indexer import postgresql
from indexer.postgresql import prepare_for, publish_to, restore_in
from indexer.shared.encoder import Encoder
from indexer.shared.errors import EngineDownError, IndexFormatError, IndexMissingError, IndexStoreError
from indexer.shared.postgresql import schema
from indexer.shared.postgresql.parts import array_of, load_parts
from indexer.shared.records import Document
from indexer.shared.storage import current_digest, open_generation
from searchapp.engines.postgresql.store import DatabaseStore
from tests.answers import LANGS, assert_same_answers, index_of, made_up_document, made_up_documents
from tests.fakes import FakeEncoder, document

pytestmark = pytest.mark.postgres

TABLES = ("documents", "chunks", "nearest", "sentences", "postings")
ENCODER = MadeUpEncoder()


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A folder, and the database that it is published to."""

    folder: Path
    address: str

    def write(self, documents: list[Document], encoder: Encoder = ENCODER) -> None:
        self.stage(documents, encoder)
        self.publish()

    def stage(self, documents: list[Document], encoder: Encoder = ENCODER) -> None:
        """Index into the folder alone."""
        index_of(documents, self.folder, encoder)

    def publish(self) -> None:
        publish_to(self.address, open_generation(self.folder))

    def check(self, encoder: Encoder = ENCODER) -> None:
        """All answers of the database are those of the folder."""
        assert_same_answers(self.folder, self.address, encoder)

    @property
    def digest(self) -> str:
        """What answers in the database."""
        store = DatabaseStore(self.address)
        try:
            return store.open().manifest.digest
        finally:
            store.close()

    def query(self, statement: str, *parameters: object) -> list[tuple[object, ...]]:
        with psycopg.connect(self.address, autocommit=True) as connection:
            return connection.execute(statement.encode(), parameters).fetchall()

    def number(self) -> int:
        [(number,)] = self.query("select generation from concord.answering")
        assert isinstance(number, int)
        return number

    def written(self) -> dict[str, int]:
        """How many rows of each table the generation that answers has added."""
        number = self.number()
        return {
            table: int(str(self.query(f"select count(*) from concord.{table} where since = %s", number)[0][0]))  # noqa: S608 (a table's name)
            for table in TABLES
        }


@pytest.fixture
def published(new_prepared_url: Callable[[], str], tmp_path: Path) -> Published:
    """A database with nothing in it yet."""
    return Published(folder=tmp_path / "index", address=new_prepared_url())


def with_changes(documents: list[Document], changed: list[Document]) -> list[Document]:
    ids = {one.document_id for one in changed}
    return [*changed, *(one for one in documents if one.document_id not in ids)]


def publish_failing(published: Published, name: str, *, call: int = 1) -> None:
    """Publish, and have a function of the module fail at its nth call."""
    calls: list[str] = []
    real = getattr(postgresql, name)

    def fail(*args: object, **options: object) -> object:
        calls.append(name)
        if len(calls) == call:
            raise RuntimeError(name)
        return real(*args, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(postgresql, name, fail)
        with pytest.raises(RuntimeError, match=name):
            published.publish()
    assert len(calls) == call


def test_publishing_the_same_again_writes_nothing(published: Published) -> None:
    published.write(made_up_documents(6))
    before = published.number()
    rows = published.query("select xmin, document from concord.documents order by document")
    published.write(made_up_documents(6))
    assert published.number() == before
    assert published.query("select xmin, document from concord.documents order by document") == rows
    assert len(published.query("select generation from concord.generations")) == 1


def test_after_any_change_all_answers_are_those_of_the_folder(published: Published) -> None:
    documents = made_up_documents(20)
    changed = [made_up_document(number, LANGS[number % 3], seed=2) for number in (1, 4, 7)]
    steps = {
        "first": documents,
        "added": [*documents, *(made_up_document(number, "fr") for number in range(20, 24))],
        "changed": with_changes(documents, changed),
        "removed": documents[6:],
        "a language more": [*documents[6:], made_up_document(30, "sv"), made_up_document(7, "aa")],
        "all at once": [*changed, *documents[8:], made_up_document(40, "aa"), made_up_document(41, "en")],
        "one left": documents[:1],
        "as at first": documents,
    }
    for step in steps.values():
        published.write(step)
        published.check()


def test_what_is_written_is_in_proportion_to_the_change(published: Published) -> None:
    documents = made_up_documents(30)
    published.write(documents)
    whole = published.written()
    changed = made_up_document(3, LANGS[0], seed=5)
    published.write(with_changes(documents, [changed]))
    manifest, stored = open_generation(published.folder).manifest, open_generation(published.folder)
    [row] = [row for row in range(manifest.counts.documents) if stored.document(row).document_id == changed.document_id]
    chunks = int((stored.chunks["document"] == row).sum())
    written = published.written()
    assert written == {**written, "documents": 1, "chunks": chunks, "nearest": chunks, "sentences": chunks}
    assert 0 < written["postings"] < whole["postings"] / 2
    published.write([one for one in documents if one.document_id != changed.document_id])
    assert set(published.written().values()) == {0}
    published.check()


def test_what_a_generation_has_ended_is_removed_two_generations_later(published: Published) -> None:
    documents = made_up_documents(8)
    before = len(documents)
    published.write(documents)
    for count in (7, 6, 5):
        published.write(documents[:count])
        number = published.number()
        generations = published.query("select generation from concord.generations order by 1")
        assert generations == [(number - 1,), (number,)]
        assert published.query("select count(*) from concord.documents") == [(before,)]
        assert published.query("select distinct until from concord.chunks where until is not null") == [(number,)]
        before = count


def test_postings_of_several_generations_are_joined_until_they_are_written_anew(
    published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql, "_SEGMENTS", 3)
    counts = []
    for count in range(6, 13):
        published.write(made_up_documents(count))
        with psycopg.connect(published.address) as connection:
            segments = array_of(load_parts(connection, published.number()), "segments").tolist()
        alive = published.query("select distinct since from concord.postings where until is null order by 1")
        assert [since for (since,) in alive] == segments
        counts.append(len(segments))
        published.check()
    assert counts == [1, 2, 3, 1, 2, 3, 1]


def test_another_encoder_takes_over_and_gives_way(published: Published) -> None:
    documents = made_up_documents(8)
    published.write(documents)
    published.write(documents, FakeEncoder())
    published.check(FakeEncoder())
    assert published.written()["chunks"] == open_generation(published.folder).manifest.counts.chunks
    published.write(documents)
    published.check()


def test_restoring_goes_back_and_forward(published: Published) -> None:
    digests = []
    for count in (6, 8):
        published.write(made_up_documents(count))
        digests.append(published.digest)
    assert restore_in(published.address).digest == published.digest == digests[0]
    assert restore_in(published.address).digest == published.digest == digests[1]
    assert restore_in(published.address, digests[0]).digest == published.digest == digests[0]
    with pytest.raises(IndexStoreError, match=f"there is no generation 'abc'; those that are there: {digests[1]}"):
        restore_in(published.address, "abc")
    published.stage(made_up_documents(6))
    published.check()


def test_what_is_published_after_going_back_is_right_and_has_a_number_of_its_own(published: Published) -> None:
    documents = made_up_documents(10)
    published.write(documents[:8])
    published.write([*documents[2:8], made_up_document(3, "en", seed=9)])
    dropped = published.number()
    restore_in(published.address)
    published.write([*documents[4:], made_up_document(5, "fr", seed=9)])
    assert published.number() > dropped
    published.check()
    assert published.query("select 1 from concord.generations where generation = %s", dropped) == []


def test_a_reader_of_what_was_dropped_is_told_so_and_given_nothing_else(published: Published) -> None:
    documents = made_up_documents(8)
    published.write(documents)
    published.write([*documents[1:], made_up_document(50, "en")])
    store = DatabaseStore(published.address)
    engine, before = store.open(), store.state()
    restore_in(published.address)
    published.write([*documents[1:], made_up_document(51, "en")])
    query = ENCODER.encode_queries(["open data"])[0]
    with pytest.raises(EngineDownError, match="are gone"):
        engine.products(query)
    assert store.state() != before
    assert store.open().products(query).shape == (2, len(store.open().chunks))
    store.close()


def test_nothing_to_go_back_to_is_told(published: Published) -> None:
    published.write(made_up_documents(4))
    with pytest.raises(IndexStoreError, match="no other generation than the current one; those that are there"):
        restore_in(published.address)


BEFORE_THE_SWITCH = (
    *("_numbered", "_write_documents", "_write_passages", "_write_sentences", "_write_postings", "save_parts"),
    *("_index_nearest", "_answer_with"),
)


@pytest.mark.parametrize("name", BEFORE_THE_SWITCH)
def test_wherever_publishing_fails_the_old_generation_answers_and_the_next_publishing_works(
    published: Published, name: str
) -> None:
    documents = made_up_documents(8)
    published.write(documents)
    before, number = published.digest, published.number()
    published.stage([*documents[3:], made_up_document(20, "aa"), made_up_document(5, "fr", seed=3)])
    publish_failing(published, name)
    assert (published.digest, published.number()) == (before, number)
    with pytest.raises(IndexStoreError, match="no other generation"):
        restore_in(published.address)
    published.publish()
    published.check()


@pytest.mark.parametrize("call", [1, 2])
def test_a_failure_while_clearing_leaves_a_generation_that_answers_whole(published: Published, call: int) -> None:
    documents = made_up_documents(8)
    published.write(documents)
    published.write(documents[1:])
    published.stage([*documents[3:], made_up_document(20, "aa")])
    publish_failing(published, "_clear", call=call)
    published.publish()
    published.check()
    published.stage(documents[2:])
    published.publish()
    published.check()


def test_a_connection_that_is_cut_while_publishing_is_one_line_and_changes_nothing(
    published: Published, postgres_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    published.write(made_up_documents(4))
    before, real = published.digest, postgresql.save_parts

    def cut(connection: psycopg.Connection, *args: object) -> None:
        with postgres_server.connect() as administrator:
            administrator.execute("select pg_terminate_backend(%s)", [connection.info.backend_pid])
        real(connection, *args)  # type: ignore[arg-type]

    published.stage(made_up_documents(6))
    monkeypatch.setattr(postgresql, "save_parts", cut)
    with pytest.raises(EngineDownError, match=r"^postgresql://127\.0\.0\.1:\d+/\w+: can't be reached \([^\n]*\)$"):
        published.publish()
    assert published.digest == before
    monkeypatch.undo()
    published.publish()
    published.check()


PUBLISH_AND_HANG = """
import sys, time
from pathlib import Path
from indexer import postgresql
from indexer.shared.storage import open_generation
def hang(*args):
    print("writing", flush=True)
    time.sleep(600)
setattr(postgresql, sys.argv[3], hang)
postgresql.publish_to(sys.argv[1], open_generation(Path(sys.argv[2])))
"""


@pytest.mark.parametrize("moment", ["_write_sentences", "_index_nearest"])
def test_a_publisher_killed_at_once_leaves_the_old_generation_and_no_lock(published: Published, moment: str) -> None:
    published.write(made_up_documents(4))
    before = published.digest
    published.stage(made_up_documents(6))
    command = [sys.executable, "-c", PUBLISH_AND_HANG, published.address, str(published.folder), moment]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 (our own program)
        assert process.stdout is not None
        assert process.stdout.readline() == "writing\n"
        with pytest.raises(IndexStoreError, match=r"another process is writing this index; try again when it is done$"):
            published.publish()
        process.kill()
    assert published.digest == before
    held = (
        "select 1 from pg_locks join pg_database on pg_locks.database = pg_database.oid"
        " where locktype = 'advisory' and datname = current_database()"
    )
    while published.query(held):  # until the server notices
        pass
    published.publish()
    published.check()


def test_text_of_any_kind_travels_unharmed(published: Published) -> None:
    texts = (
        'It\'s "quoted", 100%s \\ \\n %(name)s {} ; drop table x; -- \t end',
        "A nought \x00 and \\u0000, a bell \x07, an emoji 🏛 and a line\nbreak.",
        "long" * 5000 + " word.",
    )
    names = ("O'Neil\"s", "back\\slash", "100%s%%(x)s", "{braces}", "nought\x00", "x" * 5000)
    documents = [document(name, f"{text} {name} open data") for name, text in zip(names, texts * 2, strict=True)]
    published.write(documents)
    published.check()
    store = DatabaseStore(published.address)
    stored = store.open()
    assert {stored.document(row).text for row in range(len(documents))} == {one.text for one in documents}
    assert {stored.document(row).commitment_id for row in range(len(documents))} == set(names)
    store.close()


def test_an_older_schema_is_refused_until_publishing_brings_it_up_to_date(
    published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    published.write(made_up_documents(4))
    store = DatabaseStore(published.address)
    with monkeypatch.context() as newer:
        newer.setattr(schema, "_MIGRATIONS", (*schema._MIGRATIONS, "create table concord.more (number int)"))
        with pytest.raises(IndexFormatError, match=r"its schema is of version 1, but this program needs 2; `concord"):
            store.open()
        assert prepare_for(published.address) == store.open().place
        published.publish()
        published.check()
    for use in (store.open, published.publish, lambda: prepare_for(published.address)):
        with pytest.raises(
            IndexFormatError, match=r"schema is of version 2, made by a newer Concord \(this one knows 1"
        ):
            use()
    store.close()


def test_a_role_that_is_made_later_may_read_after_the_next_publishing(
    published: Published, monkeypatch: pytest.MonkeyPatch, postgres_server: Server
) -> None:
    with postgres_server.connect() as administrator:
        administrator.execute("create role later login password 'later'")
    monkeypatch.setattr(schema, "READER", "later")
    published.write(made_up_documents(4))
    name = published.address.rpartition("/")[2]
    store = DatabaseStore(postgres_server.url(name, user="later", password="later"))
    assert store.open().manifest.digest == current_digest(published.folder)
    store.close()


def test_a_database_to_which_nothing_was_published_says_so(published: Published, postgres_url: str) -> None:
    for address in (published.address, postgres_url):
        store = DatabaseStore(address)
        with pytest.raises(
            IndexMissingError, match=r"there is no index here yet; build one with `concord index SOURCE"
        ):
            store.open()
        store.close()
