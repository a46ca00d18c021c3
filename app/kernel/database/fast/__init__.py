"""The fast path to the database and to the answers; docs/fast-path.md says when to use which part."""
