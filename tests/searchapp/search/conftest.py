"""The tests that are the contract of every engine run once for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from indexer.postgresql import publish_to
from indexer.shared.storage import open_generation
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


@pytest.fixture(scope="module", autouse=True)
def engine(request: pytest.FixtureRequest) -> Iterator[str]:
    """The name of the engine in which `Searcher.open` opens what is indexed in a folder."""
    name: str = getattr(request, "param", "folder")
    if name == "folder":
        yield name
        return
    new_address: Callable[[], str] = request.getfixturevalue("new_prepared_url")
    stores: list[DatabaseStore] = []

    def published(index: Path | Store) -> Store:
        if not isinstance(index, Path):
            return index
        address = new_address()
        publish_to(address, open_generation(index))
        stores.append(DatabaseStore(address))
        return stores[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(searcher, "_store", published)
        yield name
    for store in stores:
        store.close()
