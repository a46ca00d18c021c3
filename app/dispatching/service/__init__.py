"""Verbs for many orders at once, by noun."""
