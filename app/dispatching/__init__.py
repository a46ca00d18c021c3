"""Dispatching: candidates for one order, the best matching of many, one action on many orders."""
