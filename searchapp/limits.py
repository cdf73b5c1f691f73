"""What a server allows: the settings of `LIMITS` as one record."""

from __future__ import annotations

from dataclasses import dataclass

from indexer.shared.settings import number, setting

__all__ = ["Limits"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """One field for each of `indexer.shared.settings.LIMITS`, which says what it means and why its default is so."""

    max_url: int = number("max-url")
    time_budget: int = number("time-budget")
    max_searches: int = number("max-searches")
    max_waiting: int = number("max-waiting")
    rate_limit: str = str(setting("rate-limit").default)
