"""Who may do what to an order, and which orders an actor sees."""
