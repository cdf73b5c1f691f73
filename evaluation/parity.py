"""Language parity: whether the same question finds the same things in every language.

Queries with the same `item` are translations of each other. Each is compared with the reference: the item's query in
English, or in the first language of the file where no query is in English; references from another set come first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from evaluation.dataset import Dataset, Topic
from evaluation.measures import COLUMNS, measure
from evaluation.runs import ModeRun

__all__ = ["Pair", "language_parity", "overlap", "parity_pairs"]

_REFERENCE_LANG = "en"
_NDCG = COLUMNS["ndcg@10"]
_TOP = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A topic beside its reference: the share of the top 10 in common, and the reference's nDCG@10 minus its own."""

    topic: Topic
    overlap: float
    lost: float


def language_parity(dataset: Dataset, run: ModeRun) -> dict[str, Any] | None:
    """Return overlap@10 and lost ndcg@10 for each language, and their means over languages.

    `overlap@10` is the mean share of the top 10 that a query and its reference have in common, `ndcg@10_lost` the mean
    of the reference's nDCG@10 minus the query's, both by the query's judgements. None without translations.
    """
    by_lang: dict[str, list[Pair]] = {}
    for pair in parity_pairs(dataset, run):
        by_lang.setdefault(pair.topic.lang, []).append(pair)
    if not by_lang:
        return None
    languages = [_language(lang, by_lang[lang]) for lang in sorted(by_lang)]
    return {
        "reference": _reference_lang(dataset.references or dataset.topics),
        "overlap@10": round(fmean(one["overlap@10"] for one in languages), 6),
        "ndcg@10_lost": round(fmean(one["ndcg@10_lost"] for one in languages), 6),
        "languages": languages,
    }


def parity_pairs(dataset: Dataset, run: ModeRun) -> tuple[Pair, ...]:
    """Return the topics that have a reference in another language, in their order, beside it."""
    pool = dataset.references or dataset.topics
    reference_lang = _reference_lang(pool)
    references = {topic.item: topic.topic_id for topic in reversed(pool) if topic.lang == reference_lang}
    ranked = run.references if dataset.references else run.ranked
    topics = [
        topic
        for topic in dataset.topics
        if topic.item is not None and topic.item in references and topic.lang != reference_lang
    ]
    qrels = {topic.topic_id: dataset.qrels.get(topic.topic_id, {}) for topic in topics}
    expected = {topic.topic_id: ranked[references[topic.item]] for topic in topics}
    found = {topic.topic_id: run.ranked[topic.topic_id] for topic in topics}
    own, reference = measure(qrels, found), measure(qrels, expected)
    return tuple(
        Pair(
            topic=topic,
            overlap=overlap(found[topic.topic_id], expected[topic.topic_id]),
            lost=float(reference[topic.topic_id][_NDCG] - own[topic.topic_id][_NDCG]),
        )
        for topic in topics
    )


def overlap(first: Sequence[str], second: Sequence[str]) -> float:
    """Return the share of the longer top 10 that is in both; 1 where both are empty."""
    ones, others = set(first[:_TOP]), set(second[:_TOP])
    longer = max(len(ones), len(others))
    return len(ones & others) / longer if longer else 1.0


def _reference_lang(topics: Sequence[Topic]) -> str:
    langs = [topic.lang for topic in topics if topic.item is not None]
    return _REFERENCE_LANG if _REFERENCE_LANG in langs or not langs else langs[0]


def _language(lang: str, pairs: Sequence[Pair]) -> dict[str, Any]:
    return {
        "lang": lang,
        "queries": len(pairs),
        "overlap@10": round(fmean(pair.overlap for pair in pairs), 6),
        "ndcg@10_lost": round(fmean(pair.lost for pair in pairs), 6),
    }
