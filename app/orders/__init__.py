"""The three tickets: a resident places an order, the community dispatches it, a member claims it."""
