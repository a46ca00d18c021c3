"""The rules of the house, held by reading the source and by asking the built app."""
