"""What the indexing and the search side agree on."""
