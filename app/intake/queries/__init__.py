"""Reads of what comes in, by noun."""
