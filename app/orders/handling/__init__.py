"""党员接单: the acts of the person who handles an order."""
