"""Real PostgreSQL servers on this machine: one for the tests, or a whole cluster of them (see docs/cluster.md)."""
