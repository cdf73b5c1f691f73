"""Readers: one module a source format, each giving documents."""
