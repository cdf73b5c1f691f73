"""What the service counts and times, for Prometheus. Each application has a registry of its own.

Of several processes each counts in files of one folder, which it must have been told by PROMETHEUS_MULTIPROC_DIR before
prometheus_client was imported; any of them tells what all of them have counted.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import cast

from flask import Flask, current_app
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector

from searchapp.search.results import IndexInfo, Mode
from searchapp.search.watch import Watch
from searchapp.sharing import Shared

__all__ = ["Metrics", "get_metrics", "install_metrics"]

_EXTENSION = "concord.metrics"
_SECONDS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


class Metrics:
    """The counts and times of one application, or of all that count in `folder`. Safe to use from several threads."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "concord_requests", "Requests answered.", ("route", "method", "status"), registry=self._registry
        )
        self._request_seconds = Histogram(
            "concord_request_seconds", "Time of requests.", ("route",), registry=self._registry, buckets=_SECONDS
        )
        self._stage_seconds = Histogram(
            "concord_search_stage_seconds",
            "Time of the stages of searches.",
            ("stage", "mode"),
            registry=self._registry,
            buckets=_SECONDS,
        )
        self._partial = Counter(
            "concord_partial_searches", "Searches answered by words alone, for want of time.", registry=self._registry
        )
        self._errors = Counter(
            "concord_errors", "Requests that failed on the server's side.", ("kind",), registry=self._registry
        )

    def request(self, *, route: str, method: str, status: int, seconds: float) -> None:
        """Count a request; `route` is its rule, not its address, so that there are few."""
        self._requests.labels(route, method, str(status)).inc()
        self._request_seconds.labels(route).observe(seconds)

    def search(self, mode: Mode, watch: Watch, *, partial: bool) -> None:
        """Count the stages of a search."""
        for stage, seconds in watch.seconds.items():
            self._stage_seconds.labels(stage, mode).observe(seconds)
        if partial:
            self._partial.inc()

    def error(self, error: Exception) -> None:
        """Count a failure by its kind."""
        self._errors.labels(type(error).__name__).inc()

    def text(self, info: IndexInfo | None) -> bytes:
        """Return everything in Prometheus' text format, with the index that answers (None if there is none)."""
        index = CollectorRegistry()
        index.register(_Index(info))
        return generate_latest(self._counted()) + generate_latest(index)

    def _counted(self) -> CollectorRegistry:
        if self._folder is None:
            return self._registry
        everything = CollectorRegistry()
        MultiProcessCollector(everything, path=str(self._folder))  # type: ignore[no-untyped-call]  # it leaves it unannotated
        return everything


class _Index:
    """The metrics of an index."""

    def __init__(self, info: IndexInfo | None) -> None:
        self._info = info

    def collect(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("concord_index_up", "Whether an index can be used.")
        up.add_metric([], float(self._info is not None))
        yield up
        if self._info is None:
            return
        info = InfoMetricFamily("concord_index", "The index that answers.")
        info.add_metric([], {"digest": self._info.digest, "encoder": self._info.encoder})
        yield info
        age = GaugeMetricFamily("concord_index_age_seconds", "Time since the index was built.")
        age.add_metric([], time.time() - datetime.fromisoformat(self._info.built_at).timestamp())
        yield age


def install_metrics(app: Flask) -> None:
    """Give an application its metrics, those of all processes of `SHARED`."""
    shared: Shared = app.config["SHARED"]
    app.extensions[_EXTENSION] = Metrics(shared.metrics)


def get_metrics() -> Metrics:
    """Return the current application's metrics."""
    return cast("Metrics", current_app.extensions[_EXTENSION])
