"""Finding documents whose texts are all but the same, so that search can show them as one hit.

MinHash with locality-sensitive hashing (Broder 1997; Leskovec, Rajaraman and Ullman, "Mining of Massive Datasets",
chapter 3) proposes pairs, and the exact Jaccard similarity of their word shingles decides.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from functools import cache, lru_cache

import numpy as np
import numpy.typing as npt
import regex
from datasketch import MinHash, MinHashLSH
from scipy.cluster.hierarchy import DisjointSet

from indexer.shared.records import Document

__all__ = ["SIMILARITY", "group_documents", "signatures"]

SIMILARITY = 0.9
"""Least Jaccard similarity of two texts' shingles. In the IRM database pairs lie at 1.0 or below 0.65."""

_SHINGLE = 4
_FEWEST_WORDS = 8  # shorter texts ("N/A", a heading) are no evidence
_PERMUTATIONS = 64
_COMPARED = 1024  # documents whose shingles are kept for the next comparison
_WORD = regex.compile(r"[\p{L}\p{M}\p{N}]+")

Signatures = npt.NDArray[np.uint64]


def signatures(documents: Sequence[Document]) -> Signatures:
    """Return the signatures of documents, uint64 `(documents, bands)`.

    Documents are compared if they agree in a band. A text too short to tell has noughts.
    """
    found = np.zeros((len(documents), _index().b), dtype=np.uint64)
    for row, document in enumerate(documents):
        shingles = _shingles(document.text)
        if shingles is not None:
            found[row] = _signature(shingles)
    return found


def group_documents(documents: Sequence[Document], signed: Signatures) -> npt.NDArray[np.int32]:
    """Return the number of each document's group, int32 `(documents,)`, numbered from 0 in the order of the rows.

    Documents of one commitment are in one group, and so are near-duplicates: of one country and language, because the
    same text from two governments is two promises. `signed` are the documents' `signatures`.
    """
    groups = DisjointSet(range(len(documents)))
    first: dict[str, int] = {}
    for row, document in enumerate(documents):
        groups.merge(first.setdefault(document.commitment_id, row), row)
    _merge_near_duplicates(groups, documents, signed)
    number: dict[int, int] = {}
    return np.array([number.setdefault(groups[row], len(number)) for row in range(len(documents))], dtype=np.int32)


def _merge_near_duplicates(groups: DisjointSet, documents: Sequence[Document], signed: Signatures) -> None:
    shingles = lru_cache(_COMPARED)(lambda row: _shingles(documents[row].text) or frozenset())
    alike: defaultdict[tuple[object, ...], list[int]] = defaultdict(list)
    for row in np.flatnonzero(signed.any(axis=1)).tolist():
        document = documents[row]
        for band in enumerate(signed[row].tolist()):
            others = alike[document.facts.country, document.lang, band]
            for other in others:
                if not groups.connected(other, row) and _similar(shingles(other), shingles(row)):
                    groups.merge(other, row)
            others.append(row)


def _similar(one: frozenset[str], other: frozenset[str]) -> bool:
    return len(one & other) >= SIMILARITY * len(one | other)


def _signature(shingles: frozenset[str]) -> list[int]:
    """Return a digest of each band of a text's MinHash."""
    signature, size = _empty().copy(), _index().r
    signature.update_batch([shingle.encode() for shingle in sorted(shingles)])
    bands = signature.hashvalues[: _index().b * size].reshape(-1, size)
    return [int.from_bytes(hashlib.blake2b(band.tobytes(), digest_size=8).digest(), "little") for band in bands]


@cache
def _empty() -> MinHash:
    return MinHash(num_perm=_PERMUTATIONS)


@cache
def _index() -> MinHashLSH:
    """Return an index of signatures, for the numbers of its bands and of their rows: the best for SIMILARITY."""
    return MinHashLSH(threshold=SIMILARITY, num_perm=_PERMUTATIONS)


def _shingles(text: str) -> frozenset[str] | None:
    """Return all runs of four words of a text, lower-cased; None when it is too short to tell."""
    words = _WORD.findall(text.casefold())
    if len(words) < _FEWEST_WORDS:
        return None
    return frozenset(" ".join(words[start : start + _SHINGLE]) for start in range(len(words) - _SHINGLE + 1))
