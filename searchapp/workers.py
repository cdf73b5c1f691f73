"""Several processes that answer at one address, for what Python's lock keeps one from doing on more than one core.

The first process, which answers nothing itself, binds the address and starts the others, each a new interpreter with an
encoder of its own; the files of the index are in memory once. It counts what is counted for all of them, replaces
those that end, and ends with all of them. Whichever is free takes the next connection.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import get_context, resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path

import click

from indexer.shared.cores import limit_cores, usable_cores
from indexer.shared.errors import ConcordError
from searchapp.processes import end_once, log_on_stderr, termination_as_interrupt
from searchapp.server import DRAIN_SECONDS, GracefulServer, MakeApp, Serving, address_of, answer, listen, say_ready
from searchapp.sharing import Shared, Tallies
from searchapp.web.gate import RateCounts
from searchapp.web.holder import holder_of

__all__ = ["run_workers"]

_LOGGER = logging.getLogger(__name__)
_SPAWN = get_context("spawn")
_TALLIES = "tallies"
_METRICS_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
_READY, _FAILED, _COUNT = "ready", "failed", "count"

_STEADY = 60.0  # seconds after which the end of a worker has nothing to do with its start
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0  # seconds before another is started, doubled each time that it fails again
_GRACE = 10.0  # seconds beyond those for what is in flight, after which a worker is killed


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """What all workers are given: the application, the sockets they listen on, and the folder of what they share."""

    make: MakeApp
    serving: Serving
    listening: Sequence[socket.socket]
    cores: int
    folder: Path


@dataclass(slots=True, kw_only=True)
class _Worker:
    """A running worker: `life` ends it when it is closed, `talk` is what it says and asks."""

    process: SpawnProcess
    life: Connection
    talk: Connection
    began: float
    ready: bool = False
    failure: str = ""


def run_workers(make: MakeApp, serving: Serving, *, ready: Callable[[str], None] = say_ready) -> None:
    """Serve an application in several processes until interrupted or terminated.

    What is in flight then is finished, a second signal drops it. `ready` is told the address once all have loaded the
    encoder. ConcordError when the index or its encoder can't be had, or the address, and on a system where processes
    can't share one.
    """
    if serving.workers < 1:
        raise ConcordError(f"workers: {serving.workers}; expected 1 or more")
    if not hasattr(signal, "pthread_sigmask"):
        raise ConcordError("workers: more than one needs Linux, macOS or another POSIX system; expected 1")
    counts = RateCounts(serving.rate) if serving.rate else None
    listening = listen(serving.host, serving.port)
    with log_on_stderr(), termination_as_interrupt(), _shared_folder() as folder:
        cores = max(1, usable_cores() // serving.workers)
        plan = _Plan(make=make, serving=serving, listening=listening, cores=cores, folder=folder)
        supervisor = _Supervisor(plan, counts, ready=lambda: ready(address_of(serving.host, listening)))
        click.echo(f"Loading the encoder in {serving.workers} processes ...", err=True)
        try:
            supervisor.run()
        except KeyboardInterrupt:
            click.echo("Stopping ...", err=True)
        finally:
            supervisor.stop()


class _Supervisor:
    """Starts the workers of a plan, hears what they say, and starts others for those that end."""

    def __init__(self, plan: _Plan, counts: RateCounts | None, *, ready: Callable[[], None]) -> None:
        self._plan = plan
        self._counts = counts
        self._announce: Callable[[], None] | None = ready
        self._tallies = _tallies(plan)
        self._workers: dict[int, _Worker] = {}
        self._due = dict.fromkeys(range(plan.serving.workers), 0.0)
        self._failures = dict.fromkeys(range(plan.serving.workers), 0)

    def run(self) -> None:
        """Supervise until KeyboardInterrupt; ConcordError when a worker can't start and none ever could."""
        while True:
            self._start_due()
            places = {worker.talk: place for place, worker in self._workers.items()}
            for talk in wait(list(places), timeout=self._pause()):
                self._hear(places[talk])  # type: ignore[index]  # wait returns what it is given

    def stop(self) -> None:
        """End all workers, those that go on for too long by force."""
        for one in self._plan.listening:
            one.close()
        try:
            for worker in self._workers.values():
                worker.life.close()
            deadline = time.monotonic() + DRAIN_SECONDS + _GRACE
            for worker in self._workers.values():
                worker.process.join(max(0.0, deadline - time.monotonic()))
        finally:
            for worker in self._workers.values():
                worker.process.kill()

    def _start_due(self) -> None:
        for place in [place for place, due in self._due.items() if due <= time.monotonic()]:
            del self._due[place]
            self._workers[place] = _start(self._plan, place, accepts=not any(self._ready()))

    def _pause(self) -> float | None:
        """Return the seconds until a worker is to be started, None if none is."""
        return max(0.0, min(self._due.values()) - time.monotonic()) if self._due else None

    def _ready(self) -> list[bool]:
        return [worker.ready for worker in self._workers.values()]

    def _hear(self, place: int) -> None:
        worker = self._workers[place]
        try:
            kind, text = worker.talk.recv()
            if kind == _COUNT and self._counts:
                worker.talk.send(self._counts.add(text))
        except (EOFError, OSError):
            self._ended(place)
            return
        if kind == _FAILED:
            worker.failure = text
        if kind == _READY:
            worker.ready = True
            if not self._announce:
                _LOGGER.info("worker %d has started", worker.process.pid)
            elif sum(self._ready()) == self._plan.serving.workers:
                self._announce()
                self._announce = None

    def _ended(self, place: int) -> None:
        """Have another worker started for one that has ended, or is about to: at once, or later if that is in vain."""
        worker = self._workers.pop(place)
        worker.life.close()
        worker.talk.close()
        worker.process.join()
        self._tallies.clear(place)
        if worker.failure and self._announce:
            raise ConcordError(worker.failure)
        steady = time.monotonic() - worker.began > _STEADY
        self._failures[place] = 0 if steady else self._failures[place] + 1
        pause = 0.0 if steady else min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** (self._failures[place] - 1))
        self._due[place] = time.monotonic() + pause
        _LOGGER.error("worker %d %s; another starts in %.1f s", worker.process.pid, _why(worker), pause)


