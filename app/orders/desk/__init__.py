"""What the dispatcher does with an order."""
