"""Encoders: texts of any language to vectors whose inner product is their similarity in meaning."""

from indexer.shared.encoder.base import Embeddings, Encoder
from indexer.shared.encoder.language_neutral import LanguageProjection
from indexer.shared.encoder.sentence_encoder import load_encoder

__all__ = ["Embeddings", "Encoder", "LanguageProjection", "load_encoder"]
