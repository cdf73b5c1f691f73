"""From an index on disk to answered queries, on the command line and the web."""
