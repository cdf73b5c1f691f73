"""How good Concord is: each thing that it must reach, measured as users get it, beside the raw encoder.

Everything is indexed and ranked by the code of `concord evaluate`, with the default of every setting. *Raw* is plain
multilingual-e5-small with its prompts, whole texts ranked by cosine. `PARTS` is the table, part by part; what is
measured elsewhere is added to it as a function that gives bars.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.bars import LEGS, Bar, Case, Estimate
from bench.legs import Legs, Setup, Slice, estimate, run_legs
from bench.sets import SIX, in_languages, ogp_knownitem, sdg_en2x, sdg_x2en, xquad, xquad_one_language
from bench.speed import Action, medians
from evaluation.cache import index_folder
from evaluation.calibration import SPLITS, Checked, check
from evaluation.dataset import sample_topics
from evaluation.parity import parity_pairs
from evaluation.report import topic_units
from evaluation.runs import CROSS_LINGUAL, DOCUMENT_LANG, SAME_LANGUAGE, Values
from indexer.pipeline import build_index, index_documents
from indexer.readers.sources import ReadResult
from indexer.shared.encoder.loading import RAW_SUFFIX
from indexer.shared.errors import ConcordError
from searchapp.search.results import SearchRequest
from searchapp.search.searcher import Searcher

__all__ = ["PARTS", "RAW", "measured", "strength_bars"]

RAW = "bundled:e5-small" + RAW_SUFFIX
"""The encoder to compare with."""

_NDCG, _MRR, _RECALL = "ndcg@10", "mrr@10", "r@25"
_UN_LANGUAGES = ("ar", "es", "fr", "ru", "zh")
_PARITY_LANGUAGES = ("ar", "de", "es", "fr", "it", "ru", "zh")
_SLACK = 0.005  # what fusion may cost against the better leg
_OF_FRENCH = 0.95
_MORE_IN_COMMON, _MOST_LOST = 0.05, 0.02
_SIGNIFICANT = 0.05
_MOST_WRONG = 2
_SEEDS = Path(__file__).parents[1] / "seeds"
_SEARCH_TIME, _INDEXING_TIME = 2, 1.5  # times that of the raw encoder by itself
_TIMED_QUESTIONS = 20  # of each language
_TIMED_DOCUMENTS, _TIMED_INDEXINGS = 40, 5


def measured(setup: Setup, parts: Iterable[str]) -> Iterator[Bar]:
    """Give the bars of some of PARTS as they are measured."""
    for part in parts:
        yield from PARTS[part](setup)


def _xquad(setup: Setup) -> Iterator[Bar]:
    legs = run_legs(xquad(setup.data, setup.sample), setup)
    langs = sorted({document.lang for document in legs.dataset.documents})
    foreign = _Bars(legs=legs, data=f"xquad_para in {len(langs)} languages, foreign documents ({_queries(legs)})")
    by_query = {lang: Slice(measure=_NDCG, pool=CROSS_LINGUAL, query_lang=lang) for lang in SIX}
    by_document = {lang: Slice(measure=_NDCG, pool=DOCUMENT_LANG + lang) for lang in langs}
    yield foreign.over_raw("nDCG@10", {"": Slice(measure=_NDCG, pool=CROSS_LINGUAL)}, "semantic", by=0.07)
    for what, slices in (("nDCG@10 by query language", by_query), ("nDCG@10 by document language", by_document)):
        yield foreign.over_raw(what, slices, "semantic", by=0)
        yield foreign.no_worse(what, slices)
    own = _Bars(legs=legs, data=f"xquad_para in {len(langs)} languages, the query's own documents ({_queries(legs)})")
    inside = {lang: Slice(measure=_NDCG, pool=SAME_LANGUAGE, query_lang=lang) for lang in SIX}
    yield own.no_worse("nDCG@10 by query language", inside)
    yield own.reaches("nDCG@10 for de, en, es", {lang: inside[lang] for lang in ("de", "en", "es")}, least=0.955)


def _xquad_one_language(setup: Setup) -> Iterator[Bar]:
    legs = run_legs(xquad_one_language(setup.data, setup.sample), setup)
    bars = _Bars(legs=legs, data=f"xquad_para, each paragraph in one of six languages ({_queries(legs)})")
    yield bars.reaches("nDCG@10", {"": Slice(measure=_NDCG)}, least=0.89)
    by_query = {lang: Slice(measure=_NDCG, query_lang=lang) for lang in SIX}
    yield bars.reaches("nDCG@10 by query language", by_query, least=0.85)


def _sdg_en2x(setup: Setup) -> Iterator[Bar]:
    legs = run_legs(sdg_en2x(setup.data, setup.sample), setup)
    bars = _Bars(legs=legs, data=f"sdg_en2x ({_queries(legs)})")
    yield bars.over_raw("R@25", {"": Slice(measure=_RECALL)}, "hybrid", by=0.05)
    slices = {lang: Slice(measure=_MRR, pool=DOCUMENT_LANG + lang) for lang in _UN_LANGUAGES}
    french = legs.means(slices["fr"])["hybrid"]
    cases = [legs.reaches(one, "hybrid", least=_OF_FRENCH * french, name=lang) for lang, one in slices.items()]
    limit = f"hybrid ≥ {_OF_FRENCH} × {french:.3f} (fr)"
    yield _bar(bars.data, "MRR@10 by document language, each alone", limit, cases)


def _sdg_x2en(setup: Setup) -> Iterator[Bar]:
    legs = run_legs(sdg_x2en(setup.data, setup.sample), setup)
    bars = _Bars(legs=legs, data=f"sdg_x2en ({_queries(legs)})")
    yield bars.reaches("MRR@10", {"": Slice(measure=_MRR)}, least=0.985)
    yield bars.over_raw("MRR@10", {"": Slice(measure=_MRR)}, "hybrid", by=0)
    yield from _parity(legs)


def _parity(legs: Legs) -> Iterator[Bar]:
    """Give the bars for seven languages beside English."""
    few = in_languages(legs.dataset, _PARITY_LANGUAGES)
    pairs = {leg: parity_pairs(few, run) for leg, run in legs.runs.items()}
    overlap = {leg: np.array([pair.overlap for pair in found]) for leg, found in pairs.items()}
    lost = {leg: np.array([pair.lost for pair in found]) for leg, found in pairs.items()}
    units = topic_units([pair.topic for pair in pairs["hybrid"]])
    data = f"sdg_x2en, {', '.join(_PARITY_LANGUAGES)} against English ({len(units):,} pairs)"
    more = estimate(overlap["hybrid"] - overlap["raw"], units, difference=True)
    cases = [_level(overlap, more, more.mean - _MORE_IN_COMMON)]
    yield _bar(data, "share of the first ten in common", f"hybrid ≥ raw + {_MORE_IN_COMMON}", cases)
    less = estimate(lost["hybrid"], units, difference=True)
    yield _bar(data, "nDCG@10 lost", f"hybrid ≤ {_MOST_LOST}", [_level(lost, less, _MOST_LOST - less.mean)])


def _ogp_knownitem(setup: Setup) -> Iterator[Bar]:
    legs = run_legs(ogp_knownitem(setup.data, setup.sample), setup)
    for other in ("keyword", "semantic"):
        case = legs.surely_over(Slice(measure=_MRR), "hybrid", other, p=_SIGNIFICANT)
        limit = f"hybrid > {other}, p < {_SIGNIFICANT}"
        yield _bar(f"ogp_knownitem_dev ({_queries(legs)})", "MRR@10", limit, [case])


def _strengths(setup: Setup) -> Iterator[Bar]:
    sources = [_SEEDS, setup.data.parent / "ogp" / "irm_dev.csv"]
    missing = [str(source) for source in sources if not source.exists()]
    if missing:
        raise ConcordError(f"{', '.join(missing)}: not there, and strengths are measured on them")
    index = setup.cache / "indexes" / f"irm-{setup.encoder.revision}-{setup.encoder.runtime}"
    build_index(sources, index=index, encoder=setup.cached())
    searcher = Searcher.open(index, encoder=setup.encoder)
    yield from strength_bars([one for split in SPLITS for one in check(searcher, "hybrid", split)])


def strength_bars(checked: Sequence[Checked]) -> Iterator[Bar]:
    """Give the bars for off-topic and on-topic queries: how many are answered with the wrong strengths."""
    for on_topic, what in ((False, "off-topic, with a strong or fair hit"), (True, "on-topic, without one")):
        asked = [one for one in checked if one.on_topic == on_topic]
        wrong = sum(not one.right for one in asked)
        case = Case(legs={"hybrid": f"{wrong} of {len(asked)}"}, estimate=str(wrong), margin=_MOST_WRONG - wrong)
        languages = len({one.lang for one in asked})
        data = f"985 documents ({len(asked)} queries in {languages} languages)"
        yield _bar(data, what, f"≤ {_MOST_WRONG}", [case])


def _speed(setup: Setup) -> Iterator[Bar]:
    dataset = sample_topics(xquad(setup.data), min(_TIMED_QUESTIONS, setup.sample or _TIMED_QUESTIONS))
    searcher = Searcher.open(index_folder(dataset, setup.cached()), encoder=setup.encoder)
    questions = [topic.query.text for topic in dataset.topics]
    asking: list[Action] = [
        lambda number: setup.raw.encode_queries([questions[number]]),
        lambda number: searcher.search(SearchRequest(query=questions[number])),
    ]
    data = f"xquad_para in 12 languages ({len(questions)} queries, one by one)"
    yield _no_slower(data, "median time of a search", asking, len(questions), most=_SEARCH_TIME)
    documents = dataset.documents[:: max(1, len(dataset.documents) // _TIMED_DOCUMENTS)]
    texts = [document.text for document in documents]
    read = ReadResult(documents=documents, rejected=(), sources=())
    with tempfile.TemporaryDirectory() as folder:
        indexing: list[Action] = [
            lambda _: setup.raw.encode_passages(texts),
            lambda _: index_documents(read, index=Path(folder) / "index", encoder=setup.encoder, rebuild=True),
        ]
        data = f"xquad_para in 12 languages ({len(documents)} documents, {_TIMED_INDEXINGS} times)"
        yield _no_slower(data, "median time of indexing", indexing, _TIMED_INDEXINGS, most=_INDEXING_TIME)


PARTS: dict[str, Callable[[Setup], Iterator[Bar]]] = {
    "xquad": _xquad,
    "xquad-one-language": _xquad_one_language,
    "sdg-en2x": _sdg_en2x,
    "sdg-x2en": _sdg_x2en,
    "ogp-knownitem": _ogp_knownitem,
    "strengths": _strengths,
    "speed": _speed,
}
"""What gives the bars, by name, in the order of the table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bars:
    """Makes bars for what ran on one set, `data` in words. Slices are named; a bar has a case for each."""

    legs: Legs
    data: str

    def over_raw(self, what: str, slices: Mapping[str, Slice], leg: str, *, by: float) -> Bar:
        cases = [self.legs.over(one, leg, "raw", by=by, name=name) for name, one in slices.items()]
        return _bar(self.data, what, f"{leg} ≥ raw + {by}" if by else f"{leg} ≥ raw", cases)

    def no_worse(self, what: str, slices: Mapping[str, Slice]) -> Bar:
        cases = [self.legs.over_better(one, by=-_SLACK, name=name) for name, one in slices.items()]
        return _bar(self.data, what, f"hybrid ≥ better leg − {_SLACK}", cases)

    def reaches(self, what: str, slices: Mapping[str, Slice], *, least: float) -> Bar:
        cases = [self.legs.reaches(one, "hybrid", least=least, name=name) for name, one in slices.items()]
        return _bar(self.data, what, f"hybrid ≥ {least}", cases)


def _no_slower(data: str, what: str, actions: Sequence[Action], rounds: int, *, most: float) -> Bar:
    """Return the bar "what Concord does takes at most so many times as long as the raw encoder", given first."""
    raw, ours = medians(actions, rounds)
    legs = {"raw": _milliseconds(raw), "hybrid": _milliseconds(ours)}
    case = Case(legs=legs, estimate=f"{ours / raw:.2f} ×", margin=most - ours / raw)
    return _bar(data, what, f"≤ {most} × raw encoding", [case])


def _level(values: Mapping[str, Values], shown: Estimate, margin: float) -> Case:
    return Case(legs={leg: f"{values[leg].mean():.3f}" for leg in LEGS}, estimate=shown, margin=margin)


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:,.0f} ms"


def _bar(data: str, what: str, limit: str, cases: Sequence[Case]) -> Bar:
    return Bar(data=data, what=what, limit=limit, cases=tuple(cases))


def _queries(legs: Legs) -> str:
    return f"{len(legs.dataset.topics):,} queries"
