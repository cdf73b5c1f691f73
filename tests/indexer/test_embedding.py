from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pytest

from indexer.embedding import TITLE_WEIGHT, Embedded, Passage, embed_passages, passage_keys
from indexer.shared.arrays import Numbers, load_array, starts
from indexer.shared.storage import Generation, open_generation
from tests.conftest import BuildIndex
from tests.fakes import FakeEncoder, document


def passages(*texts: str, title: str = "A title") -> list[Passage]:
    """Passages of which the last line is the one sentence."""
    return [Passage(text=text, title=title, sentences=((text.rfind("\n") + 1, len(text)),)) for text in texts]


class Listed:
    """Passages from a list."""

    def __init__(self, listed: Sequence[Passage], revision: str) -> None:
        self.keys: npt.NDArray[np.uint8] = passage_keys(listed, revision)
        self.offsets: Numbers = starts([len(one.sentences) for one in listed])
        self._listed = listed

    def passage(self, row: int) -> Passage:
        return self._listed[row]


class Embed(Protocol):
    """Embeds a list of passages into a folder of its own."""

    def __call__(
        self, listed: Sequence[Passage], encoder: FakeEncoder, *, previous: Generation | None = None
    ) -> Embedded: ...


@pytest.fixture
def embed(tmp_path: Path) -> Embed:
    def embed_list(listed: Sequence[Passage], encoder: FakeEncoder, *, previous: Generation | None = None) -> Embedded:
        folder = Path(tempfile.mkdtemp(dir=tmp_path))
        return embed_passages(Listed(listed, encoder.revision), encoder, folder=folder, previous=previous)

    return embed_list


def test_a_title_draws_the_embeddings_of_its_chunks_towards_its_own(embed: Embed) -> None:
    encoder = FakeEncoder()
    text, title = encoder.encode_passages(["body text", "a title"])
    expected = (1 - TITLE_WEIGHT) * text + TITLE_WEIGHT * title
    [mixed] = embed(passages("body text", title="a title"), encoder).embeddings
    [alone] = embed(passages("body text", title=""), encoder).embeddings
    assert np.allclose(mixed, expected / np.linalg.norm(expected), atol=1e-6)
    assert np.array_equal(alone, text)


def test_equal_passages_are_computed_once(embed: Embed) -> None:
    encoder = FakeEncoder()
    embedded = embed(passages("a b", "c", "a b"), encoder)
    assert encoder.passages_seen == ["A title", "a b", "c"]
    assert embedded.computed == 2
    assert np.array_equal(embedded.embeddings[0], embedded.embeddings[2])
    assert not np.array_equal(embedded.embeddings[0], embedded.embeddings[1])


def test_keys_depend_on_text_and_encoder() -> None:
    one, other = passage_keys(passages("a", "b"), "r1")
    assert one.tobytes() != other.tobytes()
    assert one.tobytes() != passage_keys(passages("a"), "r2")[0].tobytes()
    assert one.tobytes() == passage_keys(passages("a"), "r1")[0].tobytes()


def test_nothing_is_embedded_again_unless_it_changed(embed: Embed, build: BuildIndex) -> None:
    previous = open_generation(build([document("UK0001", "Some text."), document("UK0002", "More text.")]))
    known = ["A title\nDescription\nSome text.", "A title\nDescription\nMore text."]
    encoder = FakeEncoder()
    wanted = passages(known[1], "A title\nDescription\nNew text.", known[0])
    embedded = embed(wanted, encoder, previous=previous)
    assert encoder.passages_seen == ["A title", "A title\nDescription\nNew text."]
    assert embedded.computed == 1
    assert np.array_equal(embedded.embeddings[0], previous.embeddings[1])
    assert np.array_equal(embedded.embeddings[2], previous.embeddings[0])


def test_another_encoder_embeds_everything_anew(embed: Embed, build: BuildIndex) -> None:
    previous = open_generation(build([document("UK0001", "Some text.")]))
    encoder = FakeEncoder()
    encoder.revision = "another"
    assert embed(passages("A title\nDescription\nSome text."), encoder, previous=previous).computed == 1


def test_nothing_to_embed_is_an_empty_matrix(embed: Embed) -> None:
    embedded = embed([], FakeEncoder())
    assert embedded.embeddings.shape == (0, FakeEncoder.dim)
    assert embedded.sentences.codes.shape == (0, FakeEncoder.dim)


def test_sentences_follow_their_passages_and_are_not_drawn_to_the_title(embed: Embed) -> None:
    encoder = FakeEncoder()
    two = Passage(text="A title\nopen data. more water.", title="A title", sentences=((8, 18), (19, 30)))
    none = Passage(text="A title", title="A title")
    one = Passage(text="no title here", title="", sentences=((0, 13),))
    embedded = embed([two, none, one, two], encoder)
    first, second, third = encoder.encode_queries(["open data.", "more water.", "no title here"])
    assert np.allclose(embedded.sentences.floats(), [first, second, third, first, second], atol=5e-3)


def test_sentences_of_known_passages_are_taken_from_the_previous_generation(embed: Embed, build: BuildIndex) -> None:
    previous = open_generation(build([document("UK0001", "Some text. It goes on."), document("UK0002", "More text.")]))
    encoder = FakeEncoder()
    known = Passage(
        text="A title\nDescription\nSome text. It goes on.", title="A title", sentences=((20, 30), (31, 42))
    )
    embedded = embed([*passages("A title\nDescription\nNew text."), known], encoder, previous=previous)
    assert embedded.computed == 1
    assert np.array_equal(embedded.sentences.codes[1:], previous.sentences(0).embeddings.codes)
    assert np.array_equal(embedded.sentences.scales[1:], previous.sentences(0).embeddings.scales)


def test_the_same_text_cut_into_other_sentences_is_embedded_anew(embed: Embed, build: BuildIndex) -> None:
    previous = open_generation(build([document("UK0001", "Some text. It goes on.")]))
    whole = passages("A title\nDescription\nSome text. It goes on.")
    assert embed(whole, FakeEncoder(), previous=previous).computed == 1


def test_what_is_returned_is_what_the_files_hold(tmp_path: Path) -> None:
    many = passages(*(f"word{number} text" for number in range(600)))
    embedded = embed_passages(Listed(many, FakeEncoder.revision), FakeEncoder(), folder=tmp_path)
    assert embedded.computed == 600
    assert np.array_equal(load_array(tmp_path / "embeddings.npy"), embedded.embeddings)
    assert np.array_equal(load_array(tmp_path / "sentence_embeddings.npy"), embedded.sentences.codes)
    assert np.array_equal(load_array(tmp_path / "sentence_scales.npy"), embedded.sentences.scales)


def test_of_many_passages_each_has_its_own_embedding(embed: Embed) -> None:
    many = passages(*(f"word{number} text" for number in range(600)))
    embeddings = embed(many, FakeEncoder()).embeddings
    for row in (0, 255, 256, 599):
        [alone] = embed([many[row]], FakeEncoder()).embeddings
        assert np.allclose(embeddings[row], alone, atol=1e-6)
