"""Engines: where a generation is stored, and what is computed there. One is embedded, the other is PostgreSQL."""
