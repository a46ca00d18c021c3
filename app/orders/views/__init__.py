"""How orders look to their readers: one order, lists, search, nearby, history."""
