"""Figures, the zero list and bulletins about orders."""
