"""`python -m indexer` is `concord index`."""

from indexer.cli import index

if __name__ == "__main__":
    index(prog_name="python -m indexer")
