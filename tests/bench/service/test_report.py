from __future__ import annotations

from pathlib import Path

import pytest

from bench.service.made_up import MadeUpEncoder
from bench.service.measured import ServiceSetup, measure
from bench.service.memory import resident_megabytes
from bench.service.report import service_tables
from bench.service.throughput import answers, serving
from indexer.pipeline import index_documents
from indexer.readers.sources import ReadResult
from indexer.shared.cores import usable_cores
from indexer.shared.encoder import Encoder
from indexer.shared.errors import ConcordError
from tests.bench.fakes import write_sets
from tests.bench.service.figures import made_up
from tests.conftest import BuildIndex
from tests.fakes import document

WORKERS = [f"{count} worker{'s' * (count > 1)}" for count in sorted({1, usable_cores()})]


def no_encoder() -> Encoder | None:
    return None


def broken_encoder() -> Encoder | None:
    raise SystemExit(3)


def test_six_tables_have_a_column_for_each_size(tmp_path: Path) -> None:
    setup = ServiceSetup(data=write_sets(tmp_path), load=no_encoder, sizes=(3, 8), scans=(20, 30), sample=2, seconds=0)
    lines = list(service_tables(measure(setup)))
    tables = "\n".join(lines).strip().split("\n\n")
    assert len(tables) == 6
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line]
    assert all(len(row) == 3 for row in rows)
    heads = [row[1:] for row in rows if "chunks" in row[1]]
    assert heads == [["3 chunks", "8 chunks"]] * 5 + [["20 chunks", "30 chunks"]]
    names = [row[0] for row in rows]
    assert [name for name in names if name.startswith("keyword, ")] == [
        *(f"keyword, {stage}" for stage in ("keyword", "rank", "present", "other", "total")),
        *(
            f"keyword, {workers}, {clients}"
            for workers in WORKERS
            for clients in ("1 client", "8 clients", "32 clients")
        ),
    ]
    assert {"hybrid, encode", "semantic, semantic", "peak memory, MB", "keyword: Concord"} <= set(names)
    assert all(
        cell.startswith("1 × (") for row in rows if row[0] in {"keyword: Concord", "Concord"} for cell in row[1:]
    )


def test_memory_is_that_of_the_server_and_beside_it_the_bar() -> None:
    lines = list(service_tables(made_up()))
    assert "| index on disk | 2 | 102 |" in lines
    assert "| a server's process, after these answers | 903 | 1,053 |" in lines
    assert "| the latter and twice the index: the bar | 804 | 1,004 |" in lines


def test_an_index_that_cannot_be_served_is_one_error(build: BuildIndex) -> None:
    index = build([document("A", "A text.")])
    with pytest.raises(ConcordError, match="didn't start"), serving(index, broken_encoder):
        pass


def test_a_server_that_answers_is_counted_and_one_that_refuses_or_is_not_there_is_an_error(tmp_path: Path) -> None:
    read = ReadResult(documents=(document("A", "A text."),), rejected=(), sources=())
    index_documents(read, index=tmp_path / "index", encoder=MadeUpEncoder())
    with serving(tmp_path / "index", no_encoder) as server:
        found = answers(server.port, "hybrid", ["text", "title"], clients=(3, 1), seconds=0)
        assert list(found) == [3, 1]
        assert found[3].rate > 0
        assert len(found[3].milliseconds) >= 3
        assert not resident_megabytes(server.process) < server.encoder_megabytes
        with pytest.raises(ConcordError, match="answered 400"):
            answers(server.port, "keyword", [""], clients=[1], seconds=0)
    with pytest.raises(ConcordError, match="can't be asked"):
        answers(server.port, "keyword", ["text"], clients=[1], seconds=0)
