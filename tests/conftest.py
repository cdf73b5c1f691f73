from __future__ import annotations

import itertools
import signal
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

import pytest

from cluster.databases import prepare
from cluster.layout import DATABASE, OWNER, READER, REPLICATOR
from cluster.server import Server, free_port
from cluster.temporary import temporary_folder
from indexer.pipeline import build_index, index_documents
from indexer.postgresql import prepare_for
from indexer.readers.sources import ReadResult
from indexer.shared.encoder import Encoder, load_encoder
from indexer.shared.records import Document
from indexer.shared.settings import setting
from searchapp.search.searcher import Searcher
from tests.fakes import FakeEncoder

ROOT = Path(__file__).parents[1]
SHARED_DATA = ROOT.parent / "shared" / "data"


def pytest_configure() -> None:
    """Hear interrupts, here and in programs that tests start, even where a shell runs the tests in its background."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


class BuildIndex(Protocol):
    """Indexes documents with the fake encoder and returns the index folder."""

    def __call__(self, documents: Sequence[Document], *, index: Path | None = None) -> Path: ...


@pytest.fixture
def build(tmp_path: Path) -> BuildIndex:
    def build_with_fake(documents: Sequence[Document], *, index: Path | None = None) -> Path:
        folder = index or tmp_path / "index"
        ordered = tuple(sorted(documents, key=lambda one: one.document_id))
        index_documents(ReadResult(documents=ordered, rejected=(), sources=()), index=folder, encoder=FakeEncoder())
        return folder

    return build_with_fake


@pytest.fixture(scope="session")
def seeds() -> Path:
    return ROOT / "seeds"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Data that is not part of the project; tests that need it are skipped where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"needs the evaluation data in {SHARED_DATA.name}/ beside the project's folder")
    return SHARED_DATA


@pytest.fixture(scope="session")
def encoder() -> Encoder:
    """The bundled model of many languages alone, loaded once."""
    return load_encoder("bundled:e5-small")


@pytest.fixture(scope="session")
def default_encoder() -> Encoder:
    """The encoder that users get unless they ask for another, loaded once."""
    return load_encoder(str(setting("encoder").default))


@pytest.fixture(scope="session")
def seed_index(default_encoder: Encoder, seeds: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The five seeds, indexed once with the real encoder."""
    index = tmp_path_factory.mktemp("seeds") / "index"
    report = build_index([seeds], index=index, encoder=default_encoder)
    assert report.rejected == ()
    return index


@pytest.fixture(scope="session")
def seed_searcher(seed_index: Path, default_encoder: Encoder) -> Searcher:
    return Searcher.open(seed_index, encoder=default_encoder)


_PASSWORDS = {OWNER: "of the owner", READER: "of the reader", REPLICATOR: "of the replica"}


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """One server for all tests, quick and forgetful, with the users of a cluster; don't stop it."""
    quick = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    with temporary_folder() as folder:
        server = Server(folder=folder / "tests", port=free_port(), password="of the tests", settings=quick)
        server.make()
        server.start()
        prepare(server, _PASSWORDS)
        yield server


@pytest.fixture(scope="session")
def new_postgres_url(postgres_server: Server) -> Callable[[], str]:
    """Makes a new database with pgvector and returns its address as its owner, `concord`, sees it."""
    numbers = itertools.count(1)

    return lambda: _new_database(postgres_server, f"test_{next(numbers)}", template=DATABASE)


@pytest.fixture(scope="session")
def new_prepared_url(postgres_server: Server, new_postgres_url: Callable[[], str]) -> Callable[[], str]:
    """Makes a new database with Concord's tables, and returns its address as its owner sees it."""
    prepared = new_postgres_url()
    prepare_for(prepared)
    template, numbers = prepared.rpartition("/")[2], itertools.count(1)
    return lambda: _new_database(postgres_server, f"prepared_{next(numbers)}", template=template)


def _new_database(server: Server, name: str, *, template: str) -> str:
    with server.connect() as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} OWNER {OWNER}")
        connection.execute(f"GRANT CONNECT ON DATABASE {name} TO {READER}")
    return server.url(name, user=OWNER, password=_PASSWORDS[OWNER])


@pytest.fixture
def postgres_url(new_postgres_url: Callable[[], str], postgres_server: Server) -> Iterator[str]:
    """The address of a database of the test's own, gone after it."""
    url = new_postgres_url()
    yield url
    with postgres_server.connect() as connection:
        connection.execute(f"DROP DATABASE {url.rpartition('/')[2]} WITH (FORCE)")


@pytest.fixture
def postgres_reader_url(postgres_url: str, postgres_server: Server) -> str:
    """The address of the same database for who may only read what it is granted, `concord_web`."""
    return postgres_server.url(postgres_url.rpartition("/")[2], user=READER, password=_PASSWORDS[READER])
