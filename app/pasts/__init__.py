"""Acts of the past, done again on orders: for the import and the demo."""
