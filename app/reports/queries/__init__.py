"""Reading figures, tracked orders and bulletins."""
