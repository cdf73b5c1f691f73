from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.pipeline import index_documents
from indexer.readers.sources import ReadResult
from indexer.shared.encoder import Embeddings
from indexer.shared.errors import EncoderError, NotFoundError, QueryError
from indexer.shared.records import Document, Facts
from searchapp.search.query import parse_query
from searchapp.search.results import Filters, Mode, SearchRequest, SearchResult
from searchapp.search.searcher import Searcher
from tests.conftest import BuildIndex
from tests.fakes import FakeEncoder, document

MODES: tuple[Mode, ...] = ("hybrid", "keyword", "semantic")
TOPICS = ("open data portal", "water supply network", "anti corruption agency", "open water data")
LANGS = ("en", "fr", "es")


def corpus() -> list[Document]:
    """Forty commitments in three languages and four countries; every fourth is there in two languages."""
    documents = []
    for number in range(40):
        facts = {
            "country": ("GB", "FR", "KR", "DE")[number % 4],
            "region": ("europe", "europe", "asia", "europe")[number % 4],
            "year": 2010 + number % 7,
            "policy_areas": (("open-data",), ("water",), ("open-data", "water"), ())[number % 4],
            "lead_institutions": (("Ministry of Rivers",), ("Cabinet", "Ministry of Rivers"), ())[number % 3],
            "ambition": (None, "minor", "moderate")[number % 3],
            "completion_midterm": ("limited", "substantial", None)[number % 3],
            "completion_end": (None, "complete", "pending-review", None, None)[number % 5],
            "early_results": (None, "major")[number % 2],
            "status": ("active", None, "inactive")[number % 3],
            "locality": (None, None, None, "Berlin")[number % 4] if number % 8 > 4 else None,
        }
        text = f"{TOPICS[number % 4]} number{number}."
        commitment_id = f"XX{number:04d}"
        documents.append(document(commitment_id, text, lang=LANGS[number % 3], title=f"Title {number}", **facts))
        if number % 4 == 0:
            documents.append(
                document(commitment_id, text + " again", lang=LANGS[(number + 1) % 3], title="Twin", **facts)
            )
    return documents


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus") / "index"
    ordered = tuple(sorted(corpus(), key=lambda one: one.document_id))
    index_documents(ReadResult(documents=ordered, rejected=(), sources=()), index=folder, encoder=FakeEncoder())
    return folder


@pytest.fixture(scope="module")
def searcher(index: Path, engine: str) -> Searcher:  # noqa: ARG001 (opened in it)
    return Searcher.open(index, encoder=FakeEncoder())


ANY = Filters()


def ids(result: SearchResult) -> list[str]:
    return [hit.document.commitment_id for hit in result.hits]


def whole(searcher: Searcher, query: str, mode: Mode, filters: Filters = ANY) -> SearchResult:
    return searcher.search(SearchRequest(query=query, mode=mode, filters=filters, limit=100))


FILTERS = (
    Filters(),
    Filters(lang=("fr",)),
    Filters(country=("GB", "KR")),
    Filters(policy_area=("water",), year_from=2012),
    Filters(country=("FR",), lang=("es", "en"), year_from=2011, year_to=2014),
    Filters(country=("ZZ",)),
    Filters(region=("asia",), lang=("en",)),
    Filters(institution=("Cabinet",), completion=("complete", "substantial")),
    Filters(ambition=("minor",), status=("active",), scope=("national",)),
)


@pytest.mark.parametrize(("mode", "filters"), [*product(MODES, FILTERS)])
def test_filters_hold_and_totals_and_facets_are_those_of_a_brute_force_count(
    searcher: Searcher, mode: Mode, filters: Filters
) -> None:
    unfiltered = {one.document_id for one in corpus() if "data" in one.text or "water" in one.text}
    expected = {one.commitment_id for one in corpus() if one.document_id in unfiltered and passes(one, filters)}
    result = whole(searcher, "water data", mode, filters)
    assert set(ids(result)) == expected
    assert result.total == len(expected)
    assert counted(result) == {
        facet.field: expected_counts(facet.field, unfiltered, filters) for facet in result.facets
    }


def some(*values: str) -> st.SearchStrategy[tuple[str, ...]]:
    return st.sets(st.sampled_from(values), max_size=2).map(lambda chosen: tuple(sorted(chosen)))


