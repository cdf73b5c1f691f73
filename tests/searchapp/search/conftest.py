"""The tests that are the contract of every engine run once for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from indexer.postgresql import publish_to
from indexer.shared.storage import current_digest, open_generation
from searchapp.engines.opening import Store
from searchapp.engines.postgresql.store import DatabaseStore
from searchapp.search import searcher

ENGINES = ("folder", "postgresql")

CONTRACT = (
    "test_compare",
    "test_explain",
    "test_meaning_map",
    "test_overview",
    "test_searcher",
    "test_similar",
    "test_strength",
)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if metafunc.module.__name__.rpartition(".")[2] in CONTRACT:
        marks = {"postgresql": pytest.mark.postgres}
        engines = [pytest.param(name, marks=marks.get(name, ())) for name in ENGINES]
        metafunc.parametrize("engine", engines, indirect=True, scope="module")


@dataclass(kw_only=True)
class Lent:
    """A database, the generation in it, and how many use it."""

    address: str
    store: DatabaseStore
    digest: str = ""
    users: int = 0


class Databases:
    """Databases that are lent with an index published to them: over that of the last user, as indexes change."""

    def __init__(self, new_address: Callable[[], str]) -> None:
        self._new_address = new_address
        self._lent: list[Lent] = []
        self.taken: list[Lent] = []

    def lend(self, index: Path) -> DatabaseStore:
        digest = current_digest(index)
        same = (one for one in self._lent if one.digest == digest)
        found = next(same, None) or next((one for one in self._lent if not one.users), None) or self._new()
        if found.digest != digest:
            publish_to(found.address, open_generation(index))
            found.digest = digest
        found.users += 1
        self.taken.append(found)
        return found.store

    def take_back(self, count: int) -> None:
        """Take back all but those that were lent first."""
        while len(self.taken) > count:
            self.taken.pop().users -= 1

    def close(self) -> None:
        for one in self._lent:
            one.store.close()

    def _new(self) -> Lent:
        address = self._new_address()
        self._lent.append(Lent(address=address, store=DatabaseStore(address)))
        return self._lent[-1]


@pytest.fixture(scope="session")
def databases(new_prepared_url: Callable[[], str]) -> Iterator[Databases]:
    made = Databases(new_prepared_url)
    yield made
    made.close()


@pytest.fixture(scope="module", autouse=True)
def engine(request: pytest.FixtureRequest) -> Iterator[str]:
    """The name of the engine in which `Searcher.open` opens what is indexed in a folder."""
    name: str = getattr(request, "param", "folder")
    if name == "folder":
        yield name
        return
    databases: Databases = request.getfixturevalue("databases")

    def published(index: Path | Store) -> Store:
        return databases.lend(index) if isinstance(index, Path) else index

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(searcher, "_store", published)
        yield name
    databases.take_back(0)


@pytest.fixture(autouse=True)
def _databases_of_one_test(engine: str, request: pytest.FixtureRequest) -> Iterator[None]:
    """What a test has opened itself is free for the next test."""
    if engine == "folder":
        yield
        return
    databases: Databases = request.getfixturevalue("databases")
    before = len(databases.taken)
    yield
    databases.take_back(before)
