"""From source documents to an index on disk."""
