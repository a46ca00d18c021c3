"""Taking an order for an act, writing the act, keeping the deadlines, and telling people."""
