"""`python -m indexer.shared.encoder`: learn the language corrections of the bundled encoders, and store them to ship.

To be run after every change of the parallel text; a test tells when it is due.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from indexer.shared.encoder.models import BUNDLED, load_model
from indexer.shared.encoder.sentence_encoder import learn_projection, projection_file

for name in BUNDLED:
    projection = learn_projection(load_model(name))
    path = Path(str(projection_file(name)))
    path.parent.mkdir(exist_ok=True)
    np.savez(path, allow_pickle=False, **projection.to_arrays())
    sys.stdout.write(f"{path}: {len(projection.directions)} directions of {projection.dim}\n")
