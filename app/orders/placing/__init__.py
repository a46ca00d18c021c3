"""Placing an order: who places it, for whom, and which unit acts."""
