"""Encoders: texts of any language to vectors whose inner product is their similarity in meaning."""

from indexer.shared.encoder.base import Encoder, Learned, SecondModel
from indexer.shared.encoder.loading import load_encoder
from indexer.shared.encoder.runtimes import AUTO, RUNTIMES, TORCH
from indexer.shared.encoder.vectors import Embeddings, unit_length

__all__ = [
    "AUTO",
    "RUNTIMES",
    "TORCH",
    "Embeddings",
    "Encoder",
    "Learned",
    "SecondModel",
    "load_encoder",
    "unit_length",
]
