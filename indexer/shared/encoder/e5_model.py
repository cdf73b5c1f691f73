"""multilingual-e5-small from its weights: the tokenizer, the word embeddings, and the network above them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from tokenizers import AddedToken, Tokenizer, normalizers, pre_tokenizers, processors
from tokenizers.models import Unigram
from transformers import BertConfig, BertModel

from indexer.shared.encoder.e5_weights import E5Weights

__all__ = ["E5_PROMPTS", "E5Network", "e5_network", "e5_tokenizer", "word_embeddings"]

E5_PROMPTS = {"query": "query: ", "document": "passage: "}
"""What E5 models were trained to read before a query and before a passage."""


class E5Network(torch.nn.Module):
    """What turns the word embeddings of texts into an embedding of each token in its context."""

    def __init__(self, bert: BertModel) -> None:
        super().__init__()
        self.bert = bert

    def forward(self, words: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Return float `(texts, tokens, hidden size)` from words of that shape and int64 mask `(texts, tokens)`."""
        hidden: torch.Tensor = self.bert(inputs_embeds=words, attention_mask=mask).last_hidden_state
        return hidden


def word_embeddings(weights: E5Weights, ids: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    """Return the embeddings of tokens by their numbers, float32 with one dimension more.

    Only the rows that a batch needs are decoded: the whole table would take 384 MB.
    """
    rows, places = np.unique(ids, return_inverse=True)
    return weights.word_rows(rows)[places.reshape(ids.shape)]


def e5_tokenizer(weights: E5Weights) -> Tokenizer:
    """Return the tokenizer, that of XLM-R.

    sentencepiece's normalisation nmt_nfkc is Nmt and NFKC here; over all of Unicode the model's own table differs in
    two code points, U+FF5E (fullwidth tilde) and U+1F23B, which it keeps.
    """
    tokenizer = Tokenizer(Unigram(list(weights.vocabulary), unk_id=weights.config.unk, byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Nmt(), normalizers.NFKC()])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(prepend_scheme="always")]
    )
    tokenizer.add_special_tokens([AddedToken(mark, normalized=False) for mark in ("<s>", "<pad>", "</s>", "<unk>")])
    tokenizer.add_special_tokens([AddedToken("<mask>", lstrip=True, normalized=False)])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", weights.config.bos), ("</s>", weights.config.eos)]
    )
    return tokenizer


_BERT_PARTS = {
    "embeddings.position_embeddings": "emb.pos",
    "embeddings.token_type_embeddings": "emb.type",
    "embeddings.LayerNorm": "emb.ln",
    "attention.self.query": "q",
    "attention.self.key": "k",
    "attention.self.value": "v",
    "attention.output.dense": "ao",
    "attention.output.LayerNorm": "aln",
    "intermediate.dense": "fi",
    "output.dense": "fo",
    "output.LayerNorm": "oln",
}


def e5_network(weights: E5Weights) -> E5Network:
    """Return the network with its weights, float32; the table of word embeddings is not in it."""
    sizes = weights.config
    config = BertConfig(
        vocab_size=2,  # a stub, taken out below
        hidden_size=sizes.hidden_size,
        num_hidden_layers=sizes.layers,
        num_attention_heads=sizes.heads,
        intermediate_size=sizes.feed_forward_size,
        max_position_embeddings=sizes.positions,
        type_vocab_size=sizes.token_types,
        layer_norm_eps=sizes.epsilon,
    )
    bert = BertModel(config, add_pooling_layer=False)
    bert.embeddings.register_module("word_embeddings", torch.nn.Identity())
    with torch.no_grad():
        for name, parameter in bert.named_parameters():
            parameter.copy_(torch.from_numpy(weights.tensor(_tensor_name(name), tuple(parameter.shape))))
    bert.train(mode=False)  # it starts in training mode, with dropout
    return E5Network(bert)


def _tensor_name(parameter: str) -> str:
    """Return the weights file's name of a parameter: `encoder.layer.3.output.dense.bias` is `l3.fo.b`."""
    part, _, kind = parameter.rpartition(".")
    if part in ("embeddings.position_embeddings", "embeddings.token_type_embeddings"):
        return _BERT_PARTS[part]
    if not part.startswith("encoder.layer."):
        return f"{_BERT_PARTS[part]}.{kind[0]}"
    number, _, part = part.removeprefix("encoder.layer.").partition(".")
    return f"l{number}.{_BERT_PARTS[part]}.{kind[0]}"
