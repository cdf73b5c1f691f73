from __future__ import annotations

from random import Random

import numpy as np
import pytest

from bench.service import whoosh_scoring
from bench.service.made_up import MadeUpEncoder
from bench.service.whoosh_scoring import WhooshRanking, same_share
from indexer.pipeline import index_documents
from indexer.readers.sources import ReadResult
from indexer.shared.storage import Generation, open_generation
from searchapp.engines.embedded import EmbeddedEngine
from searchapp.search.keyword import KeywordLeg
from searchapp.search.query import plain_query
from tests.fakes import document

ENGLISH = "open opening opened data budget budgets report reporting town towns service services public law laws"
SPANISH = "datos dato abierto abiertos presupuesto información informar público pública donnée données ley leyes"
WORDS = {"en": ENGLISH.split(), "es": SPANISH.split()}
QUERIES = [plain_query(text) for text in ("open data", "presupuesto público abierto", "the budget of a town", "no")]


@pytest.fixture(scope="module")
def generation(tmp_path_factory: pytest.TempPathFactory) -> Generation:
    random = Random(0)
    index = tmp_path_factory.mktemp("whoosh") / "index"
    documents = []
    for number in range(150):
        lang = random.choice(("en", "en", "es"))
        text = " ".join(random.choices(WORDS[lang], range(1, 1 + len(WORDS[lang])), k=random.randint(5, 40)))
        documents.append(document(f"D{number}", f"{text}.", lang=lang))
    index_documents(
        ReadResult(documents=tuple(documents), rejected=(), sources=()), index=index, encoder=MadeUpEncoder()
    )
    return open_generation(index)


def queries_of(generation: Generation) -> list[str]:
    """Two to five neighbouring words of each chunk."""
    texts = []
    for row in range(len(generation.chunks)):
        words = generation.document(int(generation.chunks[row]["document"])).text.split()
        texts.append(" ".join(words[: 2 + row % 4]))
    return texts


def test_concord_ranks_as_whooshs_own_matchers_and_bm25f_do(generation: Generation) -> None:
    queries = [plain_query(text) for text in queries_of(generation)]
    assert same_share(generation, [*queries, *QUERIES]) == 1


def test_scores_are_those_of_whoosh(generation: Generation) -> None:
    leg, whoosh = KeywordLeg(EmbeddedEngine(generation).postings), WhooshRanking(generation)
    for text in queries_of(generation)[:20]:
        scores = leg.run(plain_query(text)).scores
        rows = whoosh.first(plain_query(text), len(scores))
        assert sorted(rows) == np.flatnonzero(scores).tolist()
        assert (np.diff(scores[rows]) <= 1e-5 * scores.max()).all()


def test_another_ranking_is_noticed(generation: Generation, monkeypatch: pytest.MonkeyPatch) -> None:
    queries = [plain_query(text) for text in queries_of(generation)]
    monkeypatch.setattr(whoosh_scoring, "SURFACE_WEIGHT", 3.0)
    assert same_share(generation, queries) < 1
