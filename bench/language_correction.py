"""What taking the language out of embeddings gives: nDCG@10 of the corrected encoder beside the raw one.

Dense vectors alone, every document of every language in one index, documents in the query's own language dropped.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from indexer.shared.encoder import Embeddings, load_encoder
from indexer.shared.encoder.sentence_encoder import RAW_SUFFIX

__all__ = ["TestSet", "compare", "interval", "read_set", "scores", "table"]

Scores = npt.NDArray[np.float64]

ENCODER = "bundled:e5-small"
SETS = {"udhr_en2x": None, "xquad_para": 300}
"""Test sets, and how many of their queries are drawn (None: all)."""

_CUT = 10
_RESAMPLES = 10_000
_DISCOUNTS = 1 / np.log2(np.arange(2, _CUT + 2))


@dataclass(frozen=True, slots=True, kw_only=True)
class TestSet:
    """Documents and queries as (id, lang, text), and the relevant documents of each query."""

    name: str
    documents: tuple[tuple[str, str, str], ...]
    queries: tuple[tuple[str, str, str], ...]
    relevant: dict[str, set[str]]


def table(data: Path) -> Iterator[str]:
    """Give the lines of the table; progress bars go to stderr."""
    yield f"nDCG@10, {ENCODER}, same-language documents dropped; [95 % interval of the paired difference]"
    yield f"{'set':<12} {'queries':>7} {'raw':>6} {'corrected':>9} {'gain':>7}"
    for name, sample in SETS.items():
        before, after = compare(read_set(data / name, sample))
        low, high = interval(after - before)
        yield (
            f"{name:<12} {len(before):>7} {before.mean():>6.3f} {after.mean():>9.3f}"
            f" {(after - before).mean():>+7.3f} [{low:+.3f}, {high:+.3f}]"
        )


def compare(test_set: TestSet) -> tuple[Scores, Scores]:
    """Return nDCG@10 of each query, float64 `(queries,)`, with the raw encoder and with the corrected one.

    Texts are encoded once, raw, and then corrected, as the corrected encoder does it.
    """
    raw = load_encoder(ENCODER + RAW_SUFFIX)
    projection = load_encoder(ENCODER).projection
    passages = raw.encode_passages([text for _, _, text in test_set.documents], progress=True)
    queries = raw.encode_queries([text for _, _, text in test_set.queries])
    corrected = (projection.apply(passages), projection.apply(queries)) if projection else (passages, queries)
    return scores(test_set, passages, queries), scores(test_set, *corrected)


def read_set(folder: Path, sample: int | None) -> TestSet:
    """Read a test set; `sample` queries are drawn with a fixed seed, equally many of each language."""
    queries = [(one["id"], one["lang"], one["text"]) for one in _lines(folder / "queries.jsonl")]
    relevant: dict[str, set[str]] = {}
    for line in (folder / "qrels.tsv").read_text(encoding="utf-8").splitlines():
        query_id, document_id, grade = line.split("\t")
        if int(grade) > 0:
            relevant.setdefault(query_id, set()).add(document_id)
    documents = tuple((one["id"], one["lang"], one["text"]) for one in _lines(folder / "corpus.jsonl"))
    return TestSet(name=folder.name, documents=documents, queries=_drawn(queries, sample), relevant=relevant)


def scores(test_set: TestSet, passages: Embeddings, queries: Embeddings) -> Scores:
    """Return nDCG@10 of each query, float64 `(queries,)`. Järvelin and Kekäläinen 2002, binary gains."""
    langs = np.array([lang for _, lang, _ in test_set.documents])
    ids = np.array([document_id for document_id, _, _ in test_set.documents])
    found = []
    for vector, (query_id, lang, _) in zip(queries, test_set.queries, strict=True):
        similarity = np.where(langs == lang, -np.inf, passages @ vector)
        best = ids[np.argsort(-similarity, kind="stable")[:_CUT]]
        relevant = test_set.relevant[query_id] - set(ids[langs == lang])
        gains = np.isin(best, list(relevant))
        found.append((gains * _DISCOUNTS[: len(gains)]).sum() / _DISCOUNTS[: len(relevant)].sum())
    return np.array(found)


def interval(differences: Scores) -> tuple[float, float]:
    """Return the 95 % percentile bootstrap interval of the mean difference."""
    rng = np.random.default_rng(0)
    drawn = rng.choice(differences, size=(_RESAMPLES, len(differences))).mean(axis=1)
    low, high = np.percentile(drawn, [2.5, 97.5])
    return float(low), float(high)


def _drawn(queries: list[tuple[str, str, str]], sample: int | None) -> tuple[tuple[str, str, str], ...]:
    if sample is None:
        return tuple(queries)
    langs = sorted({lang for _, lang, _ in queries})
    rng = random.Random(0)  # noqa: S311 (a reproducible sample, no secret)
    each = sample // len(langs)
    return tuple(one for lang in langs for one in rng.sample([query for query in queries if query[1] == lang], each))


def _lines(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)
