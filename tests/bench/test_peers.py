from __future__ import annotations

from collections.abc import Sequence
from importlib import util
from pathlib import Path

import pytest

from bench.legs import Setup
from bench.peers.base import CUT, PEERS, Embedder, PeerPackage, Text, load_peer
from bench.peers.comparison import SETS, Engine, PeerSet, compare
from bench.sets import sdg_en2x, xquad
from evaluation.cache import CachedEncoder
from evaluation.dataset import Dataset, Topic
from tests.bench.fakes import PARAGRAPHS, ShiftedEncoder, write_sets
from tests.evaluation.fakes import AngleEncoder


def setup(folder: Path) -> Setup:
    data = write_sets(folder / "clir")
    return Setup(data=data, cache=folder / "cache", encoder=AngleEncoder(), raw=ShiftedEncoder(), sample=3)


def perfect(dataset: Dataset, _: Setup, one: PeerSet) -> list[Engine]:
    """An engine that finds the right answers, and one that finds nothing, in the place of Concord."""
    rows = {document.document_id.removeprefix("doc:"): row for row, document in enumerate(dataset.documents)}

    def right(topic: Topic) -> Sequence[int]:
        relevant = [name for name, grade in dataset.qrels[topic.topic_id].items() if grade]
        foreign = [name for name in relevant if not (one.foreign and name.endswith(f".{topic.lang}"))]
        return [rows[f"{name}.{name.rpartition('.')[2]}"] for name in foreign]

    return [
        Engine(name="oracle", find=right, answer=right),
        Engine(name="ours", find=lambda _: [], answer=lambda _: None),
    ]


def test_engines_are_measured_on_the_same_queries_beside_raw_vectors(tmp_path: Path) -> None:
    sets = (PeerSet(title="first", read=xquad, foreign=True), PeerSet(title="second", read=sdg_en2x, timed=True))
    header, _, raw, oracle, ours, gain = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in compare(setup(tmp_path), sets, perfect)
    ]
    assert header[1:3] == ["first, 18 queries", "second, 3 queries"]
    assert (raw[0], raw[3]) == ("the raw encoder, vectors alone", "1.00 ×")
    assert oracle[:3] == ["oracle", "1.000", "1.000"]
    assert ours[:3] == ["ours", "0.000", "0.000"]
    assert gain[1:3] == ["-1.000 [-1.000, -1.000]"] * 2


def test_searches_are_timed_on_the_largest_set_and_on_real_commitments() -> None:
    assert [one.title for one in SETS if one.timed] == ["sdg_en2x", "ogp_knownitem_dev"]


@pytest.mark.parametrize("package", PEERS, ids=lambda package: package.name)
@pytest.mark.filterwarnings("ignore")  # of libraries that are not ours
def test_a_peer_finds_by_words_and_meaning_and_leaves_out_a_language(package: PeerPackage, tmp_path: Path) -> None:
    if util.find_spec(package.imported) is None:
        pytest.skip(f"{package.name} is not installed (extra `peers`)")
    texts = [
        Text(row=row, lang="en" if row % 2 else "fr", text=f"{angle} word") for row, angle in enumerate(PARAGRAPHS)
    ]
    encoder = AngleEncoder()
    peer = load_peer(package, texts, Embedder(encoder, CachedEncoder(encoder, tmp_path)))
    found = peer.search("25 word", without=None)
    assert found[0] == 5
    assert len(found) == CUT
    assert set(peer.search('25 "word"', without="en")) <= {0, 2, 4, 6, 8, 10}
