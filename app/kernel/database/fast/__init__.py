"""The fast path to the database and out of the program; decisions 10 and 13 say why it is there."""
