from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from bench.service import engines
from bench.service.engines import PACKAGES, first_rows, keyword_engines, leg_times, missing_packages, vector_engines
from bench.service.made_up import MadeUpEncoder
from evaluation.dataset import Topic
from indexer.pipeline import index_documents
from indexer.readers.sources import ReadResult
from indexer.shared.storage import Generation, open_generation
from searchapp.search.query import plain_query
from tests.fakes import document

WORDS = ("harbour", "budget", "forest", "school", "river")
TOPICS = [Topic(topic_id=word, lang="en", query=plain_query(f"the {word} unheard")) for word in WORDS]


@pytest.fixture(scope="module")
def generation(tmp_path_factory: pytest.TempPathFactory) -> Generation:
    index = tmp_path_factory.mktemp("engines") / "index"
    documents = tuple(document(f"D{row}", f"Every town has a {word}.") for row, word in enumerate(WORDS))
    index_documents(ReadResult(documents=documents, rejected=(), sources=()), index=index, encoder=MadeUpEncoder())
    return open_generation(index)


BEST: dict[str, Callable[[Any], object]] = {
    "bm25s": lambda found: found.documents[0][0],
    "tantivy": lambda found: found[0][1].doc,
    "faiss-cpu": lambda found: found[1][0][0],
}
"""The first row in what each package returns."""


@pytest.mark.parametrize("make", [keyword_engines, vector_engines])
def test_every_engine_finds_the_one_chunk_with_the_word(make: Any, generation: Generation) -> None:
    for name, search in make(generation, TOPICS):
        if "reading" in name:
            continue  # finds nothing
        best = BEST.get(name.partition(" ")[0], lambda found: found[0])
        assert [best(search(number)) for number in range(len(TOPICS))] == list(range(len(WORDS))), name


def test_a_search_gives_the_first_hundred_best_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "CUT", 3)
    assert first_rows(np.array([0.1, 0.9, 0.3, 0.8, 0.2], dtype=np.float32)).tolist() == [1, 3, 2]
    assert first_rows(np.array([0.1, 0.9], dtype=np.float32)).tolist() == [1, 0]


def test_each_leg_begins_with_concord_and_leaves_out_what_is_not_installed(
    generation: Generation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines.util, "find_spec", lambda _: None)
    assert missing_packages() == list(PACKAGES)
    times = leg_times(generation, TOPICS)
    assert [(leg, name.partition(" ")[0].strip(",")) for leg, name in times] == [
        *(("keyword", name) for name in ("Concord", "whoosh")),
        *(("vector", name) for name in ("Concord", "Concord", "numpy", "numpy")),
    ]
    assert all(seconds > 0 for seconds in times.values())
