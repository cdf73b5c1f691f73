from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from indexer.shared.encoder import Embeddings
from searchapp.search.recent import REMEMBERED, RecentQueries
from tests.fakes import FakeEncoder


class CountingEncoder(FakeEncoder):
    def __init__(self) -> None:
        super().__init__()
        self.queries: list[str] = []

    def encode_queries(self, queries: Sequence[str]) -> Embeddings:
        self.queries += queries
        return super().encode_queries(queries)


def test_a_query_asked_again_is_not_encoded_again() -> None:
    encoder = CountingEncoder()
    recent = RecentQueries(encoder)
    first = recent.encode_queries(["budget"])
    assert np.array_equal(recent.encode_queries(["budget"]), first)
    assert encoder.queries == ["budget"]
    assert (recent.name, recent.revision) == (encoder.name, encoder.revision)


def test_who_changes_an_answer_changes_no_later_one() -> None:
    recent = RecentQueries(FakeEncoder())
    first = recent.encode_queries(["budget"])
    expected = first.copy()
    first[:] = 0
    assert np.array_equal(recent.encode_queries(["budget"]), expected)


def test_what_is_remembered_is_bounded() -> None:
    encoder = CountingEncoder()
    recent = RecentQueries(encoder)
    for number in range(REMEMBERED + 1):
        recent.encode_queries([str(number)])
    recent.encode_queries(["0"])
    assert encoder.queries[-1] == "0"
    assert len(encoder.queries) == REMEMBERED + 2


def test_several_queries_are_encoded_together() -> None:
    encoder = CountingEncoder()
    assert RecentQueries(encoder).encode_queries(["a", "b"]).shape[0] == 2
    assert encoder.queries == ["a", "b"]
