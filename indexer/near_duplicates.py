"""Finding documents whose texts are all but the same, so that search can show them as one hit.

MinHash with locality-sensitive hashing (Broder 1997; Leskovec, Rajaraman and Ullman, "Mining of Massive Datasets",
chapter 3) proposes pairs, and the exact Jaccard similarity of their word shingles decides.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt
import regex
from datasketch import MinHash, MinHashLSH
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from indexer.shared.records import Document

__all__ = ["SIMILARITY", "group_documents"]

SIMILARITY = 0.9
"""Least Jaccard similarity of two texts' shingles. In the IRM database pairs lie at 1.0 or below 0.65."""

_SHINGLE = 4
_FEWEST_WORDS = 8  # shorter texts ("N/A", a heading) are no evidence
_PERMUTATIONS = 64
_WORD = regex.compile(r"[\p{L}\p{M}\p{N}]+")


def group_documents(documents: Sequence[Document]) -> npt.NDArray[np.int32]:
    """Return the number of each document's group, int32 `(documents,)`, numbered from 0 in the order of the rows.

    Documents of one commitment are in one group, and so are near-duplicates: of one country and language, because the
    same text from two governments is two promises.
    """
    if not documents:
        return np.zeros(0, dtype=np.int32)
    pairs = [*_versions(documents), *_near_duplicates(documents)]
    one, other = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    links = coo_array((np.ones(len(pairs), dtype=np.int8), (one, other)), shape=(len(documents),) * 2)
    labels = connected_components(links, directed=False)[1]
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    order = np.argsort(np.argsort(first))
    return order[inverse].astype(np.int32)


def _versions(documents: Iterable[Document]) -> Iterator[tuple[int, int]]:
    first: dict[str, int] = {}
    for row, document in enumerate(documents):
        yield first.setdefault(document.commitment_id, row), row


def _near_duplicates(documents: Iterable[Document]) -> Iterator[tuple[int, int]]:
    shingles: dict[int, frozenset[str]] = {}
    indexes: defaultdict[tuple[str | None, str], MinHashLSH] = defaultdict(_empty_index)
    for row, document in enumerate(documents):
        own = _shingles(document.text)
        if own is None:
            continue
        index = indexes[document.facts.country, document.lang]
        signature = MinHash(num_perm=_PERMUTATIONS)
        signature.update_batch([shingle.encode() for shingle in sorted(own)])
        for candidate in sorted(index.query(signature)):
            if len(own & shingles[candidate]) >= SIMILARITY * len(own | shingles[candidate]):
                yield candidate, row
        index.insert(row, signature)
        shingles[row] = own


def _empty_index() -> MinHashLSH:
    return MinHashLSH(threshold=SIMILARITY, num_perm=_PERMUTATIONS)


def _shingles(text: str) -> frozenset[str] | None:
    """Return all runs of four words of a text, lower-cased; None when it is too short to tell."""
    words = _WORD.findall(text.casefold())
    if len(words) < _FEWEST_WORDS:
        return None
    return frozenset(" ".join(words[start : start + _SHINGLE]) for start in range(len(words) - _SHINGLE + 1))
