"""What the person who handles an order does."""
