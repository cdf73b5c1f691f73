"""Every setting of Concord in one table: its name, default and meaning.

The command line reads them once, from flags or from `CONCORD_<NAME>` variables; nothing deeper reads the environment.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["SETTINGS", "Setting", "setting"]


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


SETTINGS = (
    Setting(name="index", default="index", help="Folder of the index."),
    Setting(
        name="encoder",
        default="bundled:e5-small+use",
        help=(
            "Encoder: bundled:e5-small, bundled:use (faster, 16 languages), a hub model's name or a local folder; "
            "+use at the end adds USE to it, for the languages that USE knows."
        ),
    ),
    Setting(
        name="host", default="127.0.0.1", help="Address to listen on; the default is reached from this machine only."
    ),
    Setting(name="port", default=8000, help="Port to listen on; the default needs no privileges."),
    Setting(
        name="threads",
        default=4,
        help="Requests answered at the same time: enough for quick ones to pass slow ones; more give no more a second.",
    ),
    Setting(
        name="paranoid",
        default=False,
        help="Compare the SHA-256 of every file when an index is opened; by default only sizes and formats, which takes"
        " the same time for any size.",
    ),
)


def setting(name: str) -> Setting:
    """Return the setting with this name (KeyError if there is none)."""
    return {one.name: one for one in SETTINGS}[name]
