"""A writer that is killed again and again: `python -m tests.indexer.crashes [KILLS]` prints what was found after each.

The writer indexes corpora 1, 2, 3, ... into one index and goes back and forward between the last two after each. All
documents of a corpus have its number as a word, so that an answer of two corpora would show.
"""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path

from indexer.pipeline import index_documents
from indexer.publishing import restore
from indexer.readers.sources import ReadResult
from indexer.shared.records import Document
from indexer.shared.storage import current_digest
from searchapp.search.results import SearchRequest
from searchapp.search.searcher import Searcher
from tests.fakes import FakeEncoder, document

__all__ = ["corpus", "corpus_answering", "kill_writers", "write_corpus"]

DOCUMENTS = 6


def corpus(number: int) -> tuple[Document, ...]:
    """Documents that all have the number of their corpus as a word, in text and title."""
    return tuple(
        document(f"GB{row:04d}", f"Courts of corpus{number}x publish judgments {row}.", title=f"corpus{number}x {row}")
        for row in range(DOCUMENTS)
    )


def write_corpus(index: Path, number: int) -> str:
    """Index a corpus and return the digest of its generation."""
    read = ReadResult(documents=corpus(number), rejected=(), sources=())
    manifest = index_documents(read, index=index, encoder=FakeEncoder()).manifest
    assert manifest is not None
    return manifest.digest


def corpus_answering(searcher: Searcher) -> int:
    """Return which corpus a searcher answers from, by all that it finds."""
    found = searcher.search(SearchRequest(query="courts publish judgments", fold=False, limit=100))
    assert found.total == DOCUMENTS
    numbers = {hit.document.title.split("x")[0].removeprefix("corpus") for hit in found.hits}
    numbers |= {hit.passage.text.split("corpus")[1].split("x")[0] for hit in found.hits}
    [number] = numbers
    return int(number)


def states(before: int, first: int) -> Iterator[int]:
    """The corpus that is current after each step of a writer that starts with another one current."""
    for number in count(first):
        yield from (number, before, number)
        before = number


def write_for_ever(index: Path, first: int) -> None:
    """Index one corpus after the other, going back and forward once after each; say so when a step is done."""
    for number in count(first):
        write_corpus(index, number)
        _say(number)
        for _ in range(2):
            restore(index)
            _say(corpus_answering(Searcher.open(index, encoder=FakeEncoder())))


def kill_writers(index: Path, kills: int, *, seed: int = 1) -> Counter[str]:
    """Kill a writer at random moments; check each time that the index is whole, and as after its last step or the next.

    Return how often it was either, and how often files were left behind, which the next writer removes.
    """
    moments = random.Random(seed)
    found: Counter[str] = Counter()
    write_corpus(index, 1)
    current, first = 1, 2
    for _ in range(kills):
        steps = _killed_writer(index, first, moments.uniform(0, 0.6))
        planned = [current, *islice(states(current, first), len(steps) + 1)]
        assert steps == planned[1:-1]
        searcher = Searcher.open(index, encoder=FakeEncoder(), paranoid=True)
        assert searcher.info.digest == current_digest(index)
        current, first = corpus_answering(searcher), max(first, *planned) + 1
        assert current in planned[-2:]
        found["as after the last step" if current == planned[-2] else "as after the next step"] += 1
        found["files left behind"] += any((index / "generations").glob("*-*"))
    write_corpus(index, first)
    assert {folder.name for folder in (index / "generations").iterdir()} > {current_digest(index)}
    assert len(list((index / "generations").iterdir())) == 2
    return found


def _killed_writer(index: Path, first: int, seconds: float) -> list[int]:
    """Start a writer, kill it some time after its first step has begun, and return the numbers it wrote."""
    command = [sys.executable, "-m", "tests.indexer.crashes", "--write", index, str(first)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 (our own program)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
        return [int(line) for line in process.stdout.read().splitlines() if line]


def _say(what: object) -> None:
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


def main() -> None:
    """Write until killed, or kill writers in a folder of their own."""
    if sys.argv[1:2] == ["--write"]:
        _say("ready")
        write_for_ever(Path(sys.argv[2]), int(sys.argv[3]))
    with tempfile.TemporaryDirectory() as folder:
        kills = int(sys.argv[1]) if len(sys.argv) > 1 else 100
        _say(f"{kills} kills: {dict(kill_writers(Path(folder) / 'index', kills))}")


if __name__ == "__main__":
    main()
