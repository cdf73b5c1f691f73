from __future__ import annotations

from pathlib import Path

import pytest

from bench.service.made_up import MadeUpEncoder
from bench.service.report import ServiceSetup, service_tables
from bench.service.throughput import answers_per_second, serving
from indexer.pipeline import index_documents
from indexer.readers.sources import ReadResult
from indexer.shared.encoder import Encoder
from indexer.shared.errors import ConcordError
from tests.bench.fakes import write_sets
from tests.conftest import BuildIndex
from tests.fakes import document


def no_encoder() -> Encoder | None:
    return None


def broken_encoder() -> Encoder | None:
    raise SystemExit(3)


def test_four_tables_have_a_column_for_each_size(tmp_path: Path) -> None:
    setup = ServiceSetup(data=write_sets(tmp_path), load=no_encoder, sizes=(3, 8), sample=2, seconds=0)
    lines = list(service_tables(setup))
    tables = "\n".join(lines).strip().split("\n\n")
    assert len(tables) == 4
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line]
    assert all(len(row) == 3 for row in rows)
    assert [row[1:] for row in rows if "chunks" in row[1]] == [["3 chunks", "8 chunks"]] * 4
    names = [row[0] for row in rows]
    assert [name for name in names if name.startswith("keyword, ")] == [
        *(f"keyword, {stage}" for stage in ("keyword", "rank", "present", "other", "total")),
        *(f"keyword, {clients}" for clients in ("1 client", "8 clients", "32 clients")),
    ]
    assert {"hybrid, encode", "semantic, semantic", "peak memory, MB", "keyword: Concord"} <= set(names)
    [concord] = [row for row in rows if row[0] == "keyword: Concord"]
    assert all(cell.startswith("1 × (") for cell in concord[1:])


def test_an_index_that_cannot_be_served_is_one_error(build: BuildIndex) -> None:
    index = build([document("A", "A text.")])
    with pytest.raises(ConcordError, match="didn't start"), serving(index, broken_encoder):
        pass


def test_a_server_that_answers_is_counted_and_one_that_refuses_or_is_not_there_is_an_error(tmp_path: Path) -> None:
    read = ReadResult(documents=(document("A", "A text."),), rejected=(), sources=())
    index_documents(read, index=tmp_path / "index", encoder=MadeUpEncoder())
    with serving(tmp_path / "index", no_encoder) as port:
        assert answers_per_second(port, "hybrid", ["text", "title"], clients=3, seconds=0) > 0
        with pytest.raises(ConcordError, match="answered 400"):
            answers_per_second(port, "keyword", [""], clients=1, seconds=0)
    with pytest.raises(ConcordError, match="can't be asked"):
        answers_per_second(port, "keyword", ["text"], clients=1, seconds=0)
