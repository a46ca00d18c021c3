"""Policies as staff read them, try them out and publish them."""
