"""The verbs for many orders at once, a module for each noun."""
