"""`python -m bench`: run all benchmarks; those whose data is absent say so."""

from __future__ import annotations

import sys
from pathlib import Path

from bench.language_correction import table

DATA = Path(__file__).parents[1].parent / "shared" / "data" / "clir"


def main() -> None:
    """Print every table on stdout."""
    if not DATA.is_dir():
        sys.stderr.write(f"{DATA}: no such folder; the benchmarks need the test sets udhr_en2x and xquad_para there\n")
        sys.exit(2)
    for line in table(DATA):
        print(line)


if __name__ == "__main__":
    main()
