"""Asking for an agreement: a request that waits for somebody's answer."""
