"""Embedding by threads of this process, by other processes of this machine, or by those of a Dask cluster."""

from indexer.workers.batches import Batch, Vectors, embed_batch
from indexer.workers.crew import Crew, in_parallel
from indexer.workers.crews import crew_of
from indexer.workers.threads import thread_crew
from indexer.workers.worker import EncoderSource

__all__ = ["Batch", "Crew", "EncoderSource", "Vectors", "crew_of", "embed_batch", "in_parallel", "thread_crew"]
