"""Language parity: whether the same question finds the same things in every language.

Queries with the same `item` are translations of each other. Each is compared with the reference: the item's query in
English, or in the first language of the file where no query is in English; references from another set come first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from evaluation.dataset import Dataset, Topic
from evaluation.measures import MEASURES, measure
from evaluation.runs import ModeRun

__all__ = ["language_parity", "overlap"]

_REFERENCE_LANG = "en"
_NDCG = list(MEASURES).index("ndcg@10")
_TOP = 10


def language_parity(dataset: Dataset, run: ModeRun) -> dict[str, Any] | None:
    """Return overlap@10 and lost ndcg@10 for each language, and their means over languages.

    `overlap@10` is the mean share of the top 10 that a query and its reference have in common, `ndcg@10_lost` the mean
    of the reference's nDCG@10 minus the query's, both by the query's judgements. None without translations.
    """
    pool = dataset.references or dataset.topics
    reference_lang = _reference_lang(pool)
    references = {topic.item: topic for topic in reversed(pool) if topic.lang == reference_lang}
    ranked = run.references if dataset.references else run.ranked
    pairs: dict[str, list[tuple[Topic, tuple[str, ...]]]] = {}
    for topic in dataset.topics:
        reference = references.get(topic.item)
        if topic.item is not None and reference is not None and topic.lang != reference_lang:
            pairs.setdefault(topic.lang, []).append((topic, ranked[reference.topic_id]))
    if not pairs:
        return None
    languages = [_language(lang, pairs[lang], dataset, run) for lang in sorted(pairs)]
    return {
        "reference": reference_lang,
        "overlap@10": round(fmean(one["overlap@10"] for one in languages), 6),
        "ndcg@10_lost": round(fmean(one["ndcg@10_lost"] for one in languages), 6),
        "languages": languages,
    }


def overlap(first: Sequence[str], second: Sequence[str]) -> float:
    """Return the share of the longer top 10 that is in both; 1 where both are empty."""
    ones, others = set(first[:_TOP]), set(second[:_TOP])
    longer = max(len(ones), len(others))
    return len(ones & others) / longer if longer else 1.0


def _reference_lang(topics: Sequence[Topic]) -> str:
    langs = [topic.lang for topic in topics if topic.item is not None]
    return _REFERENCE_LANG if _REFERENCE_LANG in langs or not langs else langs[0]


def _language(
    lang: str, pairs: Sequence[tuple[Topic, tuple[str, ...]]], dataset: Dataset, run: ModeRun
) -> dict[str, Any]:
    qrels = {topic.topic_id: dataset.qrels.get(topic.topic_id, {}) for topic, _ in pairs}
    own = _mean_ndcg(qrels, {topic.topic_id: run.ranked[topic.topic_id] for topic, _ in pairs})
    reference = _mean_ndcg(qrels, {topic.topic_id: ranked for topic, ranked in pairs})
    return {
        "lang": lang,
        "queries": len(pairs),
        "overlap@10": round(fmean(overlap(run.ranked[topic.topic_id], ranked) for topic, ranked in pairs), 6),
        "ndcg@10_lost": round(reference - own, 6),
    }


def _mean_ndcg(qrels: Mapping[str, Mapping[str, int]], ranked: Mapping[str, Sequence[str]]) -> float:
    return fmean(float(values[_NDCG]) for values in measure(qrels, ranked).values())
