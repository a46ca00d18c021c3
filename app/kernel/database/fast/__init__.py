"""The fast path to the database and out of the program; see docs/fast-path.md."""
