"""下单: placing an order with the unit that acts for its place."""
