"""Benchmarks: each prints one table. `make bench` runs them all."""
