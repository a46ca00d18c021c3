"""Taking an order, writing what was done to it, keeping its time, and telling people."""
