"""Acts of the past, replayed on orders: for the import and the demo."""
