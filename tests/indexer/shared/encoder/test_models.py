from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from indexer.shared.encoder import TORCH, Encoder, load_encoder
from indexer.shared.encoder.loading import learn, shipped
from indexer.shared.encoder.sentence_encoder import SentenceEncoder
from indexer.shared.errors import EncoderError

pytestmark = pytest.mark.encoder

CORRUPTION = {
    "en": "An independent agency fights corruption and protects people who report it.",
    "fr": "Une agence indépendante lutte contre la corruption et protège les personnes qui la signalent.",
    "zh": "一个独立机构打击腐败，并保护举报腐败的人。",
    "ar": "تكافح وكالة مستقلة الفساد وتحمي الأشخاص الذين يبلغون عنه.",
}
FORESTS = {
    "en": "Villages replant the forests that burned down last summer.",
    "fr": "Les villages replantent les forêts qui ont brûlé l'été dernier.",
    "zh": "村庄重新种植去年夏天烧毁的森林。",
    "ar": "تعيد القرى زراعة الغابات التي احترقت الصيف الماضي.",
}


@pytest.fixture(scope="session")
def raw_encoder() -> SentenceEncoder:
    return load_encoder("bundled:e5-small+raw")


@pytest.fixture(scope="session")
def use() -> SentenceEncoder:
    return load_encoder("bundled:use")


