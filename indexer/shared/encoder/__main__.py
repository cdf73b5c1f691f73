"""`python -m indexer.shared.encoder`: compute what the bundled encoders learn, and store it to ship.

To be run after every change of the parallel text; a test tells when it is due.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from indexer.shared.encoder.loading import USE_SUFFIX, learn, learned_file
from indexer.shared.encoder.models import load_model
from indexer.shared.encoder.runtimes import TORCH

E5, USE = "bundled:e5-small", "bundled:use"

for name, parts in {E5: (E5,), USE: (USE,), E5 + USE_SUFFIX: (E5, USE)}.items():
    path = Path(str(learned_file(name)))
    path.parent.mkdir(exist_ok=True)
    np.savez(path, allow_pickle=False, **learn(tuple(load_model(part, TORCH) for part in parts)))
    sys.stdout.write(f"{path}\n")
