"""Test sets to indexes to runs to measures: how good search is, by numbers. May import both sides."""