REQUESTS = st.builds(
    SearchRequest,
    query=st.sampled_from(["water", "open", "anti corruption", "supply data"]),
    mode=st.sampled_from(MODES),
    sort=st.sampled_from(["relevance", "newest", "oldest"]),
    filters=st.builds(
        Filters,
        country=some("GB", "FR", "KR", "ZZ"),
        lang=some(*LANGS),
        policy_area=some("open-data", "water"),
        institution=some("Cabinet", "Ministry of Rivers", "Nobody"),
        ambition=some("minor", "moderate"),
        completion=some("limited", "complete", "pending-review"),
        early_results=some("major"),
        status=some("active", "inactive"),
        scope=some("national", "local"),
        year_from=st.none() | st.integers(2009, 2013),
        year_to=st.none() | st.integers(2013, 2017),
    ),
    fold=st.just(value=False),
    limit=st.just(15),
)


@settings(deadline=None, database=None, max_examples=200)
@given(REQUESTS)
def test_totals_and_facets_of_any_query_and_filters_are_exact_on_every_page(
    searcher: Searcher, asked: SearchRequest
) -> None:
    matching = ids(searcher.search(replace(asked, filters=ANY, limit=100)))
    unfiltered = {one.document_id for one in corpus() if one.commitment_id in matching}
    if asked.mode == "keyword":
        unfiltered = {one.document_id for one in corpus() if any(word in one.text for word in asked.query.split())}
    expected = {one.commitment_id for one in corpus() if one.document_id in unfiltered and passes(one, asked.filters)}
    found: list[str] = []
    for offset in range(0, max(1, len(expected)), asked.limit):
        page = searcher.search(replace(asked, offset=offset))
        assert page.total == len(expected)
        assert counted(page) == {
            facet.field: expected_counts(facet.field, unfiltered, asked.filters) for facet in page.facets
        }
        found += ids(page)
    assert sorted(found) == sorted(expected)


def counted(result: SearchResult) -> dict[str, dict[str, int]]:
    return {facet.field: {one.value: one.count for one in facet.values if one.count} for facet in result.facets}


def expected_counts(field: str, unfiltered: set[str], filters: Filters) -> dict[str, int]:
    """Count the commitments with each value that pass all filters but the field's own."""
    having: dict[str, set[str]] = {}
    for one in corpus():
        if one.document_id in unfiltered and passes(one, filters, leave_out=field):
            for value in values_of(one, field) - {""}:
                having.setdefault(value, set()).add(one.commitment_id)
    return {value: len(found) for value, found in having.items()}


def passes(one: Document, filters: Filters, leave_out: str = "") -> bool:
    year = one.facts.year or 0
    first, last = filters.year_from or 0, filters.year_to or 9999
    return (leave_out == "year" or first <= year <= last) and all(
        field == leave_out or not wanted or values_of(one, field) & set(wanted)
        for field, wanted in filters.chosen().items()
    )


def values_of(one: Document, field: str) -> set[str]:
    facts = one.facts
    return {
        "country": {facts.country or ""},
        "region": {facts.region or ""},
        "lang": {one.lang},
        "year": {str(facts.year)},
        "policy_area": set(facts.policy_areas),
        "institution": set(facts.lead_institutions),
        "ambition": {facts.ambition or ""},
        "completion": {completion_of(facts)},
        "early_results": {facts.early_results or ""},
        "status": {facts.status or ""},
        "scope": {"local" if facts.locality else "national"},
    }[field]


def completion_of(facts: Facts) -> str:
    if facts.completion_end in (None, "pending-review"):
        return facts.completion_midterm or facts.completion_end or ""
    return facts.completion_end


@pytest.mark.parametrize("mode", MODES)
def test_pages_add_up_to_the_whole_result_with_the_same_total_and_facets(searcher: Searcher, mode: Mode) -> None:
    everything = whole(searcher, "water data", mode)
    pages = [
        searcher.search(SearchRequest(query="water data", mode=mode, limit=7, offset=offset))
        for offset in range(0, 49, 7)
    ]
    assert [one for page in pages for one in ids(page)] == ids(everything)
    assert {page.total for page in pages} == {everything.total}
    assert {page.facets for page in pages} == {everything.facets}
    assert [hit.rank for page in pages for hit in page.hits] == list(range(1, everything.total + 1))


@pytest.mark.parametrize("mode", MODES)
def test_a_commitment_in_two_languages_is_one_hit_that_names_the_other(searcher: Searcher, mode: Mode) -> None:
    result = whole(searcher, "open data portal", mode)
    assert len(set(ids(result))) == len(result.hits)
    hit = next(hit for hit in result.hits if hit.document.commitment_id == "XX0000")
    assert {hit.document.lang, *hit.also_in} == {"en", "fr"}


