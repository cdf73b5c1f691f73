"""What both sides share of an index in PostgreSQL: connections, the schema, and how arrays are stored."""
