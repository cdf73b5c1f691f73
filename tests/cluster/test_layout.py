from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from cluster.errors import ServerError
from cluster.layout import COORDINATOR, Layout, load, plan, save


@pytest.fixture(scope="module")
def layout() -> Layout:
    return plan(2)


def test_a_plan_has_a_primary_and_a_replica_of_each_shard_and_of_the_coordinator(layout: Layout) -> None:
    names = [(pair.name, pair.primary.name, pair.replica and pair.replica.name) for pair in layout.pairs]
    assert names == [
        ("shard-0", "shard-0-1", "shard-0-2"),
        ("shard-1", "shard-1-1", "shard-1-2"),
        ("coordinator", "coordinator-1", "coordinator-2"),
    ]
    assert sorted(layout.passwords) == ["concord", "concord_replica", "concord_web", "postgres"]
    assert len(set(layout.passwords.values())) == 4


def test_passwords_are_never_the_same_twice() -> None:
    assert not set(plan(1).passwords.values()) & set(plan(1).passwords.values())


def test_after_a_failover_the_replica_leads_and_the_next_one_has_a_name_of_its_own(layout: Layout) -> None:
    alone = layout.pair("shard-1").failed_over()
    assert (alone.primary.name, alone.replica) == ("shard-1-2", None)
    with pytest.raises(ServerError, match="shard-1 has no replica to promote"):
        alone.failed_over()
    whole = alone.with_replica()
    assert whole.replica is not None
    assert whole.replica.name == "shard-1-3"
    assert whole.with_replica() == whole
    assert layout.with_pair(whole).pair("shard-1") == whole


def test_the_coordinator_is_a_pair_like_the_others(layout: Layout) -> None:
    alone = layout.pair(COORDINATOR).failed_over()
    assert layout.with_pair(alone).coordinator == alone


def test_a_name_that_is_no_pair_is_told_with_those_that_are(layout: Layout) -> None:
    with pytest.raises(ServerError, match="'shard-2' is none of shard-0, shard-1, coordinator"):
        layout.pair("shard-2")


def test_what_is_saved_is_loaded_and_only_its_owner_may_read_it(layout: Layout, tmp_path: Path) -> None:
    assert load(tmp_path) is None
    save(layout, tmp_path)
    assert load(tmp_path) == layout
    [path] = tmp_path.iterdir()
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "this is no layout of a cluster: .*truncated"),
        (b'{"format": 1}', "this is no layout of a cluster: .*missing required field"),
        (msgspec.json.encode(msgspec.structs.replace(plan(1), format=2)), "the layout has format 2, expected 1"),
    ],
)
def test_a_layout_that_cannot_be_used_is_told_with_its_file(content: bytes, reason: str, tmp_path: Path) -> None:
    (tmp_path / "cluster.json").write_bytes(content)
    with pytest.raises(ServerError, match=rf"cluster\.json: {reason}"):
        load(tmp_path)


def test_a_layout_that_cannot_be_read_is_told_with_its_file(tmp_path: Path) -> None:
    (tmp_path / "cluster.json").mkdir()
    with pytest.raises(ServerError, match=r"cluster\.json: Is a directory"):
        load(tmp_path)