@pytest.mark.parametrize("mode", MODES)
def test_near_duplicates_are_one_hit_that_names_the_others_unless_asked_apart(build: BuildIndex, mode: Mode) -> None:
    text = "The agency opens a portal with all contracts of the year, free to read and to reuse by everyone. " * 3
    documents = [document(f"GB000{number}", text, country="GB", year=2010 + number) for number in range(3)]
    searcher = Searcher.open(build([*documents, document("FR0001", text, country="FR")]), encoder=FakeEncoder())
    folded = whole(searcher, "portal", mode)
    assert folded.total == 2
    assert sorted((hit.document.commitment_id, hit.near_duplicates) for hit in folded.hits) == [
        ("FR0001", ()),
        ("GB0000", ("GB0001", "GB0002")),
    ]
    country = next(facet for facet in folded.facets if facet.field == "country")
    assert {value.value: value.count for value in country.values} == {"GB": 1, "FR": 1}
    later = whole(searcher, "portal", mode, Filters(year_from=2011, country=("GB",)))
    assert [(hit.document.commitment_id, hit.near_duplicates) for hit in later.hits] == [("GB0001", ("GB0002",))]
    apart = searcher.search(SearchRequest(query="portal", mode=mode, fold=False))
    assert apart.total == 4
    assert [hit.near_duplicates for hit in apart.hits] == [()] * 4


@pytest.mark.parametrize("mode", MODES)
def test_hits_come_in_order_of_year_if_asked_and_of_score_within_a_year(searcher: Searcher, mode: Mode) -> None:
    best_first = whole(searcher, "water data", mode).hits
    for sort, sign in (("newest", -1), ("oldest", 1)):
        request = SearchRequest(query="water data", mode=mode, sort=sort, limit=100)  # type: ignore[arg-type]
        expected = sorted(best_first, key=lambda hit: sign * (hit.document.facts.year or 0))
        found = searcher.search(request)
        assert ids(found) == [hit.document.commitment_id for hit in expected]
        assert [hit.rank for hit in found.hits] == list(range(1, found.total + 1))


@pytest.mark.parametrize("mode", MODES)
def test_hits_come_in_order_of_score_and_the_same_every_time(searcher: Searcher, mode: Mode) -> None:
    first = whole(searcher, "open data", mode)
    assert [hit.score for hit in first.hits] == sorted((hit.score for hit in first.hits), reverse=True)
    assert whole(searcher, "open data", mode).hits == first.hits


@pytest.mark.parametrize("mode", MODES)
def test_quoted_phrases_must_occur_and_excluded_words_must_not(searcher: Searcher, mode: Mode) -> None:
    for hit in whole(searcher, '"open data" portal', mode).hits:
        assert "open data" in hit.passage.text
    excluded = whole(searcher, "open data -water", mode)
    assert excluded.hits
    for hit in excluded.hits:
        assert "water" not in hit.document.text


@pytest.mark.parametrize("mode", MODES)
def test_no_hit_has_a_word_that_starts_as_an_excluded_one(searcher: Searcher, mode: Mode) -> None:
    hits = whole(searcher, "open data -wat*", mode).hits
    assert hits
    assert not any("water" in hit.document.text for hit in hits)


def test_a_prefix_finds_words_and_they_are_marked(searcher: Searcher) -> None:
    result = whole(searcher, "porta*", "keyword")
    assert result.total == 10
    marks = {hit.passage.text[mark.start : mark.end] for hit in result.hits for mark in hit.passage.highlights}
    assert marks == {"portal"}
    assert ids(whole(searcher, "number17*", "hybrid"))[0] == "XX0017"


@pytest.mark.parametrize("mode", ["hybrid", "keyword"])
def test_a_misspelt_word_finds_the_right_one_and_the_result_says_so(searcher: Searcher, mode: Mode) -> None:
    result = whole(searcher, 'suply "water"', mode)
    assert [(one.word, one.used) for one in result.corrections] == [("suply", ("supply",))]
    assert result.corrected_query == 'supply "water"'
    first = result.hits[0]
    assert [first.passage.text[mark.start : mark.end] for mark in first.passage.highlights if mark.kind == "word"] == [
        "water",
        "supply",
    ]
    right = whole(searcher, 'supply "water"', mode)
    assert right.corrections == ()
    assert right.corrected_query is None
    assert (first.scores.keyword or 0) < (right.hits[0].scores.keyword or 0)


def test_meaning_alone_needs_no_correction(searcher: Searcher) -> None:
    assert whole(searcher, "suply", "semantic").corrections == ()


