"""Dispatching: who is fit for an order, the best matching of many, and verbs for many at once."""
