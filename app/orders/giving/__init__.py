"""Into whose hands an order goes, and out of them again."""