@pytest.mark.parametrize("asked", ["4711", "número 4.711", "numéro 4 711"])
def test_the_one_number_asked_for_comes_first_whatever_the_language(build: BuildIndex, asked: str) -> None:
    others = [document(f"ES{number:04}", f"El número de la ciudad {number}.", lang="es") for number in range(9)]
    others += [document(f"FR{number:04}", f"Le numéro de la ville {number}.", lang="fr") for number in range(9)]
    one = document("GB0001", "Some wholly different words about 4,711 things.", lang="en")
    searcher = Searcher.open(build([*others, one]), encoder=FakeEncoder())
    assert ids(whole(searcher, asked, "hybrid"))[0] == "GB0001"
    [first, *_] = whole(searcher, asked, "hybrid").hits
    assert first.strength == "fair"
    assert first.scores.fused > (first.scores.semantic or 0) + 0.1, "the bonus is no similarity in meaning"


@pytest.mark.parametrize("mode", MODES)
def test_a_commitment_id_as_query_comes_first(searcher: Searcher, mode: Mode) -> None:
    assert ids(whole(searcher, "xx0017", mode))[0] == "XX0017"


@pytest.mark.parametrize(("mode", "filters"), [*product(MODES, FILTERS)])
def test_a_ranking_has_the_documents_and_scores_of_the_search_in_its_order(
    searcher: Searcher, mode: Mode, filters: Filters
) -> None:
    query = "water data country:fr"
    hits = {hit.document.document_id: hit.score for hit in whole(searcher, query, mode, filters).hits}
    ranking = searcher.rank(parse_query(query), mode, filters=filters)
    names = [searcher.document_ids[row] for row in ranking.document]
    ranked = {name: score for name, score in zip(names, ranking.score.tolist(), strict=True) if name in hits}
    assert [*ranked.items()] == [*hits.items()]


def test_ranking_takes_the_embedding_of_a_query_that_was_encoded_before(index: Path) -> None:
    searcher = Searcher.open(index, encoder=FakeEncoder())
    query, other = parse_query("water data"), parse_query("anti corruption")
    vectors = searcher.encode([query.text, other.text])
    assert vectors.shape == (2, FakeEncoder.dim)
    for mode in MODES:
        given, own = searcher.rank(query, mode, vector=vectors[0]), searcher.rank(query, mode)
        assert given.document.tolist() == own.document.tolist()
    swapped = searcher.rank(query, "semantic", vector=vectors[1])
    assert swapped.document.tolist() == searcher.rank(other, "semantic").document.tolist()


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("named", ["IRM-DK-1-5", "irm-dk-1-5", "own_7", "Own_7"])
def test_ids_of_any_form_come_first_even_without_a_matching_word(build: BuildIndex, mode: Mode, named: str) -> None:
    names = ("IRM-DK-1-5", "IRM-DK-1-6", "own_7")
    searcher = Searcher.open(build([document(name, f"About {name[-1]}.") for name in names]), encoder=FakeEncoder())
    assert ids(whole(searcher, f"{named} about", mode))[0].lower() == named.lower()
    assert ids(whole(searcher, named, mode))[0].lower() == named.lower()


def test_fields_in_the_query_filter(searcher: Searcher) -> None:
    result = whole(searcher, "open data country:fr lang:es year:2011", "hybrid")
    for hit in result.hits:
        assert (hit.document.facts.country, hit.document.lang, hit.document.facts.year) == ("FR", "es", 2011)


def test_matched_words_are_highlighted_in_the_passage(searcher: Searcher) -> None:
    [hit, *_] = whole(searcher, "PORTAL", "keyword").hits
    assert [hit.passage.text[mark.start : mark.end] for mark in hit.passage.highlights] == ["portal"]


def test_the_sentence_nearest_in_meaning_is_marked_unless_only_words_are_asked_for(build: BuildIndex) -> None:
    text = "Trains run late. Open data portal. Schools get books. Roads are mended."
    searcher = Searcher.open(build([document("UK0001", text)]), encoder=FakeEncoder())
    marked = {}
    for mode in MODES:
        [hit] = whole(searcher, "open data", mode).hits
        marks = hit.passage.highlights
        marked[mode] = [(mark.kind, hit.passage.text[mark.start : mark.end]) for mark in marks]
    words = [("word", "Open"), ("word", "data")]
    sentence = [("semantic", "Open data portal.")]
    assert marked == {"hybrid": words + sentence, "keyword": words, "semantic": words + sentence}


def test_scores_say_which_leg_found_the_hit(searcher: Searcher) -> None:
    keyword = whole(searcher, "portal", "keyword").hits[0].scores
    assert keyword.keyword is not None
    assert keyword.semantic is None
    semantic = whole(searcher, "portal", "semantic").hits[0].scores
    assert semantic.keyword is None
    assert semantic.semantic == semantic.fused