def _why(worker: _Worker) -> str:
    if worker.failure:
        return f"failed: {worker.failure}"
    code = worker.process.exitcode or 0
    return f"ended with exit code {code}" if code >= 0 else f"was ended by {signal.Signals(-code).name}"


@contextmanager
def _shared_folder() -> Iterator[Path]:
    """Give a folder for what workers share, and have those that are started count their metrics in it."""
    try:
        made = tempfile.TemporaryDirectory(prefix="concord-")
    except OSError as error:
        raise ConcordError(f"workers: no folder for what they share can be made: {error}; expected 1") from error
    with made as folder:
        os.environ[_METRICS_VARIABLE] = folder
        try:
            yield Path(folder)
        finally:
            del os.environ[_METRICS_VARIABLE]


def _tallies(plan: _Plan) -> Tallies:
    return Tallies(plan.folder / _TALLIES, plan.serving.workers)


def _start(plan: _Plan, place: int, *, accepts: bool) -> _Worker:
    """Start a worker. It accepts connections at once where no other does so at full speed, else when it is ready."""
    life, life_end = _SPAWN.Pipe(duplex=False)
    talk, talk_end = _SPAWN.Pipe()
    process = _SPAWN.Process(target=_work, args=(plan, place, life, talk_end), kwargs={"accepts": accepts}, daemon=True)
    resource_tracker.ensure_running()  # `start` would do that, and let signals through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        life.close()
        talk_end.close()
    return _Worker(process=process, life=life_end, talk=talk, began=time.monotonic())


def _work(plan: _Plan, place: int, life: Connection, talk: Connection, *, accepts: bool) -> None:
    """Answer at the address of a plan until the other end of `life` is closed, or SIGTERM."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all of them; the first ends the others
    first = _FirstProcess(talk)
    with suppress(KeyboardInterrupt):  # before it answered anything
        signal.signal(signal.SIGTERM, end_once)
        threading.Thread(target=_end_with, args=(life,), name="life", daemon=True).start()
        limit_cores(plan.cores)
        try:
            _serve(plan, place, first, accepts=accepts)
        except ConcordError as error:
            first.tell_failure(error)


def _serve(plan: _Plan, place: int, first: _FirstProcess, *, accepts: bool) -> None:
    tallies = _tallies(plan)
    shared = Shared(
        workers=plan.serving.workers,
        searches=tallies.searches(place),
        connections=tallies.connections(place),
        count=first.count if plan.serving.rate else None,
        metrics=plan.folder,
    )
    with log_on_stderr():
        app = plan.make(shared)
        holder_of(app).get()
        server = GracefulServer(
            app, plan.listening, threads=plan.serving.threads, connections=shared.connections, accepts=accepts
        )
        answer(server, holder_of(app), ready=first.tell_ready, stopping=lambda: None)


def _end_with(life: Connection) -> None:
    """Terminate this process when the other end of a connection is closed: when it is to end, or the first one has."""
    try:
        life.recv()
    except (EOFError, OSError):
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)  # another thread would not wake it


class _FirstProcess:
    """What a worker tells and asks the first process. Safe to use from several threads."""

    def __init__(self, talk: Connection) -> None:
        self._talk = talk
        self._lock = threading.Lock()

    def tell_ready(self) -> None:
        """Say that this process answers at full speed."""
        with self._lock:
            self._talk.send((_READY, ""))

    def tell_failure(self, error: ConcordError) -> None:
        """Say why this process ends."""
        with self._lock:
            self._talk.send((_FAILED, str(error)))

    def count(self, client: str) -> int | None:
        """Count a request of a client as `RateCounts.add` does; when nobody counts any more, this process is ending."""
        try:
            with self._lock:
                self._talk.send((_COUNT, client))
                seconds: int | None = self._talk.recv()
                return seconds
        except (EOFError, OSError):
            return None
