"""What the database, its logs and the program's own logs must not tell."""
