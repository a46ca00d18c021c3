"""Computes dates and the steps of their ladders from facts, a policy and a calendar. Pure."""
