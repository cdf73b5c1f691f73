"""How fast Concord answers, how much it takes on, and what indexing costs, by the size of the index."""
