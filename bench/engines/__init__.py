"""The embedded engine and PostgreSQL beside each other: what an index costs on each, and how fast it answers."""
