from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from indexer.shared.encoder import Encoder, load_encoder
from indexer.shared.errors import EncoderError, WorkerError
from indexer.workers import Batch, EncoderSource, Vectors, crew_of, embed_batch, in_parallel
from tests.fakes import FakeEncoder, load_fake
from tests.indexer.workers.fakes import (
    FATAL,
    DeadlyEncoder,
    ThreadsEncoder,
    batch,
    files_of,
    load_deadly,
    load_threads,
)


def vectors_of(batches: Sequence[Batch], source: EncoderSource) -> dict[int, Vectors]:
    """What two processes make of batches, by their number."""
    with crew_of(source, workers=2) as crew:
        assert crew is not None
        return {one.number: vectors for one, vectors in in_parallel(batches, crew)}


@pytest.mark.parametrize("workers", [2, 4])
def test_the_index_is_the_same_by_one_process_and_by_many(tmp_path: Path, workers: int) -> None:
    alone = files_of(tmp_path / "alone", FakeEncoder())
    encoder = FakeEncoder()
    with crew_of(EncoderSource.of(encoder, load_fake), workers=workers) as crew:
        assert files_of(tmp_path / "many", encoder, crew) == alone
    assert encoder.passages_seen == []


def test_the_index_is_the_same_when_a_process_is_killed_half_way(tmp_path: Path) -> None:
    encoder = DeadlyEncoder.which_dies_once(tmp_path / "died")
    with crew_of(EncoderSource.of(encoder, load_deadly), workers=2) as crew:
        found = files_of(tmp_path / "many", encoder, crew)
    assert (tmp_path / "died").is_file()
    assert found == files_of(tmp_path / "alone", encoder)


def test_processes_that_end_again_and_again_are_one_error() -> None:
    source = EncoderSource.of(DeadlyEncoder("deadly"), load_deadly)
    with pytest.raises(WorkerError, match="workers ended 3 times"):
        vectors_of([batch(0, FATAL)], source)


def test_a_worker_with_another_revision_is_refused() -> None:
    encoder = FakeEncoder()
    encoder.revision = "another"
    refusal = r"worker on .*: its encoder 'fake' is fake0000fake0000 by python, this process has another by python"
    with pytest.raises(EncoderError, match=refusal):
        vectors_of([batch(0, "text")], EncoderSource.of(encoder, load_fake))


def test_processes_share_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("indexer.workers.processes.usable_cores", lambda: 5)
    found = vectors_of(
        [batch(number, "text") for number in range(8)], EncoderSource.of(ThreadsEncoder(5), load_threads)
    )
    assert {vectors.texts[0, 0] for vectors in found.values()} == {2.0}
    assert os.getpid() not in {vectors.texts[0, 1] for vectors in found.values()}


def is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


CREW = """
import time
from indexer.workers import EncoderSource, crew_of, in_parallel
from tests.indexer.workers.fakes import ThreadsEncoder, batch, load_threads

if __name__ == "__main__":
    with crew_of(EncoderSource.of(ThreadsEncoder(1), load_threads), workers=2) as crew:
        found = [vectors.texts[0][1] for _, vectors in in_parallel([batch(n, "text") for n in range(8)], crew)]
        print(*{int(process) for process in found}, flush=True)
        time.sleep(60)
"""


@pytest.mark.skipif(not Path("/proc/self/stat").is_file(), reason="needs Linux")
def test_processes_end_with_the_one_that_started_them_even_if_it_is_killed(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(CREW)
    paths = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    with subprocess.Popen([sys.executable, tmp_path / "main.py"], stdout=subprocess.PIPE, text=True, env=paths) as main:  # noqa: S603 (our own program)
        assert main.stdout is not None
        workers = [int(process) for process in main.stdout.readline().split()]
        assert workers
        main.send_signal(signal.SIGKILL)
    for _ in range(200):
        if not any(map(is_alive, workers)):
            return
        time.sleep(0.1)
    pytest.fail("workers live on")


@pytest.mark.encoder
def test_the_real_encoder_gives_the_same_vectors_in_processes(default_encoder: Encoder) -> None:
    texts = [f"The ministry publishes contract {number} as open data. " * (1 + number) for number in range(12)]
    sentences = tuple(((0, 10), (10, len(text))) for text in texts)
    batches = [
        Batch(number=number, texts=tuple(texts[part]), sentences=sentences[part])
        for number, part in enumerate((slice(0, 5), slice(5, 12)))
    ]
    found = vectors_of(batches, EncoderSource.of(default_encoder, load_encoder))
    for one in batches:
        alone = embed_batch(one, default_encoder)
        assert np.array_equal(found[one.number].texts, alone.texts)
        assert np.array_equal(found[one.number].sentences.codes, alone.sentences.codes)
        assert np.array_equal(found[one.number].sentences.scales, alone.sentences.scales)
