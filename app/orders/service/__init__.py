"""The verbs of an order, a file a noun."""
