"""Reading orders: what one may see, lists, and how an order looks to its reader."""
