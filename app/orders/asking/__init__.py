"""Asking a unit for an agreement: a request that waits for an answer."""