def test_an_unknown_commitment_is_not_found(searcher: Searcher) -> None:
    with pytest.raises(NotFoundError, match="'UK9999'"):
        searcher.commitment("UK9999")


@pytest.mark.parametrize("query", ["hu*", "hub inno*tion", "hub -a*"])
def test_a_star_that_promises_what_is_not_done_is_refused(searcher: Searcher, query: str) -> None:
    for mode in MODES:
        with pytest.raises(QueryError, match=r"^q: .* star"):
            whole(searcher, query, mode)


@pytest.mark.parametrize("query", ["", "   ", "...", '""', "-", "\x00", "-only -exclusions"])
def test_a_query_with_nothing_to_search_for_is_refused(searcher: Searcher, query: str) -> None:
    for mode in MODES:
        with pytest.raises(QueryError, match=r"^q: "):
            whole(searcher, query, mode)


@pytest.mark.parametrize(
    "query",
    [
        "[a TO " * 150,
        "hub NOT NOT x",
        "or",
        "not",
        "*",
        "a:b",
        "((((",
        '"unbalanced',
        "a\x00b \x1b[0m",
        "~" * 900,
        "🙂",
        '* ** *hub* -* "*"',
    ],
)
def test_operators_of_other_search_engines_are_plain_text(searcher: Searcher, query: str) -> None:
    for mode in MODES:
        try:
            whole(searcher, query, mode)
        except QueryError as error:
            assert "no word to search for" in str(error)  # noqa: PT017 (either a result or this very refusal)


def test_a_query_of_5000_characters_is_refused(searcher: Searcher) -> None:
    with pytest.raises(QueryError, match=r"^q: at most 1,000 "):
        whole(searcher, "x" * 5000, "hybrid")


def test_another_encoder_than_the_indexs_own_is_refused(index: Path) -> None:
    other = FakeEncoder()
    other.revision = "another"
    with pytest.raises(EncoderError, match="rebuild"):
        Searcher.open(index, encoder=other).search(SearchRequest(query="water"))


def test_keyword_mode_needs_no_encoder(index: Path) -> None:
    assert whole(Searcher.open(index), "water", "keyword").total == 20


def test_threads_get_the_same_answers_as_one(searcher: Searcher) -> None:
    queries = [f"{topic} number{number}" for number, topic in enumerate(TOPICS * 5)]
    alone = [whole(searcher, query, "hybrid").hits for query in queries]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda query: whole(searcher, query, "hybrid").hits, queries)) == alone


def test_an_index_of_one_document_answers(build: BuildIndex) -> None:
    searcher = Searcher.open(build([document("UK0001", "Only one.")]), encoder=FakeEncoder())
    assert ids(whole(searcher, "only one", "hybrid")) == ["UK0001"]
    assert [hit.document.commitment_id for hit in whole(searcher, "anything", "hybrid").nearest] == ["UK0001"]
    assert whole(searcher, "anything", "keyword").total == 0


# The whole result


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("fold", [True, False])
def test_all_hits_are_those_of_all_pages(searcher: Searcher, mode: Mode, fold: bool) -> None:  # noqa: FBT001 (a table's column)
    asked = SearchRequest(query="open data", mode=mode, fold=fold, filters=Filters(country=("GB", "KR")), limit=3)
    total = searcher.search(asked).total
    assert total > 6
    pages = [searcher.search(replace(asked, offset=offset)).hits for offset in range(0, total, 3)]
    assert tuple(searcher.all_hits(replace(asked, offset=5))) == tuple(hit for page in pages for hit in page)


def test_all_hits_take_one_search_which_is_done_at_once(index: Path) -> None:
    class Counting(FakeEncoder):
        asked = 0

        def encode_queries(self, queries: Sequence[str]) -> Embeddings:
            self.asked += 1
            return super().encode_queries(queries)

    encoder = Counting()
    searcher = Searcher.open(index, encoder=encoder)
    searcher.warm_up()
    before = encoder.asked
    hits = searcher.all_hits(SearchRequest(query="open data"))
    done = encoder.asked
    assert done > before
    assert len(list(hits)) > 6
    assert encoder.asked == done


def test_all_hits_of_an_unusable_query_fail_before_the_first(searcher: Searcher) -> None:
    with pytest.raises(QueryError):
        searcher.all_hits(SearchRequest(query="a*"))


def test_where_nothing_is_found_there_are_no_hits_whatever_is_nearest(searcher: Searcher) -> None:
    asked = SearchRequest(query="chocolate cake")
    assert searcher.search(asked).nearest != ()
    assert list(searcher.all_hits(asked)) == []
