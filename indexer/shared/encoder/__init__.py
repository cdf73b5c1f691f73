"""Encoders: texts of any language to vectors whose inner product is their similarity in meaning."""

from indexer.shared.encoder.base import Encoder
from indexer.shared.encoder.language_neutral import LanguageProjection
from indexer.shared.encoder.sentence_encoder import load_encoder
from indexer.shared.encoder.vectors import Embeddings, unit_length

__all__ = ["Embeddings", "Encoder", "LanguageProjection", "load_encoder", "unit_length"]
