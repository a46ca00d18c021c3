"""Rivals: real processes on real databases, over HTTP."""
