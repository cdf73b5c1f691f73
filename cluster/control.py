"""Starting, stopping and changing a cluster that lives in one folder.

Each step may be taken again after a failure: what is there already is left as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import filelock

from cluster.databases import link, prepare, repoint
from cluster.errors import ServerError
from cluster.layout import COORDINATOR, DATABASE, OWNER, READER, REPLICATOR, Layout, Pair, load, plan, save
from cluster.programs import make_folder
from cluster.server import HOST, Server

__all__ = ["NodeStatus", "promote", "start", "status", "stop", "urls"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeStatus:
    """How one server does: its part, whether it runs, and of a replica how the primary sees it.

    `follows` is empty for a primary; for a replica `synchronous` (every commit waits for it), another word of
    PostgreSQL's, or `no`.
    """

    name: str
    part: str
    port: int
    running: bool
    follows: str


def start(folder: Path, *, shards: int | None = None) -> tuple[Layout, bool]:
    """Start the cluster of a folder and return its layout, and whether anything of it had to be started.

    A cluster that isn't there is made, with two shards unless `shards` says otherwise; a replica that was promoted is
    replaced by a new one. Raise ServerError when a server doesn't start; those that were started are stopped again.
    """
    _check_ours(folder)
    folder = make_folder(folder)
    with _alone(folder), ExitStack() as undo:
        layout = _planned(folder, shards)
        changed = [_start_pair(folder, layout, pair, undo) for pair in layout.pairs]
        servers = {shard.name: layout.server(folder, shard.primary) for shard in layout.shards}
        link(layout.server(folder, layout.coordinator.primary), servers, layout.passwords)
        undo.pop_all()
    return layout, any(changed)


def stop(folder: Path) -> bool:
    """Stop the cluster of a folder, the coordinator first; return whether anything of it was running."""
    if load(folder) is None:
        return False
    folder = folder.resolve()
    with _changing(folder) as layout:
        pairs = reversed(layout.pairs)
        stopped = [server.stop() for pair in pairs for server in layout.servers(folder, pair)]
    return any(stopped)


def promote(folder: Path, name: str) -> Layout:
    """Put the replica of a shard, or of the coordinator, in the place of its primary and return the new layout.

    The primary is stopped if it still runs, so that no one writes to it any more; its folder stays as it is. The
    coordinator is told where the shard is now. Raise ServerError when there is no such pair or no replica that runs.
    """
    folder = folder.resolve()
    with _changing(folder) as layout:
        pair = layout.pair(name)
        changed = pair.failed_over()
        former, server = layout.servers(folder, pair)
        if not server.is_running:
            raise ServerError(f"{server.name}, the replica of {name}, is not running")
        _put_out(former)
        if server.is_replica:
            server.promote()
        promoted = layout.with_pair(changed)
        save(promoted, folder)
        if name != COORDINATOR:
            repoint(promoted.server(folder, promoted.coordinator.primary), name, server)
    return promoted


def status(folder: Path) -> list[NodeStatus]:
    """Return how each server of the cluster does, each primary before its replica."""
    folder = folder.resolve()
    layout = _existing(folder)
    return [node for pair in layout.pairs for node in _status_of(folder, layout, pair)]


def urls(layout: Layout) -> tuple[str, str]:
    """Return the addresses for who writes and for who reads.

    Both name the coordinator and its replica: libpq picks the one that takes writes, or for readers the replica as
    long as it answers.
    """
    pair = layout.coordinator
    hosts = ",".join(f"{HOST}:{node.port}" for node in (pair.primary, pair.replica) if node is not None)
    return (
        f"postgresql://{OWNER}:{layout.passwords[OWNER]}@{hosts}/{DATABASE}?target_session_attrs=read-write",
        f"postgresql://{READER}:{layout.passwords[READER]}@{hosts}/{DATABASE}?target_session_attrs=prefer-standby",
    )


def _check_ours(folder: Path) -> None:
    """Raise ServerError for a folder with anything else in it: the user of the servers becomes its owner."""
    if folder.is_dir() and any(not path.name.startswith("cluster.") for path in folder.iterdir()) and not load(folder):
        raise ServerError(f"{folder}: this folder has other things in it; a cluster wants one of its own")


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep other processes from changing the cluster at the same time."""
    try:
        with filelock.FileLock(folder / "cluster.lock", timeout=0):
            yield
    except filelock.Timeout as error:
        raise ServerError(f"{folder}: another process starts, stops or changes this cluster") from error


@contextmanager
def _changing(folder: Path) -> Iterator[Layout]:
    """Give the layout of the cluster in a folder, which no other process changes meanwhile."""
    _existing(folder)
    with _alone(folder):
        yield _existing(folder)


def _planned(folder: Path, shards: int | None) -> Layout:
    """Return the layout of the cluster in a folder, where each pair has a replica, as it is written there."""
    layout = load(folder) or plan(shards or 2)
    if shards is not None and shards != len(layout.shards):
        raise ServerError(f"{folder}: this cluster has {len(layout.shards)} shards, not {shards}")
    for pair in layout.pairs:
        layout = layout.with_pair(pair.with_replica())
    save(layout, folder)
    return layout


def _start_pair(folder: Path, layout: Layout, pair: Pair, undo: ExitStack) -> bool:
    """Start a primary and its replica, making them if need be; commits wait for the replica from then on."""
    primary, replica = layout.servers(folder, pair)
    if not primary.is_made:
        primary.make()
    changed = [_start(primary, undo)]
    if not replica.is_made:
        primary.configure()  # no commit may wait for a replica that isn't there
        prepare(primary, layout.passwords)
        replica.make_replica(primary, user=REPLICATOR, password=layout.passwords[REPLICATOR])
    changed.append(_start(replica, undo))
    primary.configure({"synchronous_standby_names": f'"{replica.name}"'})
    return any(changed)


def _start(server: Server, undo: ExitStack) -> bool:
    changed = server.start()
    if changed:
        undo.callback(server.stop)
    return changed


def _put_out(server: Server) -> None:
    """Stop a server, with force if it doesn't end of itself."""
    try:
        server.stop()
    except ServerError:
        server.kill()


def _existing(folder: Path) -> Layout:
    layout = load(folder)
    if layout is None:
        raise ServerError(f"{folder}: there is no cluster in this folder; `python -m cluster start` makes one")
    return layout


def _status_of(folder: Path, layout: Layout, pair: Pair) -> Iterator[NodeStatus]:
    primary, *replicas = layout.servers(folder, pair)
    yield _node(primary, part="primary", follows="")
    for replica in replicas:
        follows = _follows(primary, replica) if primary.is_running and replica.is_running else "no"
        yield _node(replica, part="replica", follows=follows)


def _node(server: Server, *, part: str, follows: str) -> NodeStatus:
    return NodeStatus(name=server.name, part=part, port=server.port, running=server.is_running, follows=follows)


def _follows(primary: Server, replica: Server) -> str:
    with primary.connect() as connection:
        row = connection.execute(
            "SELECT sync_state FROM pg_stat_replication WHERE application_name = %s", [replica.name]
        ).fetchone()
    words = {"sync": "synchronous", "async": "asynchronous"}
    return words.get(row[0], row[0]) if row else "no"