@pytest.fixture(scope="session")
def static_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of the user's own, as small as can be: a table of word vectors, in a folder."""
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415 (takes seconds)
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding  # noqa: PLC0415
    from tokenizers import Tokenizer  # noqa: PLC0415
    from tokenizers.models import WordLevel  # noqa: PLC0415
    from tokenizers.pre_tokenizers import Whitespace  # noqa: PLC0415

    tokenizer = Tokenizer(WordLevel({"[UNK]": 0, "budget": 1, "les": 2, "state": 3}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    vectors = np.random.default_rng(0).standard_normal((4, 6)).astype(np.float32)
    folder = tmp_path_factory.mktemp("models") / "static"
    SentenceTransformer(modules=[StaticEmbedding(tokenizer, embedding_weights=vectors)], device="cpu").save(str(folder))
    return folder


def cosines(encoder: Encoder, passages: dict[str, str], others: dict[str, str]) -> tuple[list[float], list[float]]:
    """Cosines of a sentence with its translations, for each pair of languages, and with another one of its language."""
    first, second = (encoder.encode_passages(list(texts.values())) for texts in (passages, others))
    upper = np.triu_indices(len(first), k=1)
    return (first @ first.T)[upper].tolist(), np.einsum("ij,ij->i", first, second).tolist()


def test_translations_are_closer_than_other_sentences_of_the_same_language(
    encoder: Encoder, raw_encoder: Encoder
) -> None:
    translations, same_language = cosines(encoder, CORRUPTION, FORESTS)
    assert min(translations) > max(same_language) + 0.3
    raw_translations, raw_same_language = cosines(raw_encoder, CORRUPTION, FORESTS)
    assert min(raw_translations) < max(raw_same_language) + 0.1


def test_queries_find_passages_of_another_language(encoder: Encoder) -> None:
    passages = encoder.encode_passages([FORESTS["en"], CORRUPTION["fr"], FORESTS["fr"], CORRUPTION["en"]])
    scores = passages @ encoder.encode_queries(["防止腐败"])[0]
    assert set(np.argsort(-scores)[:2]) == {1, 3}


def test_embeddings_are_384_numbers_of_unit_length(encoder: Encoder) -> None:
    embeddings = encoder.encode_queries(["innovation hub", ""])
    assert (embeddings.dtype, embeddings.shape) == (np.float32, (2, 384))
    assert np.linalg.norm(embeddings, axis=1) == pytest.approx(1, abs=1e-5)
    assert (encoder.dim, encoder.max_tokens) == (384, 512)


def test_batches_do_not_change_embeddings(encoder: Encoder) -> None:
    texts = [*CORRUPTION.values(), *FORESTS.values(), "budget", "budget " * 60]
    together = encoder.encode_passages(texts)
    assert encoder.encode_passages(texts[::-1])[::-1] == pytest.approx(together, abs=1e-5)
    assert np.vstack([encoder.encode_passages([text]) for text in texts]) == pytest.approx(together, abs=1e-5)


def test_what_comes_after_the_last_token_is_not_seen(encoder: Encoder) -> None:
    fits, overflows, differs = "budget " * 506, "budget " * 700, "budget " * 508 + "forest " * 200
    assert encoder.count_tokens([fits])[0] < encoder.max_tokens < encoder.count_tokens([overflows])[0]
    long, other = encoder.encode_passages([overflows, differs])
    assert long == pytest.approx(other, abs=1e-5)
    assert encoder.encode_passages([fits])[0] != pytest.approx(long, abs=1e-5)


def test_a_sentence_that_is_the_whole_passage_is_much_like_it(encoder: Encoder) -> None:
    texts = [*CORRUPTION.values(), *FORESTS.values()]
    passages, of_sentences = encoder.encode_passages_with_sentences(texts, [[(0, len(text))] for text in texts])
    assert passages == pytest.approx(encoder.encode_passages(texts), abs=1e-5)
    assert np.linalg.norm(of_sentences, axis=1) == pytest.approx(1, abs=1e-5)
    cosines = of_sentences @ passages.T  # not equal: the passage's mean includes its prompt and marks
    assert cosines.diagonal().min() > 0.9
    assert cosines.argmax(axis=1).tolist() == list(range(len(texts)))


def test_sentences_of_one_passage_are_told_apart_by_their_own_words(encoder: Encoder) -> None:
    for first, second in zip(CORRUPTION.values(), FORESTS.values(), strict=True):
        text = f"{first} {second}"
        border = len(first)
        _, of_sentences = encoder.encode_passages_with_sentences([text], [[(0, border), (border + 1, len(text))]])
        queries = encoder.encode_queries(["fighting corruption", "planting trees"])
        scores = queries @ of_sentences.T
        assert scores.trace() > scores[:, ::-1].trace() + 0.1


def test_a_sentence_after_the_last_token_has_the_vector_of_its_passage(encoder: Encoder) -> None:
    text = "budget " * 600 + "forest."
    passages, of_sentences = encoder.encode_passages_with_sentences([text], [[(0, 4000), (len(text) - 7, len(text))]])
    assert of_sentences[1] == pytest.approx(passages[0], abs=1e-5)
    assert of_sentences[0] != pytest.approx(passages[0], abs=1e-5)


def test_use_makes_sentences_of_their_tokens_that_are_much_like_sentences_alone(use: Encoder) -> None:
    sentences = [*CORRUPTION.values(), *FORESTS.values()]
    pairs = list(zip(sentences[::2], sentences[1::2], strict=False))
    spans = [[(0, len(first)), (len(first) + 1, len(first) + 1 + len(second))] for first, second in pairs]
    passages, of_sentences = use.encode_passages_with_sentences([" ".join(pair) for pair in pairs], spans)
    assert passages == pytest.approx(use.encode_passages([" ".join(pair) for pair in pairs]), abs=1e-5)
    alone = use.encode_passages([sentence for pair in pairs for sentence in pair])
    assert (of_sentences * alone).sum(axis=1).mean() > 0.9


def test_a_model_that_averages_no_tokens_encodes_sentences_alone(static_folder: Path) -> None:
    text = f"{CORRUPTION['en']} {FORESTS['en']}"
    border = len(CORRUPTION["en"])
    encoder = load_encoder(str(static_folder))
    passages, of_sentences = encoder.encode_passages_with_sentences(
        [text, "budget"], [[(0, border), (border + 1, len(text))], []]
    )
    alone = encoder.encode_passages([CORRUPTION["en"], FORESTS["en"]])
    assert passages == pytest.approx(encoder.encode_passages([text, "budget"]), abs=1e-5)
    assert of_sentences == pytest.approx(alone, abs=1e-5)


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        # expected by the tests of Hugging Face transformers, which took them from fairseq's original tokenizer
        ("Hello World!", [35378, 6661, 38]),
        (
            'This is a very long text with a lot of weird characters, such as: . , ~ ? ( ) " [ ] ! : - .',
            [
                *(3293, 83, 10, 4552, 4989, 7986, 678, 10, 5915, 111, 179459, 124850, 4, 6044, 237, 12),
                *(6, 5, 6, 4, 6780, 705, 15, 1388, 44, 378, 10114, 711, 152, 20, 6, 5),
            ],
        ),
        # variants that normalisation makes equal to the first
        ("Ｈｅｌｌｏ\u3000World!", [35378, 6661, 38]),
        ("  Hello\n\tWorld!\u200b ", [35378, 6661, 38]),
    ],
)
def test_text_is_cut_into_the_tokens_of_xlm_r(raw_encoder: Any, text: str, ids: list[int]) -> None:
    tokenizer = raw_encoder._model._model.tokenizer
    assert tokenizer.encode(text).ids == [0, *ids, 2]


def test_tokens_are_counted_with_prompt_and_marks(encoder: Encoder) -> None:
    assert encoder.count_tokens(["Hello World!", "", "é", "e\u0301"]) == [7, 4, 5, 5]  # <s> ▁passage : ... </s>


def test_a_composed_and_a_decomposed_letter_are_the_same(encoder: Encoder) -> None:
    composed, decomposed = encoder.encode_queries(["café", "cafe\u0301"])
    assert np.array_equal(composed, decomposed)


