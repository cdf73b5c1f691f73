from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from psycopg import sql

from indexer.shared.errors import EngineDownError
from indexer.shared.postgresql.schema import PARTITIONS, Shard
from searchapp.engines.postgresql import servers as module
from searchapp.engines.postgresql.servers import Servers

ALL = sql.SQL("select 1").format()
EACH = sql.SQL("select 1 from concord.{{table}}").format()


class FakeDatabase:
    """Answers each statement with its address and the statement, unless it is down; knows where the shards are."""

    opened: list[str]
    down: set[str]
    shards: list[Shard]

    def __init__(self, address: str) -> None:
        self.place = address
        self.asked = 0
        self.opened.append(address)

    def run(self, work: Callable[[Any], Any]) -> Any:
        self._answer()
        return work(self)

    def rows(self, statement: sql.Composed, parameters: Sequence[object]) -> list[tuple[object, ...]]:
        self._answer()
        return [(self.place, statement.as_string(), *parameters)]

    def _answer(self) -> None:
        self.asked += 1
        if self.place in self.down:
            raise EngineDownError(f"{self.place}: down")

    def close(self) -> None:
        self.opened.remove(self.place)


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch) -> FakeDatabase:
    """A coordinator without shards; all databases are fakes."""
    for name, value in (("opened", []), ("down", set()), ("shards", [])):
        monkeypatch.setattr(FakeDatabase, name, value, raising=False)
    monkeypatch.setattr(module, "Database", FakeDatabase)
    monkeypatch.setattr(module, "shards_of", lambda database: tuple(database.shards))
    return FakeDatabase("own")


def shard(number: int, address: str, *partitions: int) -> Shard:
    return Shard(server=f"concord_shard_{number}", address=address, partitions=partitions)


def test_without_shards_the_database_is_asked_alone_and_once(database: FakeDatabase) -> None:
    servers = Servers(database)  # type: ignore[arg-type]
    assert servers.rows(ALL, [7]) == [("own", "select 1", 7)]
    [(_, union, *parameters)] = servers.rows_of_partitions(EACH, "chunks", [7])
    assert union.count(" union all ") == PARTITIONS - 1
    assert parameters == [7] * PARTITIONS
    database.down.add("own")
    asked = database.asked
    with pytest.raises(EngineDownError, match="own: down"):
        servers.rows(ALL, [])
    assert database.asked == asked + 1


def test_every_shard_is_asked_for_its_own_partitions_and_answers_stay_in_their_order(database: FakeDatabase) -> None:
    database.shards += [shard(0, "a", 0, 2), shard(1, "b", 1, 3), shard(2, "without any")]
    servers = Servers(database)  # type: ignore[arg-type]
    assert [row[0] for row in servers.rows(ALL, [])] == ["a", "b"]
    assert servers.rows_of_partitions(EACH, "chunks", []) == [
        ("a", '(select 1 from concord."chunks_0") union all (select 1 from concord."chunks_2")'),
        ("b", '(select 1 from concord."chunks_1") union all (select 1 from concord."chunks_3")'),
    ]
    servers.close()
    assert database.opened == ["own"]


def test_a_shard_that_moved_is_found_and_one_that_did_not_is_told(database: FakeDatabase) -> None:
    database.shards += [shard(0, "a", 0, 2), shard(1, "b", 1, 3)]
    servers = Servers(database)  # type: ignore[arg-type]
    servers.rows(ALL, [])
    database.down.add("b")
    with pytest.raises(EngineDownError, match="b: down"):
        servers.rows(ALL, [])
    database.shards[1] = shard(1, "c", 1, 3)
    assert [row[0] for row in servers.rows(ALL, [])] == ["a", "c"]
    assert database.opened == ["own", "a", "b", "c"]  # the connections to `a` are the same


def test_shards_answer_while_the_database_that_knows_them_is_away(database: FakeDatabase) -> None:
    database.shards += [shard(0, "a", 0, 1, 2, 3)]
    servers = Servers(database)  # type: ignore[arg-type]
    servers.rows(ALL, [])
    database.down.add("own")
    assert [row[0] for row in servers.rows(ALL, [])] == ["a"]
