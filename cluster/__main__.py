"""`python -m cluster` starts and stops a cluster of PostgreSQL servers on this machine."""

from __future__ import annotations

from cluster.cli import main

if __name__ == "__main__":
    main(prog_name="python -m cluster")
