"""Searching an opened index; knows nothing of the web."""
