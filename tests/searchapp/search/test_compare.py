from __future__ import annotations

import numpy as np
import pytest

from indexer.shared.errors import NotFoundError, QueryError
from searchapp.search.results import CompareRequest, Comparison, SimilarRequest
from searchapp.search.searcher import Searcher
from tests.conftest import BuildIndex
from tests.searchapp.search.test_similar import corpus, promise


@pytest.fixture
def searcher(build: BuildIndex) -> Searcher:
    """A searcher that has no encoder: the name of the index's own can't be loaded."""
    return Searcher.open(build(corpus()))


def compare(searcher: Searcher, *commitment_ids: str, lang: str | None = None) -> Comparison:
    return searcher.compare(CompareRequest(commitment_ids=commitment_ids, lang=lang))


def langs(comparison: Comparison) -> list[str]:
    return [one.document.lang for one in comparison.commitments]


def test_commitments_stand_in_the_order_asked_for(searcher: Searcher) -> None:
    asked = ("XX0007", "XX0001", "XX0029", "XX0003", "XX0012", "XX0004")
    result = compare(searcher, *asked)
    assert tuple(one.document.commitment_id for one in result.commitments) == asked
    assert result.index == searcher.info
    for row in result.aligned:
        quoted = [row.own, *(match.quote for match in row.matches if match)]
        assert tuple(quote.document.commitment_id for quote in quoted) == asked
        assert [quote.document for quote in quoted] == [one.document for one in result.commitments]


def test_likeness_is_what_similar_says_and_none_for_the_first(searcher: Searcher) -> None:
    for first in ("XX0000", "XX0001", "XX0005"):
        for hit in searcher.similar(SimilarRequest(commitment_id=first, limit=3)).hits:
            result = compare(searcher, first, hit.document.commitment_id)
            assert [one.likeness for one in result.commitments] == [None, hit.score]
            assert result.commitments[1].document == hit.document


def test_each_passage_stands_beside_the_nearest_of_each_other(searcher: Searcher) -> None:
    generation, leg = searcher._engine, searcher._semantic
    documents = [generation.document(int(row)) for row in generation.chunks["document"]]
    ids = [generation.chunk(row, one).chunk_id for row, one in enumerate(documents)]
    result = compare(searcher, "XX0003", "XX0007", "XX0011")
    assert len(result.aligned) == 3
    for row in result.aligned:
        vector = leg.as_queries(np.array([ids.index(row.own.passage.chunk_id)]))[0]
        similarities = dict(zip(ids, leg.passage_scores(vector), strict=True))
        for match in row.matches:
            assert match is not None
            document = match.quote.document
            of_other = [score for name, score in similarities.items() if name.startswith(f"{document.document_id}#")]
            assert match.semantic == pytest.approx(max(of_other), abs=1e-6)
            assert match.semantic == pytest.approx(similarities[match.quote.passage.chunk_id], abs=1e-6)


def test_passages_of_the_first_come_in_the_order_of_its_text(searcher: Searcher) -> None:
    own = [row.own.passage.chunk_id for row in compare(searcher, "XX0003", "XX0007").aligned]
    assert len(own) == 3
    assert own == sorted(set(own))


def test_the_passages_kept_are_those_that_the_other_matches_best(build: BuildIndex) -> None:
    shared = ("Courts publish verdicts.", "Forests are replanted.", "Trains run hourly.")
    first = promise("AA0001", "Salt.", shared[0], "Pepper.", shared[1], "Mint.", shared[2], country="GB")
    others = [promise(f"CC{number:04}", f"Road number{number}.", country="DE") for number in range(20)]
    result = compare(Searcher.open(build([first, promise("BB0001", *shared), *others])), "AA0001", "BB0001")
    assert tuple(row.own.passage.text for row in result.aligned) == shared
    assert tuple(row.matches[0].quote.passage.text for row in result.aligned if row.matches[0]) == shared


@pytest.fixture
def versions(build: BuildIndex) -> Searcher:
    """AA0001 in English, French and Spanish and BB0001 in French and Spanish, most alike in Spanish, and three more."""
    return Searcher.open(
        build(
            [
                promise("AA0001", "Courts publish verdicts today.", country="GB", lang="en"),
                promise("AA0001", "Les tribunaux publient des jugements.", country="GB", lang="fr"),
                promise("AA0001", "Los tribunales publican sentencias.", country="GB", lang="es"),
                promise("BB0001", "La forêt brûle chaque été.", country="FR", lang="fr"),
                promise("BB0001", "Los tribunales publican sentencias hoy.", country="FR", lang="es"),
                promise("CC0001", "Courts publish verdicts.", country="DE", lang="en"),
                promise("DD0001", "Trains, trains.", country="KR", lang="en"),
            ]
        )
    )


def test_without_a_language_the_versions_most_alike_are_shown(versions: Searcher) -> None:
    result = compare(versions, "AA0001", "BB0001")
    assert langs(result) == langs(compare(versions, "BB0001", "AA0001")) == ["es", "es"]
    assert [set(one.also_in) for one in result.commitments] == [{"en", "fr"}, {"fr"}]
    assert langs(compare(versions, "AA0001", "CC0001")) == ["en", "en"]


def test_a_commitment_is_shown_in_the_language_asked_for_where_it_exists_in_it(versions: Searcher) -> None:
    assert langs(compare(versions, "AA0001", "BB0001", "CC0001", lang="fr")) == ["fr", "fr", "en"]
    assert langs(compare(versions, "BB0001", "AA0001", lang="en"))[1] == "en"
    assert langs(compare(versions, "AA0001", "BB0001", lang="xx")) == ["es", "es"]


def test_what_has_no_text_is_shown_without_passages(build: BuildIndex) -> None:
    searcher = Searcher.open(
        build([promise("AA0001", "Courts publish."), promise("BB0001", "Trains run."), promise("EE0001")])
    )
    result = compare(searcher, "AA0001", "EE0001", "BB0001")
    assert [one.likeness is None for one in result.commitments] == [True, True, False]
    [row] = result.aligned
    assert row.matches[0] is None
    assert row.matches[1] is not None
    led = compare(searcher, "EE0001", "AA0001")
    assert led.aligned == ()
    assert [one.likeness for one in led.commitments] == [None, None]
    assert compare(searcher, "AA0001", "EE0001").aligned == ()


def test_near_duplicates_that_are_all_the_index_holds_can_be_compared(build: BuildIndex) -> None:
    text = "Courts publish verdicts on the internet, every week, for everybody to read and to use."
    searcher = Searcher.open(build([promise("AA0001", text, country="GB"), promise("AA0002", text, country="GB")]))
    [row] = compare(searcher, "AA0001", "AA0002").aligned
    assert row.matches[0] is not None
    assert row.matches[0].semantic == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize(
    ("commitment_ids", "said"),
    [
        ((), "id: no commitment is given; expected from 2 to 6"),
        (("XX0001",), "id: only one commitment is given; expected from 2 to 6"),
        (tuple(f"XX{number:04}" for number in range(7)), "id: 7 commitments are given; expected from 2 to 6"),
        (("XX0001", "XX0002", "XX0001"), "id: “XX0001” is given twice; expected different commitments"),
    ],
)
def test_what_can_not_be_compared_is_refused_in_one_line(
    searcher: Searcher, commitment_ids: tuple[str, ...], said: str
) -> None:
    with pytest.raises(QueryError, match=f"^{said}$"):
        compare(searcher, *commitment_ids)


def test_an_unknown_commitment_is_named(searcher: Searcher) -> None:
    with pytest.raises(NotFoundError, match="XX9999"):
        compare(searcher, "XX0001", "XX9999")
