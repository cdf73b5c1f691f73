from __future__ import annotations

from pathlib import Path

import pytest

from bench.exact import FRAMES, asked_for, exact_table, names_in, numbers_in
from bench.legs import Setup
from evaluation.dataset import Dataset, read_dataset
from tests.bench.fakes import ShiftedEncoder, write_sets
from tests.evaluation.fakes import write_set
from tests.fakes import FakeEncoder

TEXTS: list[dict[str, object]] = [
    {"id": "d1", "lang": "en", "text": "In 2014 the Ministry of Trade spent 4,711 and 12 on Hillsborough"},
    {"id": "d2", "lang": "es", "text": "En 2014, el Ministerio de Comercio gastó 4.712, Hillsborough 4.712"},
    {"id": "d3", "lang": "de", "text": "Die Stadt und der Handel"},
    {"id": "d4", "lang": "en", "text": "Trade and the ministry, by Vanadzor. Summit"},
]
QUERIES: list[dict[str, object]] = [{"id": "q", "lang": "en", "text": "trade"}]


@pytest.fixture
def small(tmp_path: Path) -> Dataset:
    write_set(tmp_path / "small", documents=TEXTS, queries=QUERIES, qrels=[("q", "d1", 1)])
    return read_dataset(tmp_path / "small")


def asked(dataset: Dataset) -> dict[str, str]:
    """What is asked for, alone, by the one relevant document."""
    assert len(dataset.topics) == len(FRAMES) * len({topic.item for topic in dataset.topics})
    alone = [topic for topic in dataset.topics if topic.lang == "und"]
    return {document: topic.query.text for topic in alone for document in dataset.qrels[topic.topic_id]}


def test_a_document_is_asked_for_by_a_number_that_it_has_alone(small: Dataset) -> None:
    assert asked(asked_for(small, numbers_in)) == {"d1": "4,711", "d2": "4.712"}


def test_a_document_is_asked_for_by_a_name_that_it_has_alone(small: Dataset) -> None:
    found = asked(asked_for(small, names_in(small.documents)))
    assert found == {"d2": found["d2"], "d4": "Vanadzor"}
    assert found["d2"] in ("Ministerio", "Comercio")


def test_each_is_asked_for_in_every_language(small: Dataset) -> None:
    topics = asked_for(small, numbers_in).topics
    texts = {topic.lang: topic.query.text for topic in topics if topic.item == topics[0].item}
    assert texts == {lang: frame.format(texts["und"]) for lang, frame in FRAMES.items()}


def test_every_line_says_what_the_bonus_gives(tmp_path: Path) -> None:
    data = write_sets(tmp_path / "clir")
    write_set(data / "ogp_knownitem_dev", documents=TEXTS, queries=QUERIES, qrels=[("q", "d1", 1)])
    setup = Setup(data=data, cache=tmp_path / "cache", encoder=FakeEncoder(), raw=ShiftedEncoder(), sample=2)
    header, _, *lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in exact_table(setup)]
    assert header == ["queries", "", "measure", "without", "with", "difference"]
    found = {line[0]: line[1:] for line in lines}
    assert list(found) == [
        "OGP: numbers",
        "OGP: names",
        "OGP: its questions",
        "XQuAD, one language each: its questions",
    ]
    assert found["OGP: numbers"][:2] == found["OGP: names"][:2] == ["14", "p@1"]
    assert float(found["OGP: numbers"][3]) > float(found["OGP: numbers"][2])
    before, after, difference = found["OGP: its questions"][2:]
    assert (before == after, difference) == (True, "+0.000 [+0.000, +0.000]")
