"""Which servers a cluster has, as one file in its folder tells every process that starts, stops or changes them.

A cluster is a coordinator, which clients talk to, and shards, which hold the data. Each of them is a pair: a primary
and a replica that follows it.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import msgspec

from cluster.errors import ServerError
from cluster.server import Server, free_port

__all__ = ["COORDINATOR", "DATABASE", "OWNER", "READER", "REPLICATOR", "Layout", "Node", "Pair", "load", "plan", "save"]

DATABASE = "concord"
OWNER = "concord"  # may create and write
READER = "concord_web"  # may read what it is granted
REPLICATOR = "concord_replica"  # may copy servers
COORDINATOR = "coordinator"

_FILE = "cluster.json"
_FORMAT = 1


class Node(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One server: the name of its folder, and its port."""

    name: str
    port: int


class Pair(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A primary and the replica that follows it; after a failover there is none until another is made.

    `made` counts the servers that the pair ever had: no name of a folder is given twice.
    """

    name: str
    primary: Node
    replica: Node | None
    made: int

    def failed_over(self) -> Pair:
        """Return the pair with the replica in the primary's place; ServerError when there is no replica."""
        if self.replica is None:
            raise ServerError(f"{self.name} has no replica to promote; `python -m cluster start` makes one")
        return msgspec.structs.replace(self, primary=self.replica, replica=None)

    def with_replica(self) -> Pair:
        """Return the pair with a new replica where it has none."""
        if self.replica is not None:
            return self
        replica = Node(name=f"{self.name}-{self.made + 1}", port=free_port())
        return msgspec.structs.replace(self, replica=replica, made=self.made + 1)


class Layout(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The servers of a cluster and the passwords of its database users, the same on every server."""

    format: int
    passwords: dict[str, str]
    coordinator: Pair
    shards: tuple[Pair, ...]

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """The shards and, last, the coordinator, which needs them."""
        return (*self.shards, self.coordinator)

    def pair(self, name: str) -> Pair:
        """Return a pair by its name; ServerError that lists the names when there is none of this one."""
        for pair in self.pairs:
            if pair.name == name:
                return pair
        raise ServerError(f"{name!r} is none of {', '.join(pair.name for pair in self.pairs)}")

    def with_pair(self, changed: Pair) -> Layout:
        """Return the layout with a pair in the place of that of the same name."""
        if changed.name == COORDINATOR:
            return msgspec.structs.replace(self, coordinator=changed)
        shards = tuple(changed if shard.name == changed.name else shard for shard in self.shards)
        return msgspec.structs.replace(self, shards=shards)

    def server(self, folder: Path, node: Node) -> Server:
        """Return a node of the cluster in this folder as a server."""
        return Server(folder=folder / node.name, port=node.port, password=self.passwords["postgres"])

    def servers(self, folder: Path, pair: Pair) -> list[Server]:
        """Return a pair's primary and, if there is one, its replica."""
        return [self.server(folder, node) for node in (pair.primary, pair.replica) if node is not None]


def plan(shards: int) -> Layout:
    """Return the layout of a new cluster: nothing of it is there yet."""
    return Layout(
        format=_FORMAT,
        passwords={user: secrets.token_urlsafe(24) for user in ("postgres", OWNER, READER, REPLICATOR)},
        coordinator=_new_pair(COORDINATOR),
        shards=tuple(_new_pair(f"shard-{number}") for number in range(shards)),
    )


def load(folder: Path) -> Layout | None:
    """Return the layout of the cluster in a folder, if there is one; ServerError for a file that can't be used."""
    path = folder / _FILE
    try:
        layout = msgspec.json.decode(path.read_bytes(), type=Layout)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ServerError(f"{path}: {error.strerror}") from error
    except msgspec.MsgspecError as error:
        raise ServerError(f"{path}: this is no layout of a cluster: {error}") from error
    if layout.format != _FORMAT:
        raise ServerError(f"{path}: the layout has format {layout.format}, expected {_FORMAT}")
    return layout


def save(layout: Layout, folder: Path) -> None:
    """Write the layout into the folder, for its owner's eyes alone, so that a crash leaves the old one or the new."""
    half = folder / f"{_FILE}.half"
    with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(layout), indent=2))
        file.flush()
        os.fsync(file.fileno())
    half.replace(folder / _FILE)


def _new_pair(name: str) -> Pair:
    primary, replica = (Node(name=f"{name}-{number}", port=free_port()) for number in (1, 2))
    return Pair(name=name, primary=primary, replica=replica, made=2)
