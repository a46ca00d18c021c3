"""How an order ends or comes back: rating, follow-up, reopening, deciding, cancelling."""
