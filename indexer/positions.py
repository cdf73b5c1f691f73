"""A place on a map for each document, beside those that mean nearly the same.

A document's vector is the mean of its passages', each less the centre of its language, so that languages mix. The map
is made by t-SNE (van der Maaten and Hinton 2008, "Visualizing Data using t-SNE"), which keeps neighbours together and
says nothing by its axes or by long distances. Of a large corpus only landmarks, evenly spread over its rows, are laid
out so, and every other document is put beside the landmark that it is most like (the idea of landmarks: de Silva and
Tenenbaum 2004, "Sparse multidimensional scaling using landmark points").

A map that changes with every update can't be remembered. So documents keep their places as long as nearly all have
one, and what is new is put beside what it is most like. Places therefore depend on what was indexed before; nothing but
the map is made of them.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from indexer.shared.encoder import Embeddings, unit_length
from indexer.shared.storage import Generation

__all__ = ["LAYOUT", "document_vectors", "known_positions", "lay_out"]

LAYOUT = 2
"""Which way documents are laid out; a new one makes `concord index` lay out an unchanged corpus anew."""

_LANDMARKS = 2000
_FEWEST = 20  # fewer documents have no neighbourhoods to keep: two principal components do
_COMPONENTS = 32
_PERPLEXITY = 30.0
_ITERATIONS = 300  # 1,000 keep no more neighbours
_ENOUGH = 0.9  # share of documents with a place from which on the map is kept
_NEIGHBOURS = 5
_DRAWN = 0.05  # how far a document is drawn from its nearest neighbour towards all of them, lest dots coincide
_CELLS = 2**24  # similarities computed at a time

Floats = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.int64]


def document_vectors(
    passages: Embeddings, centres: Floats | None, *, documents: Numbers, langs: Numbers, count: int
) -> Floats:
    """Return what each of `count` documents means, unit length, float32 `(count, dim)`; zeros where it has no passage.

    `passages` is float32 `(passages, dim)`, of one model; `centres` float32 `(languages, dim)`, None where nothing is
    to be taken out. By passage, `documents` and `langs` are the numbers of its document and of its language.
    """
    vectors = np.zeros((count, passages.shape[1]), dtype=np.float32)
    np.add.at(vectors, documents, passages if centres is None else passages - centres[langs])
    return unit_length(vectors)


def known_positions(
    previous: Generation | None, keys: npt.NDArray[np.uint8], *, documents: Numbers, count: int
) -> Floats:
    """Return where documents of the same passages lay in an earlier generation, float32 `(count, 2)`; NaN if nowhere.

    `keys` and `documents` are the digest of each passage, as in `passage_keys.npy`, and the number of its document.
    """
    known: dict[bytes, Floats] = {}
    if previous is not None and previous.positions is not None:
        of_previous = previous.chunks["document"].astype(np.int64)
        names = _names(previous.passage_keys, of_previous, len(previous.positions))
        known = dict(zip(names, previous.positions, strict=True))
    nowhere = np.full(2, np.nan, dtype=np.float32)
    return np.array([known.get(name, nowhere) for name in _names(keys, documents, count)], dtype=np.float32)


def lay_out(vectors: Floats, known: Floats) -> Floats:
    """Return the positions of n documents, from 0 to 1, float32 `(n, 2)`, from their vectors, unit length `(n, dim)`.

    `known` are the positions to keep, NaN where there is none. The same vectors and known positions give the same
    result on one machine.
    """
    placed = ~np.isnan(known[:, 0])
    positions = known.copy()
    if placed.mean() < _ENOUGH:
        landmarks = np.unique(np.linspace(0, len(vectors) - 1, _LANDMARKS).round().astype(np.int64))
        placed = np.isin(np.arange(len(vectors)), landmarks)
        positions[placed] = _scaled(_neighbourhoods(vectors[placed]))
    positions[~placed] = _beside(vectors[~placed], vectors[placed], positions[placed])
    return positions


def _names(keys: npt.NDArray[np.uint8], documents: Numbers, count: int) -> list[bytes]:
    """Return the joined keys of each document's passages."""
    keys = np.asarray(keys)
    ends = np.searchsorted(documents, np.arange(count + 1))
    return [keys[start:end].tobytes() for start, end in pairwise(ends)]


def _neighbourhoods(vectors: Floats) -> Floats:
    """Return places, float32 `(n, 2)`, in which neighbours stay neighbours.

    One thread: several are slower here, and add up in an order that changes.
    """
    components = _principal_components(vectors)
    spread = components[:, 0].std()
    if len(vectors) < _FEWEST or not spread:
        return components[:, :2]
    from sklearn.manifold import TSNE  # noqa: PLC0415 (takes a second, which tiny corpora needn't wait)

    layout = TSNE(
        init=components[:, :2] * np.float32(1e-4 / spread),  # as init="pca" scales it
        perplexity=min(_PERPLEXITY, (len(vectors) - 1) / 3),
        max_iter=_ITERATIONS,
        random_state=0,
    )
    with threadpool_limits(limits=1):
        places: Floats = layout.fit_transform(components).astype(np.float32)
    return places


def _principal_components(vectors: Floats) -> Floats:
    """Return the coordinates along the principal axes, float32 `(n, 32)`; zeros along those that there aren't."""
    centred = vectors - vectors.mean(axis=0)
    axes = np.linalg.svd(centred, full_matrices=False)[2][:_COMPONENTS]
    components = np.zeros((len(vectors), _COMPONENTS), dtype=np.float32)
    components[:, : len(axes)] = centred @ axes.T
    return components


def _scaled(places: Floats) -> Floats:
    """Return places stretched to the unit square, along each axis; in the middle of one that all agree on."""
    low, high = places.min(axis=0), places.max(axis=0)
    return np.where(high > low, (places - low) / np.where(high > low, high - low, 1), np.float32(0.5))


def _beside(vectors: Floats, others: Floats, places: Floats) -> Floats:
    """Return a place for each of n vectors, float32 `(n, 2)`: that of the most similar other, or nearly so."""
    found = np.zeros((len(vectors), 2), dtype=np.float32)
    size = max(1, _CELLS // len(others))
    for start in range(0, len(vectors), size):
        similarities = vectors[start : start + size] @ others.T
        nearest = places[similarities.argmax(axis=1)]
        some = min(_NEIGHBOURS, len(others))
        near = np.argpartition(-similarities, some - 1, axis=1)[:, :some]
        found[start : start + size] = (1 - _DRAWN) * nearest + _DRAWN * places[near].mean(axis=1)
    return found
