"""Every setting of Concord in one table: its name, default and meaning.

The command line reads them once, from flags or from `CONCORD_<NAME>` variables; nothing deeper reads the environment.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["FIXED", "LIMITS", "SETTINGS", "Setting", "number", "setting"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting: `name` as in `--name`, its default, and one line of help that says why the default is what it is."""

    name: str
    default: str | int | bool
    help: str

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return "CONCORD_" + self.name.upper().replace("-", "_")


FIXED = (
    Setting(
        name="max-query", default=1_000, help="Characters of a query: a long paragraph, and all that the encoder reads."
    ),
    Setting(
        name="max-terms",
        default=64,
        help="Words of a query, and of a phrase, that are looked up; those after them count by meaning only.",
    ),
    Setting(
        name="max-clauses",
        default=16,
        help="Phrases, exclusions and stars of a query: more than anyone types, and each costs a look-up.",
    ),
    Setting(name="max-values", default=50, help="Values of one filter in a request: more than the page shows at once."),
    Setting(name="max-limit", default=100, help="Hits on one page: about 300 KB of JSON."),
    Setting(name="max-offset", default=10_000, help="Hits before a page: far more than anyone reads one by one."),
)
"""Limits that nobody can set, so that a request means the same on every server and a query on the command line."""

LIMITS = (
    Setting(
        name="max-url",
        default=16_384,
        help=(
            "Bytes of a request's address, longer ones get a 414: room for the longest query, of which a character may"
            " take twelve, and for filters."
        ),
    ),
    Setting(
        name="time-budget",
        default=5_000,
        help="Milliseconds until a search is answered by its words alone, marked partial, or with a 503.",
    ),
    Setting(
        name="max-searches",
        default=4,
        help="Searches at the same time, by all workers; more than cores make all of them slower.",
    ),
    Setting(
        name="max-waiting",
        default=28,
        help=(
            "Searches that may wait for these, so that 32 clients are served at once; others get a 503 with"
            " Retry-After."
        ),
    ),
    Setting(
        name="rate-limit",
        default="300/minute",
        help=(
            "Requests of one client (an IP address), far more than a person makes; none for clients on this machine,"
            " and none at all if it is empty."
        ),
    ),
)
"""Limits that a server can be given."""

SETTINGS = (
    Setting(name="index", default="index", help="Folder of the index."),
    Setting(
        name="engine",
        default="",
        help=(
            "Address of a PostgreSQL database with pgvector (postgresql://user@host:port/database) that holds the index"
            " instead of the folder; by default the folder is all there is to run."
        ),
    ),
    Setting(
        name="encoder",
        default="bundled:e5-small+use",
        help=(
            "Encoder: bundled:e5-small, bundled:use (faster, 16 languages), a hub model's name or a local folder; "
            "+use at the end adds USE to it, for the languages that USE knows."
        ),
    ),
    Setting(
        name="runtime",
        default="auto",
        help=(
            "What computes bundled:e5-small: openvino-int8 (8 bits), openvino, onnxruntime (8 bits), torch-bfloat16,"
            " torch, or auto, the fastest of these for the processor, if it is installed. An index goes with any of"
            " them."
        ),
    ),
    Setting(
        name="index-workers",
        default=1,
        help=(
            "Processes that embed passages when an index is made (concord index --workers), some 1.3 GB of memory each;"
            " one, the indexing process itself, keeps a few cores busy."
        ),
    ),
    Setting(
        name="dask",
        default="",
        help=(
            "Address of a Dask scheduler, tcp://host:port or tls://host:port, whose workers embed passages when an"
            " index is made (concord index --dask); needs the extra dask."
        ),
    ),
    Setting(
        name="host", default="127.0.0.1", help="Address to listen on; the default is reached from this machine only."
    ),
    Setting(name="port", default=8000, help="Port to listen on; the default needs no privileges."),
    Setting(
        name="workers",
        default=1,
        help=(
            "Processes that answer: one for each core answer the most, but each has an encoder of its own, which is"
            " most of a server's memory."
        ),
    ),
    Setting(
        name="threads",
        default=40,
        help="Requests handled at the same time by each worker: all searches that run or wait, and some for what is"
        " quick.",
    ),
    Setting(
        name="paranoid",
        default=False,
        help="Compare the SHA-256 of every file when an index is opened; by default only sizes and formats, which takes"
        " the same time for any size.",
    ),
    Setting(
        name="log-requests",
        default=True,
        help="Write one JSON line for each request to stderr, for whoever operates it.",
    ),
    Setting(
        name="log-queries",
        default=False,
        help="Write what was searched for into these lines, too; not by default, as it is the visitors' business.",
    ),
    *LIMITS,
)


def setting(name: str) -> Setting:
    """Return the setting with this name (KeyError if there is none)."""
    return {one.name: one for one in (*SETTINGS, *FIXED)}[name]


def number(name: str) -> int:
    """Return the default of a setting that is a whole number (KeyError if there is none, TypeError if it is none)."""
    default = setting(name).default
    if not isinstance(default, int):
        raise TypeError(f"{name} is no number")
    return default
