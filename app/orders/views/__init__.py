"""Orders as their readers see them: one order, lists, search, nearby, history."""
