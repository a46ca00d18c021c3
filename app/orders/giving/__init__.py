"""Giving an order to a handler, with helpers, and taking it back."""