def test_what_ships_is_for_the_present_parallel_text(encoder: Any, use: Any) -> None:
    e5, second = encoder._model, use._model
    for name, models in {encoder.name: (e5,), use.name: (second,), f"{encoder.name}+use": (e5, second)}.items():
        assert shipped(name, models), "the parallel text or the recipe changed: run python -m indexer.shared.encoder"


def test_what_ships_is_what_the_parallel_text_gives() -> None:
    exact: Any = load_encoder("bundled:use", runtime=TORCH)
    learned, ships = learn((exact._model,)), exact.learned
    assert learned["mean"] == pytest.approx(ships["mean"], abs=1e-5)
    taken_out = [one["directions"].T @ one["directions"] for one in (learned, ships)]
    assert taken_out[0] == pytest.approx(taken_out[1], abs=1e-3)


def test_a_query_is_in_the_second_models_languages_as_far_as_it_seems_to_be() -> None:
    pair = load_encoder("bundled:e5-small+use")
    assert pair.second is not None
    queries = ["open data for everyone", "公开数据", "ανοιχτά δεδομένα για όλους", "सबके लिए खुला डेटा"]
    lengths = np.linalg.norm(pair.encode_queries(queries)[:, pair.second.start :], axis=1)
    assert (lengths[:2] > 0.9).all()
    assert (lengths[2:] < 0.1).all()


def test_use_has_512_dimensions_and_finds_translations(use: Encoder) -> None:
    assert (use.dim, use.max_tokens) == (512, 512)
    translations, same_language = cosines(use, CORRUPTION, FORESTS)
    assert min(translations) > max(same_language) + 0.3
    long, other = use.encode_passages(["budget " * 700, "budget " * 600 + "forest " * 100])
    assert np.array_equal(long, other)
    assert use.count_tokens(["budget " * 700])[0] > use.max_tokens


def test_a_folder_is_an_encoder_with_a_projection_of_its_own(static_folder: Path) -> None:
    encoder = load_encoder(str(static_folder))
    assert encoder.name == str(static_folder)
    assert encoder.encode_passages(["state budget", "budget state"]).shape == (2, 6)
    assert encoder.count_tokens(["state budget"]) == [2]
    assert encoder.projection is not None
    assert load_encoder(str(static_folder)).revision == encoder.revision


def test_a_model_s_own_prompts_are_used_and_change_its_revision(static_folder: Path, tmp_path: Path) -> None:
    prompted = tmp_path / "prompted"
    shutil.copytree(static_folder, prompted)
    config_file = prompted / "config_sentence_transformers.json"
    config = json.loads(config_file.read_text())
    config_file.write_text(json.dumps(config | {"prompts": {"query": "state ", "passage": "les "}}))
    plain, encoder = (load_encoder(f"{folder}+raw") for folder in (static_folder, prompted))
    assert encoder.encode_queries(["budget"]) == pytest.approx(plain.encode_queries(["state budget"]), abs=1e-6)
    assert encoder.encode_passages(["budget"]) == pytest.approx(plain.encode_passages(["les budget"]), abs=1e-6)
    assert encoder.count_tokens(["budget"]) == [2]
    assert encoder.revision != plain.revision


def test_multilingual_e5_models_without_prompts_get_theirs(static_folder: Path, tmp_path: Path) -> None:
    shutil.copytree(static_folder, tmp_path / "multilingual-e5-base")
    encoder = load_encoder(f"{tmp_path / 'multilingual-e5-base'}+raw")
    assert encoder.count_tokens(["budget"]) == [3]  # passage : budget


@pytest.mark.parametrize("name", ["e5-small", "", "bundled:e5", "./no/such/folder", "https://example.org/model"])
def test_an_unknown_name_is_refused_with_what_is_expected(name: str) -> None:
    with pytest.raises(
        EncoderError, match="expected bundled:e5-small, bundled:use, a folder, or a hub model"
    ) as caught:
        load_encoder(name)
    assert repr(name) in str(caught.value)


def test_a_hub_model_that_cannot_be_reached_is_refused_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub  # noqa: PLC0415 (imported with torch only)

    def unreachable(*_: object, **__: object) -> None:
        raise ConnectionError("Name or service not known\nsecond line")

    monkeypatch.setattr(huggingface_hub.HfApi, "model_info", unreachable)
    with pytest.raises(EncoderError) as caught:
        load_encoder("nobody/no-such-model")
    assert str(caught.value).startswith("encoder 'nobody/no-such-model': no such folder, no usable download")
    assert str(caught.value).endswith("Name or service not known")


def test_a_folder_without_a_model_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="can't be loaded") as caught:
        load_encoder(str(tmp_path))
    assert "\n" not in str(caught.value)


def test_loading_and_failing_are_silent(static_folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    load_encoder("bundled:use+raw")
    load_encoder(f"{static_folder}+raw")
    with pytest.raises(EncoderError):
        load_encoder(str(tmp_path))
    assert capfd.readouterr() == ("", "")
