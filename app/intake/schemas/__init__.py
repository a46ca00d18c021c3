"""Shapes of what comes in, by noun."""
